package store

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
)

// KeySize is the length of Config.Key in bytes.
const KeySize = 32

// errUnseal means that a sealed value was made with another key, stands in
// another row than it was made for, or was altered.
var errUnseal = errors.New("sealed value does not open")

// sealer seals secrets with AES-256-GCM and a random nonce for each value. The
// place of a value (table, ProductKey, DeviceName) is authenticated with it, so
// that a sealed secret moved to another row does not open there.
type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) (sealer, error) {
	if len(key) != KeySize {
		return sealer{}, fmt.Errorf("sealing key has %d bytes, want %d", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, fmt.Errorf("use sealing key: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return sealer{}, fmt.Errorf("use sealing key: %w", err)
	}
	return sealer{aead}, nil
}

// place is the additional data of a value. None of the parts may contain a zero
// byte; the name rules of the platform see to that.
func place(table, productKey, deviceName string) []byte {
	p := make([]byte, 0, len(table)+len(productKey)+len(deviceName)+2)
	p = append(p, table...)
	p = append(p, 0)
	p = append(p, productKey...)
	p = append(p, 0)
	return append(p, deviceName...)
}

func (s sealer) seal(place []byte, secret string) []byte {
	sealed := make([]byte, 0, len(secret)+s.aead.Overhead())
	return s.aead.Seal(sealed, nil, []byte(secret), place)
}

// open appends the secret to dst.
func (s sealer) open(dst, place, sealed []byte) ([]byte, error) {
	secret, err := s.aead.Open(dst, nil, sealed, place)
	if err != nil {
		return dst, errUnseal
	}
	return secret, nil
}

// The check value tells a wrong key from damage: it is the one value whose text
// is known.
const (
	keyCheckName = "key-check"
	keyCheckText = "fleetmint"
)

func keyCheckPlace() []byte { return place("meta", "", keyCheckName) }

func (s sealer) keyCheck() []byte { return s.seal(keyCheckPlace(), keyCheckText) }

func (s sealer) opensKeyCheck(sealed []byte) bool {
	text, err := s.open(nil, keyCheckPlace(), sealed)
	return err == nil && string(text) == keyCheckText
}
