package identity

import (
	"crypto/hmac"
	"crypto/md5"  // HMAC-MD5 is the documented default of the protocol.
	"crypto/sha1" // HMAC-SHA1 is what the official SDKs for Node and Python use.
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
)

// SignMethod names the HMAC of a signature, spelled as on the wire.
type SignMethod string

// The sign methods. Alibaba Cloud also mentions "sha256" in places, without
// saying how it is made; it is not supported.
const (
	HMACMD5    SignMethod = "hmacmd5" // what a device means that names none
	HMACSHA1   SignMethod = "hmacsha1"
	HMACSHA256 SignMethod = "hmacsha256"
)

// SignMethods returns the supported methods, weakest first.
func SignMethods() []SignMethod {
	return []SignMethod{HMACMD5, HMACSHA1, HMACSHA256}
}

// ErrSignMethod is wrapped by every error about an unsupported sign method.
var ErrSignMethod = errors.New("sign method not supported")

// ParseSignMethod reads a sign method in any letter case. Nothing at all means
// HMACMD5, the default of the protocol. The error wraps ErrSignMethod.
func ParseSignMethod(s string) (SignMethod, error) {
	if s == "" {
		return HMACMD5, nil
	}
	for _, m := range [...]SignMethod{HMACMD5, HMACSHA1, HMACSHA256} {
		if strings.EqualFold(s, string(m)) {
			return m, nil
		}
	}
	return "", fmt.Errorf("%w: %q is none of hmacmd5, hmacsha1, hmacsha256", ErrSignMethod, clip(s))
}

// Sign returns the HMAC of content under key in lower-case hex, or "" when m
// is not one of the supported methods.
func Sign(m SignMethod, key, content string) string {
	var buf [sha256.Size]byte
	return hex.EncodeToString(sum(buf[:0], m, key, content))
}

// Verify reports whether sign, hex in any letter case, is the HMAC of content
// under key. It compares in constant time. An empty key verifies nothing:
// anybody could sign with it.
func Verify(m SignMethod, key, content, sign string) bool {
	var got, want [sha256.Size]byte
	if key == "" || sign == "" || len(sign) > hex.EncodedLen(len(got)) {
		return false
	}
	n, err := hex.Decode(got[:], []byte(sign))
	if err != nil {
		return false
	}
	return hmac.Equal(got[:n], sum(want[:0], m, key, content))
}

// sum appends the HMAC to dst, or nothing when the method is unknown.
func sum(dst []byte, m SignMethod, key, content string) []byte {
	var newHash func() hash.Hash
	switch m {
	case HMACMD5:
		newHash = md5.New
	case HMACSHA1:
		newHash = sha1.New
	case HMACSHA256:
		newHash = sha256.New
	default:
		return dst
	}
	mac := hmac.New(newHash, []byte(key))
	mac.Write([]byte(content)) // a hash never returns an error
	return mac.Sum(dst)
}

// Content returns what is signed for params: each name followed by its value,
// in alphabetical order of the names, with nothing in between.
func Content(params map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(params)) {
		b.WriteString(name)
		b.WriteString(params[name])
	}
	return b.String()
}

// SignedContent returns what a gateway signs for a sub-device when it adds its
// topology or logs it in: all members of the entry except sign, signMethod (in
// any letter case) and cleanSession. A clientId is taken whole here, its |…|
// tail included, unlike in a CONNECT. Members that are absent are left out.
func SignedContent(entry map[string]string) string {
	signed := make(map[string]string, len(entry))
	for name, value := range entry {
		if name != "sign" && name != "cleanSession" && !strings.EqualFold(name, "signMethod") {
			signed[name] = value
		}
	}
	return Content(signed)
}

// RegistrationContent returns what is signed with the ProductSecret for
// dynamic registration, over HTTPS as well as over MQTT.
func RegistrationContent(productKey, deviceName, random string) string {
	return "deviceName" + deviceName + "productKey" + productKey + "random" + random
}

// clip shortens foreign text for a message.
func clip(s string) string {
	const limit = 40
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "…"
}
