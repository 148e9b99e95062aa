// Package signature signs and verifies requests of the RPC style OpenAPI of
// Alibaba Cloud in both forms in use: V3 (ACS3-HMAC-SHA256, headers, what the
// current SDKs send) and V1 (HMAC-SHA1, parameters, what older SDKs and
// hand-made calls send). The client signs with it and the local platform
// verifies with it.
//
// The package holds pure functions: it starts no goroutines, keeps no state,
// and everything may be called concurrently. Whether a nonce was used before is
// for the caller to know.
package signature

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Window is how far the time of a request may be from the server's clock,
// either way.
const Window = 15 * time.Minute

// timeLayout is the form of x-acs-date and Timestamp.
const timeLayout = "2006-01-02T15:04:05Z"

// Credentials are an AccessKey pair, with the SecurityToken where it is a
// temporary one. Printing or logging them shows the AccessKeyID alone.
type Credentials struct {
	AccessKeyID     string
	AccessKeySecret string
	SecurityToken   string
}

// String gives the AccessKeyID and no secret.
func (c Credentials) String() string { return "AccessKey " + c.AccessKeyID }

// GoString keeps the secrets out of %#v too.
func (c Credentials) GoString() string {
	return fmt.Sprintf("signature.Credentials{AccessKeyID: %q, …}", c.AccessKeyID)
}

// LogValue keeps the secrets out of logs.
func (c Credentials) LogValue() slog.Value {
	return slog.GroupValue(slog.String("AccessKeyID", c.AccessKeyID))
}

// Request is what a verified signature says of its request.
type Request struct {
	AccessKeyID   string
	Action        string
	Version       string
	Date          time.Time // when it was signed, to the second; see CheckTime
	Nonce         string
	SecurityToken string // empty with a lasting AccessKey
}

// Codes of the errors of this package, as the gateway of Alibaba Cloud spells
// them. A parameter that lacks has the code Missing and its name, see Missing.
const (
	CodeDoesNotMatch     = "SignatureDoesNotMatch"
	CodeIncomplete       = "IncompleteSignature"
	CodeUnknownAccessKey = "InvalidAccessKeyId.NotFound"
	CodeTimeFormat       = "InvalidTimeStamp.Format"
	CodeTimeExpired      = "InvalidTimeStamp.Expired"
	CodeNonceUsed        = "SignatureNonceUsed"
	CodeMissingAction    = "MissingAction"
	CodeMissingVersion   = "MissingVersion"
)

// Error is a refusal by the gateway. It never holds a secret or the signature
// that was expected.
type Error struct {
	Code       string // as the gateway spells it, for example SignatureDoesNotMatch
	HTTPStatus int
	Message    string
	// StringToSign is what the server signed, with SignatureDoesNotMatch. It
	// repeats the parameters of a V1 request, so it is for the sender of the
	// request only; Error leaves it out.
	StringToSign string
}

// Error gives code and message, fit for a log.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Reply is the Message for the sender of the request. SDKs compare what follows
// "server string to sign is:" with their own string: where both are the same,
// the AccessKeySecret is wrong.
func (e *Error) Reply() string {
	if e.StringToSign == "" {
		return e.Message
	}
	return e.Message + " server string to sign is:" + e.StringToSign
}

// Missing is the refusal of a request that lacks a mandatory parameter.
func Missing(parameter string) *Error {
	return &Error{Code: "Missing" + parameter, HTTPStatus: http.StatusBadRequest, Message: parameter + " is mandatory for this action."}
}

// CheckTime refuses a request that was signed more than Window before or after
// now, with InvalidTimeStamp.Expired.
func CheckTime(signed, now time.Time) error {
	if age := now.Sub(signed); age > Window || age < -Window {
		return &Error{
			Code: CodeTimeExpired, HTTPStatus: http.StatusBadRequest,
			Message: fmt.Sprintf("The request was signed at %s, more than %d minutes from the server's time %s. Check the clock.",
				signed.UTC().Format(timeLayout), int(Window.Minutes()), now.UTC().Format(timeLayout)),
		}
	}
	return nil
}

func parseTime(name, text string) (time.Time, error) {
	t, err := time.Parse(timeLayout, text)
	// Parse also takes fractions of a second, which the gateway does not.
	if err != nil || len(text) != len(timeLayout) {
		return time.Time{}, &Error{
			Code: CodeTimeFormat, HTTPStatus: http.StatusBadRequest,
			Message: fmt.Sprintf("%s is not of the form YYYY-MM-DDThh:mm:ssZ in UTC.", name),
		}
	}
	return t, nil
}

func incomplete(format string, args ...any) *Error {
	return &Error{Code: CodeIncomplete, HTTPStatus: http.StatusBadRequest, Message: fmt.Sprintf(format, args...)}
}

func mismatch(stringToSign string) *Error {
	return &Error{
		Code: CodeDoesNotMatch, HTTPStatus: http.StatusBadRequest, StringToSign: stringToSign,
		Message: "The signature of the request does not match the one the server calculated. Check the AccessKeySecret and the signing method.",
	}
}

func unknownAccessKey() *Error {
	return &Error{Code: CodeUnknownAccessKey, HTTPStatus: http.StatusNotFound, Message: "The AccessKeyId is not known here."}
}

// canonical joins the parameters as both forms sign them: sorted bytewise,
// every name with an equals sign.
func canonical(params url.Values, skip string) string {
	names := make([]string, 0, len(params))
	for name := range params {
		if name != skip {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		for _, value := range params[name] {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(escape(name))
			b.WriteByte('=')
			b.WriteString(escape(value))
		}
	}
	return b.String()
}

// escape leaves A-Z a-z 0-9 - _ . ~ and writes everything else as %XX.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// ParseParameters reads a query or a form. Unlike url.ParseQuery it has no limit
// of 10,000 parameters, which a batch of names and nicknames exceeds; a caller
// that reads foreign data must bound its length. A semicolon is an ordinary
// character.
func ParseParameters(text string) (url.Values, error) {
	params := url.Values{}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if err := errors.Join(nameErr, valueErr); err != nil {
			return nil, fmt.Errorf("parse parameters: %w", err)
		}
		params[name] = append(params[name], value)
	}
	return params, nil
}
