package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Names of the V3 headers, as they are signed.
const (
	headerHost          = "host"
	headerContentType   = "content-type"
	headerPrefix        = "x-acs-"
	headerAction        = "x-acs-action"
	headerVersion       = "x-acs-version"
	headerDate          = "x-acs-date"
	headerNonce         = "x-acs-signature-nonce"
	headerContentHash   = "x-acs-content-sha256"
	headerProvider      = "x-acs-credentials-provider"
	headerAccessKeyID   = "x-acs-accesskey-id"
	headerSecurityToken = "x-acs-security-token"

	headerAuthorization = "Authorization"
	algorithmV3         = "ACS3-HMAC-SHA256"
	// maxSignedHeaders is far above the ten or so that SDKs sign.
	maxSignedHeaders = 64
)

// IsV3 reports whether a request is signed by V3. The other headers do not
// tell: V1 clients send x-acs-action too.
func IsV3(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get(headerAuthorization), "ACS3-")
}

// SignV3 signs a request to the path / by V3: it sets the x-acs- headers and
// Authorization. Method, URL, Host and Content-Type must be final; any other
// x-acs- header that the request has is signed as well. body is what will be
// sent, nil for none. nonce must be unique for 15 minutes.
func SignV3(req *http.Request, body []byte, action, version string, c Credentials, now time.Time, nonce string) {
	hash := sha256.Sum256(body)
	for name, value := range map[string]string{
		headerAction:      action,
		headerVersion:     version,
		headerDate:        now.UTC().Format(timeLayout),
		headerNonce:       nonce,
		headerContentHash: hex.EncodeToString(hash[:]),
	} {
		req.Header.Set(name, value)
	}
	if c.SecurityToken != "" {
		req.Header.Set(headerAccessKeyID, c.AccessKeyID)
		req.Header.Set(headerSecurityToken, c.SecurityToken)
	}
	signed := []string{headerHost}
	for name := range req.Header {
		if lower := strings.ToLower(name); mustSign(lower) || lower == headerContentType {
			signed = append(signed, lower)
		}
	}
	slices.Sort(signed)
	// A query that cannot be parsed is signed as if it were empty; the server
	// refuses it.
	query, _ := ParseParameters(req.URL.RawQuery)
	sum := signV3(stringToSignV3(req, query, signed), c.AccessKeySecret)
	req.Header.Set(headerAuthorization, algorithmV3+
		" Credential="+c.AccessKeyID+",SignedHeaders="+strings.Join(signed, ";")+",Signature="+hex.EncodeToString(sum))
}

func mustSign(header string) bool { return strings.HasPrefix(header, headerPrefix) }

func signV3(stringToSign, secret string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stringToSign))
	return mac.Sum(nil)
}

func stringToSignV3(req *http.Request, query url.Values, signed []string) string {
	hash := sha256.Sum256([]byte(canonicalRequest(req, query, signed)))
	return algorithmV3 + "\n" + hex.EncodeToString(hash[:])
}

