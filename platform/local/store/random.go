package store

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// generator makes identifiers and secrets in the cloud's shapes from the
// system's random source, a block at a time. It is not safe for concurrent use.
type generator struct{ source io.Reader }

func newGenerator() generator { return generator{rand.Reader} }

// newBulkGenerator asks the system for randomness in blocks.
func newBulkGenerator() generator { return generator{bufio.NewReaderSize(rand.Reader, 4096)} }

// bytes cannot fail: the program ends where the system has no randomness.
func (g generator) bytes(b []byte) {
	if _, err := io.ReadFull(g.source, b); err != nil {
		panic(fmt.Sprintf("read random source: %v", err))
	}
}

// text makes n letters and digits, each equally likely.
func (g generator) text(n int) string {
	out := make([]byte, 0, n)
	var block [32]byte
	for len(out) < n {
		raw := block[:min(len(block), n-len(out)+2)]
		g.bytes(raw)
		for _, b := range raw {
			if b < 4*byte(len(alphabet)) && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out)
}

func (g generator) productKey() string    { return "a1" + g.text(9) }
func (g generator) productSecret() string { return g.text(16) }
func (g generator) deviceName() string    { return g.text(20) }

func (g generator) deviceSecret() string {
	var raw [rawSecret]byte
	g.bytes(raw[:])
	return hex.EncodeToString(raw[:])
}

// An IotId is opaque to everybody else. Ours is 25 letters and digits, the last
// of them the device's sequence number in hex, and the number of the product in
// 6 hex digits: so a device is found by its IotId without an index of random
// keys, which would cost more than the rest of a row when many are registered.
const (
	iotIDRandom  = 17
	iotIDSeq     = 8
	iotIDProduct = 6
)

func (g generator) iotID(product int64, seq uint32) string {
	id := make([]byte, 0, iotIDRandom+iotIDSeq+iotIDProduct)
	id = append(id, g.text(iotIDRandom)...)
	id = appendHex(id, uint64(seq), iotIDSeq)
	return string(appendHex(id, uint64(product), iotIDProduct))
}

func appendHex(b []byte, n uint64, width int) []byte {
	text := strconv.FormatUint(n, 16)
	if pad := width - len(text); pad > 0 {
		b = append(b, strings.Repeat("0", pad)...)
	}
	return append(b, text...)
}

// parseIotID tells where to look; the row found must still have the same id.
func parseIotID(id string) (product int64, seq uint32, ok bool) {
	if len(id) < iotIDRandom+iotIDSeq+iotIDProduct || len(id) > 40 {
		return 0, 0, false
	}
	s, err := strconv.ParseUint(id[iotIDRandom:iotIDRandom+iotIDSeq], 16, 32)
	if err != nil {
		return 0, 0, false
	}
	p, err := strconv.ParseUint(id[iotIDRandom+iotIDSeq:], 16, 62)
	return int64(p), uint32(s), err == nil
}

// applicationID is positive and survives JavaScript's numbers.
func (g generator) applicationID() int64 {
	var raw [8]byte
	for {
		g.bytes(raw[:])
		var n uint64
		for _, b := range raw {
			n = n<<8 | uint64(b)
		}
		if id := int64(n >> 11); id > 0 { // 53 bits
			return id
		}
	}
}
