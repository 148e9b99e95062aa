package api

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"fleetmint/platform/openapi/signature"
)

// maxNonces is how many requests are remembered, in some 15 MB.
const maxNonces = 1 << 18

// authenticate verifies signature, SecurityToken, time and nonce, in an order
// that tells nothing to a client that does not know the secret.
func (a *API) authenticate(r *http.Request, body []byte, params parameters) (signature.Request, error) {
	var signed signature.Request
	var err error
	if signature.IsV3(r) {
		signed, err = signature.VerifyV3(r, body, a.lookup)
	} else {
		values := make(url.Values, len(params))
		for name, value := range params {
			values[name] = []string{value}
		}
		signed, err = signature.VerifyV1(r.Method, values, a.lookup)
	}
	if err != nil {
		return signature.Request{}, err
	}
	if err := a.checkToken(signed.SecurityToken); err != nil {
		return signature.Request{}, err
	}
	now := a.now()
	if err := signature.CheckTime(signed.Date, now); err != nil {
		return signature.Request{}, err
	}
	if err := a.nonces.use(signed, now); err != nil {
		return signature.Request{}, err
	}
	return signed, nil
}

func (a *API) lookup(accessKeyID string) (string, bool) {
	known := subtle.ConstantTimeCompare([]byte(accessKeyID), []byte(a.credentials.AccessKeyID)) == 1
	return a.credentials.AccessKeySecret, known
}

func (a *API) checkToken(token string) error {
	want := a.credentials.SecurityToken
	switch {
	case subtle.ConstantTimeCompare([]byte(token), []byte(want)) == 1:
		return nil
	case token == "":
		return &signature.Error{Code: "MissingSecurityToken", HTTPStatus: http.StatusBadRequest, Message: "SecurityToken is mandatory for this AccessKey."}
	case want == "":
		return &signature.Error{Code: "InvalidSecurityToken.Malformed", HTTPStatus: http.StatusBadRequest, Message: "The AccessKey is not a temporary one: leave the SecurityToken out."}
	default:
		return &signature.Error{Code: "InvalidSecurityToken.Malformed", HTTPStatus: http.StatusBadRequest, Message: "The SecurityToken does not belong to the AccessKey."}
	}
}

// nonces remembers the requests of the last minutes, so that none is accepted
// twice. It is safe for concurrent use.
//
// They are kept by the second they were signed at. Where there are too many,
// the oldest second is forgotten and requests signed up to it are refused as
// expired: a client whose clock is right does not notice, and a replay never
// passes.
type nonces struct {
	max int

	mu       sync.Mutex
	used     map[nonceKey]struct{}
	bySecond map[int64][]nonceKey
	floor    int64 // requests signed at this second or before are refused
	swept    int64 // second of the last sweep
}

// nonceKey is a digest of AccessKeyID and nonce: nonces are of any length.
type nonceKey [16]byte

func newNonces(most int) *nonces {
	return &nonces{max: most, used: map[nonceKey]struct{}{}, bySecond: map[int64][]nonceKey{}}
}

// use marks the nonce of a request as used, SignatureNonceUsed when it was.
func (n *nonces) use(signed signature.Request, now time.Time) error {
	sum := sha256.Sum256([]byte(signed.AccessKeyID + "\x00" + signed.Nonce))
	key := nonceKey(sum[:])
	second := signed.Date.Unix()

	n.mu.Lock()
	defer n.mu.Unlock()
	n.sweep(now)
	if second <= n.floor {
		return &signature.Error{
			Code: signature.CodeTimeExpired, HTTPStatus: http.StatusBadRequest,
			Message: "So many requests were signed after this one that it cannot be told from a repetition. Check the clock.",
		}
	}
	if _, found := n.used[key]; found {
		return &signature.Error{Code: signature.CodeNonceUsed, HTTPStatus: http.StatusBadRequest, Message: "The signature nonce was used already."}
	}
	n.used[key] = struct{}{}
	n.bySecond[second] = append(n.bySecond[second], key)
	for len(n.used) > n.max {
		oldest := slices.Min(slices.Collect(maps.Keys(n.bySecond)))
		n.forget(oldest)
		n.floor = max(n.floor, oldest)
	}
	return nil
}

// sweep forgets the seconds whose requests are too old to be accepted anyway.
func (n *nonces) sweep(now time.Time) {
	if now.Unix() == n.swept {
		return
	}
	n.swept = now.Unix()
	oldest := now.Add(-signature.Window).Unix()
	for second := range n.bySecond {
		if second < oldest {
			n.forget(second)
		}
	}
}

func (n *nonces) forget(second int64) {
	for _, key := range n.bySecond[second] {
		delete(n.used, key)
	}
	delete(n.bySecond, second)
}

// newRequestID makes an upper-case UUID, version 4.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
