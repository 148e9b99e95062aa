package profile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"fleetmint/platform/openapi/signature"
)

// ErrNoCredentials means that there is no AccessKey pair for a platform.
var ErrNoCredentials = errors.New("no AccessKey pair")

// Vault keeps the credentials of profiles in a keyring. Where that does not
// work it keeps them in memory for this run, and Status says so; nothing is
// ever written to a plain file.
type Vault struct {
	ring   Keyring
	memory MemoryKeyring

	mu      sync.Mutex
	failure error // of the last call of the keyring
}

// NewVault returns a vault over a keyring, normally OSKeyring().
func NewVault(ring Keyring) *Vault { return &Vault{ring: ring} }

// Credentials returns the credentials of a profile. ErrNoCredentials where
// there are none; it wraps ErrNoKeyring where that may be the reason.
func (v *Vault) Credentials(ctx context.Context, profileID string) (signature.Credentials, error) {
	key := credentialsKey(profileID)
	text, err := v.memory.Get(key) // newer than what a failing keyring holds
	if err != nil {
		text, err = get(ctx, v.ring, key)
		v.note(err)
	}
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrNoKeyring) {
		err = fmt.Errorf("%w: %w", ErrNoCredentials, err)
	}
	if err != nil {
		return signature.Credentials{}, err
	}
	return decodeCredentials(text)
}

// Save stores the credentials of a profile. It succeeds without a working
// keyring as well: Persistent tells the difference. The only error is the
// context's.
func (v *Vault) Save(ctx context.Context, profileID string, c signature.Credentials) error {
	key, text := credentialsKey(profileID), encodeCredentials(c)
	err := set(ctx, v.ring, key, text)
	v.note(err)
	if errors.Is(err, ErrNoKeyring) {
		return v.memory.Set(key, text)
	}
	if err != nil {
		return err
	}
	_ = v.memory.Delete(key) // an older value, where there is one
	return nil
}

// Forget removes the credentials of a profile. To forget what is not there is
// no error. Where the keyring does not work, what it may hold stays there and
// the error is ErrNoKeyring.
func (v *Vault) Forget(ctx context.Context, profileID string) error {
	key := credentialsKey(profileID)
	_ = v.memory.Delete(key) // fails only where there is none
	err := remove(ctx, v.ring, key)
	v.note(err)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Probe tries the keyring with an entry of its own, so that Status knows
// before the first secret is entrusted.
func (v *Vault) Probe(ctx context.Context) error {
	err := Probe(ctx, v.ring)
	v.note(err)
	return err
}

// Persistent reports whether credentials outlive this run.
func (v *Vault) Persistent() bool {
	ok, _ := v.Status()
	return ok
}

// Status reports whether credentials outlive this run, as far as the calls so
// far have shown, and where they do not, the reason in English.
func (v *Vault) Status() (ok bool, reason string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.failure != nil:
		return false, v.failure.Error()
	case v.memory.len() > 0:
		return false, "the system keyring did not work when credentials were saved; they are kept for this run only"
	default:
		return true, ""
	}
}

// note remembers whether the keyring worked. A call given up by its caller says
// nothing about that.
func (v *Vault) note(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case err == nil || errors.Is(err, ErrNotFound):
		v.failure = nil
	case errors.Is(err, ErrNoKeyring):
		v.failure = err
	}
}

func credentialsKey(profileID string) string { return "credentials:" + profileID }

// storedCredentials is the text of credentials in a keyring.
type storedCredentials struct {
	AccessKeyID     string `json:"accessKeyId"`
	AccessKeySecret string `json:"accessKeySecret"`
	SecurityToken   string `json:"securityToken,omitempty"`
}

func encodeCredentials(c signature.Credentials) string {
	text, err := json.Marshal(storedCredentials(c))
	if err != nil {
		panic(err) // three strings always encode
	}
	return string(text)
}

// decodeCredentials never repeats the text in its error.
func decodeCredentials(text string) (signature.Credentials, error) {
	var c storedCredentials
	if err := json.Unmarshal([]byte(text), &c); err != nil || c.AccessKeyID == "" || c.AccessKeySecret == "" {
		return signature.Credentials{}, fmt.Errorf("%w: the keyring's entry is damaged; enter the pair again", ErrNoCredentials)
	}
	return signature.Credentials(c), nil
}