func canonicalRequest(req *http.Request, query url.Values, signed []string) string {
	method := req.Method
	if method == "" { // as net/http sends it
		method = http.MethodGet
	}
	var b strings.Builder
	b.WriteString(method + "\n/\n" + canonical(query, "") + "\n")
	for _, name := range signed {
		b.WriteString(name + ":" + headerValue(req, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(signed, ";") + "\n" + headerValue(req, headerContentHash))
	return b.String()
}

// headerValue returns a header trimmed. net/http keeps Host apart.
func headerValue(req *http.Request, name string) string {
	if name != headerHost {
		values := req.Header.Values(name)
		if len(values) == 1 {
			return strings.TrimSpace(values[0])
		}
		trimmed := make([]string, len(values))
		for i, v := range values {
			trimmed[i] = strings.TrimSpace(v)
		}
		return strings.Join(trimmed, ",")
	}
	if req.Host == "" && req.URL != nil {
		return req.URL.Host
	}
	return req.Host
}

// VerifyV3 verifies the signature of a request and that body is what was
// signed. lookup returns the secret of an AccessKeyId. The clock and the nonce
// are for the caller to check. Every error is an *Error.
func VerifyV3(req *http.Request, body []byte, lookup func(accessKeyID string) (secret string, ok bool)) (Request, error) {
	auth, err := parseAuthorization(req.Header.Get(headerAuthorization))
	if err != nil {
		return Request{}, err
	}
	for _, header := range [...]struct{ name, parameter string }{
		{headerAction, paramAction},
		{headerVersion, paramVersion},
		{headerDate, paramTimestamp},
		{headerNonce, paramSignatureNonce},
	} {
		if headerValue(req, header.name) == "" {
			return Request{}, Missing(header.parameter)
		}
	}
	if err := auth.covers(req); err != nil {
		return Request{}, err
	}
	query, err := ParseParameters(req.URL.RawQuery)
	if err != nil {
		return Request{}, incomplete("The query of the request is malformed.")
	}
	date, err := parseTime(headerDate, headerValue(req, headerDate))
	if err != nil {
		return Request{}, err
	}
	secret, ok := lookup(auth.accessKeyID)
	if !ok {
		return Request{}, unknownAccessKey()
	}
	stringToSign := stringToSignV3(req, query, auth.signedHeaders)
	if !hmac.Equal(signV3(stringToSign, secret), auth.signature) {
		return Request{}, mismatch(stringToSign)
	}
	hash := sha256.Sum256(body)
	if headerValue(req, headerContentHash) != hex.EncodeToString(hash[:]) {
		return Request{}, &Error{
			Code: CodeDoesNotMatch, HTTPStatus: http.StatusBadRequest,
			Message: "x-acs-content-sha256 is not the SHA-256 of the body: the body was changed after it was signed.",
		}
	}
	return Request{
		AccessKeyID: auth.accessKeyID, Action: headerValue(req, headerAction), Version: headerValue(req, headerVersion),
		Date: date, Nonce: headerValue(req, headerNonce), SecurityToken: headerValue(req, headerSecurityToken),
	}, nil
}

// authorization is the header of that name in the V3 form.
type authorization struct {
	accessKeyID   string
	signedHeaders []string // lower case, in the order sent
	signature     []byte
}

// parseAuthorization reads
// "ACS3-HMAC-SHA256 Credential=…,SignedHeaders=a;b,Signature=hex".
func parseAuthorization(text string) (authorization, error) {
	algorithm, rest, _ := strings.Cut(text, " ")
	if algorithm != algorithmV3 {
		return authorization{}, incomplete("The algorithm of the Authorization header is not supported, only %s.", algorithmV3)
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := fields[name]; !ok || twice || len(fields) == 3 {
			return authorization{}, incomplete("The Authorization header is malformed.")
		}
		fields[name] = value
	}
	for _, name := range [...]string{"Credential", "SignedHeaders", "Signature"} {
		if fields[name] == "" {
			return authorization{}, incomplete("The Authorization header lacks %s.", name)
		}
	}
	auth := authorization{accessKeyID: fields["Credential"]}
	for name := range strings.SplitSeq(fields["SignedHeaders"], ";") {
		lower := strings.ToLower(name)
		if len(auth.signedHeaders) == maxSignedHeaders || slices.Contains(auth.signedHeaders, lower) {
			return authorization{}, incomplete("SignedHeaders of the Authorization header is malformed.")
		}
		auth.signedHeaders = append(auth.signedHeaders, lower)
	}
	var err error
	if auth.signature, err = hex.DecodeString(fields["Signature"]); err != nil || len(auth.signature) != sha256.Size {
		return authorization{}, incomplete("Signature of the Authorization header is not %d hex digits.", 2*sha256.Size)
	}
	return auth, nil
}

// covers refuses a signature that leaves out a header that means something: it
// could be changed on the way. x-acs-credentials-provider means nothing to the
// server.
func (a authorization) covers(req *http.Request) error {
	needed := []string{headerHost, headerContentHash}
	for name := range req.Header {
		if lower := strings.ToLower(name); mustSign(lower) && lower != headerProvider {
			needed = append(needed, lower)
		}
	}
	slices.Sort(needed)
	for _, name := range needed {
		if !slices.Contains(a.signedHeaders, name) {
			return incomplete("The header %s is not signed.", name)
		}
	}
	if id := headerValue(req, headerAccessKeyID); id != "" && id != a.accessKeyID {
		return incomplete("%s is not the Credential of the Authorization header.", headerAccessKeyID)
	}
	return nil
}
