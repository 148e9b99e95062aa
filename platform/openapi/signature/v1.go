package signature

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/url"
)

// Names of the V1 parameters.
const (
	paramSignature        = "Signature"
	paramSignatureMethod  = "SignatureMethod"
	paramSignatureVersion = "SignatureVersion"
	paramSignatureNonce   = "SignatureNonce"
	paramAccessKeyID      = "AccessKeyId"
	paramSecurityToken    = "SecurityToken"
	paramTimestamp        = "Timestamp"
	paramAction           = "Action"
	paramVersion          = "Version"

	methodV1  = "HMAC-SHA1"
	versionV1 = "1.0"
)

// SignV1 returns the value of the parameter Signature for a request whose
// parameters, of query and form together, are params; a Signature among them is
// left out. method is the HTTP verb. Only the AccessKeySecret of c is used: the
// other common parameters, AccessKeyId and SecurityToken among them, must be in
// params already.
func SignV1(method string, params url.Values, c Credentials) string {
	return signV1(stringToSignV1(method, params), c.AccessKeySecret)
}

func signV1(stringToSign, secret string) string {
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write([]byte(stringToSign))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func stringToSignV1(method string, params url.Values) string {
	return method + "&%2F&" + escape(canonical(params, paramSignature))
}

// VerifyV1 verifies the signature of a request with the HTTP verb method and
// the parameters of query and form together. lookup returns the secret of an
// AccessKeyId. The clock and the nonce are for the caller to check. Every error
// is an *Error.
func VerifyV1(method string, params url.Values, lookup func(accessKeyID string) (secret string, ok bool)) (Request, error) {
	for _, name := range [...]string{
		paramAction, paramVersion, paramAccessKeyID, paramSignatureMethod, paramSignatureVersion,
		paramSignatureNonce, paramTimestamp, paramSignature,
	} {
		if params.Get(name) == "" {
			return Request{}, Missing(name)
		}
	}
	if m := params.Get(paramSignatureMethod); m != methodV1 {
		return Request{}, incomplete("SignatureMethod %q is not supported, only %s.", m, methodV1)
	}
	if v := params.Get(paramSignatureVersion); v != versionV1 {
		return Request{}, incomplete("SignatureVersion %q is not supported, only %s.", v, versionV1)
	}
	date, err := parseTime(paramTimestamp, params.Get(paramTimestamp))
	if err != nil {
		return Request{}, err
	}
	secret, ok := lookup(params.Get(paramAccessKeyID))
	if !ok {
		return Request{}, unknownAccessKey()
	}
	stringToSign := stringToSignV1(method, params)
	if !hmac.Equal([]byte(signV1(stringToSign, secret)), []byte(params.Get(paramSignature))) {
		return Request{}, mismatch(stringToSign)
	}
	return Request{
		AccessKeyID: params.Get(paramAccessKeyID), Action: params.Get(paramAction), Version: params.Get(paramVersion),
		Date: date, Nonce: params.Get(paramSignatureNonce), SecurityToken: params.Get(paramSecurityToken),
	}, nil
}
