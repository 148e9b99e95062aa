package platform

import (
	"errors"
	"strings"
)

// Kinds of failure. Every *Error wraps exactly one; match with errors.Is.
var (
	ErrNotFound      = errors.New("not found")
	ErrAlreadyExists = errors.New("already exists")
	ErrInvalid       = errors.New("invalid")
	ErrConflict      = errors.New("conflicts with the current state")
	ErrUnsupported   = errors.New("not supported by this platform")
	ErrUnauthorized  = errors.New("not authorised")
	ErrThrottled     = errors.New("too many requests")
	ErrUnavailable   = errors.New("platform unavailable")
	ErrInternal      = errors.New("internal error")
)

// Fields that an *Error may name.
const (
	FieldProductKey  = "ProductKey"
	FieldProductName = "ProductName"
	FieldDescription = "Description"
	FieldNodeType    = "NodeType"
	FieldDeviceName  = "DeviceName"
	FieldNickname    = "Nickname"
	FieldCount       = "Count"
)

// Error is a refusal with what a person needs to act on it. It never holds a
// secret.
type Error struct {
	Op        string // what was being attempted, for example "register device"
	Kind      error  // one of the kinds above
	Code      string // the platform's own code, for example iot.prod.NotExistedProduct
	RequestID string // the platform's id of the request, for support
	Field     string // the input at fault, where one is
	Value     string // the offending value of Field, where showing it helps
	Message   string // the platform's or our own explanation, in English
	Err       error  // the cause below, where there is one
}

// Error puts operation, explanation, code and RequestId into one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	b.WriteString(": ")
	switch {
	case e.Message != "":
		b.WriteString(e.Message)
	case e.Err != nil:
		b.WriteString(e.Err.Error())
	case e.Kind != nil:
		b.WriteString(e.Kind.Error())
	}
	if e.Code != "" {
		b.WriteString(" (" + e.Code)
		if e.RequestID != "" {
			b.WriteString(", RequestId " + e.RequestID)
		}
		b.WriteString(")")
	}
	return b.String()
}

// Unwrap gives errors.Is and errors.As the kind and the cause.
func (e *Error) Unwrap() []error {
	errs := make([]error, 0, 2)
	if e.Kind != nil {
		errs = append(errs, e.Kind)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}
