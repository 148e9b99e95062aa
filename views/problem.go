package views

import (
	"context"
	"errors"
	"strings"

	"fleetmint/platform"
	"fleetmint/platform/factory"
	"fleetmint/views/kit"
)

// problem is an error in words for people: what failed, the platform's own code
// for support, and what to do about it.
type problem struct {
	what, code, advice string
}

// explain puts any error into words. Texts by code win over texts by kind; an
// error nobody foresaw shows its own English line rather than nothing.
func explain(err error) problem {
	var refused *platform.Error
	if !errors.As(err, &refused) {
		return problem{what: generalText(err)}
	}
	p := problem{what: whatFailed(refused), advice: advice(refused)}
	if refused.Code != "" {
		p.code = text("problem.code", values{"Code": refused.Code})
		if refused.RequestID != "" {
			p.code = text("problem.code-and-request", values{"Code": refused.Code, "RequestID": refused.RequestID})
		}
	}
	return p
}

// state is the problem as it stands in place of what could not be shown.
func (p problem) state() kit.Problem {
	return kit.Problem{What: p.what, Code: p.code, Advice: p.advice}
}

// line is the problem as one paragraph.
func (p problem) line() string {
	parts := []string{p.what}
	for _, s := range []string{p.code, p.advice} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

func generalText(err error) string {
	switch {
	case errors.Is(err, context.Canceled):
		return text("problem.cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		return text("problem.timeout")
	case errors.Is(err, factory.ErrExists):
		return text("problem.export-exists", values{"Error": err.Error()})
	case errors.Is(err, factory.ErrMissing), errors.Is(err, factory.ErrChanged), errors.Is(err, factory.ErrCertificate):
		return text("problem.export-devices", values{"Error": err.Error()})
	case errors.Is(err, factory.ErrEmpty):
		return text("problem.export-empty")
	case errors.Is(err, factory.ErrDiskFull):
		return text("problem.disk-full")
	case errors.Is(err, factory.ErrFolder):
		return text("problem.folder", values{"Error": err.Error()})
	default:
		return text("problem.other", values{"Error": err.Error()})
	}
}

// whatFailed names the rule or the object at fault.
func whatFailed(e *platform.Error) string {
	v := values{"Value": e.Value, "Message": e.Message}
	switch e.Kind {
	case platform.ErrInvalid:
		switch e.Field {
		case platform.FieldDeviceName:
			return text("problem.invalid-device-name", v)
		case platform.FieldProductName:
			return text("problem.invalid-product-name", v)
		}
		return text("problem.invalid", v)
	case platform.ErrAlreadyExists:
		if e.Field == platform.FieldProductName {
			return text("problem.product-name-taken", v)
		}
		return text("problem.device-name-taken", v)
	case platform.ErrNotFound:
		return text("problem.not-found", v)
	case platform.ErrConflict:
		return text("problem.conflict", v)
	case platform.ErrUnsupported:
		return text("problem.unsupported", v)
	case platform.ErrUnauthorized:
		return text("problem.unauthorized", v)
	case platform.ErrThrottled:
		return text("problem.throttled", v)
	case platform.ErrUnavailable:
		return text("problem.unavailable", v)
	default:
		return text("problem.other", values{"Error": e.Error()})
	}
}

func advice(e *platform.Error) string {
	switch e.Kind {
	case platform.ErrNotFound:
		return text("advice.not-found")
	case platform.ErrAlreadyExists:
		return text("advice.choose-another-name")
	case platform.ErrUnauthorized:
		return text("advice.check-credentials")
	case platform.ErrThrottled:
		return text("advice.wait")
	case platform.ErrUnavailable:
		return text("advice.check-connection")
	default:
		return ""
	}
}
