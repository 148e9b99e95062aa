package openapi

import (
	"context"
	nonce "crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/go-resty/resty/v2"

	"fleetmint/platform"
	"fleetmint/platform/openapi/signature"
	"fleetmint/platform/openapi/wire"
)

const headerAction = "X-Acs-Action"

// maxTries is how often one call is sent at most.
const maxTries = 3

// request is one call of an action.
type request struct {
	op     string // what is being attempted, for errors
	action string
	params url.Values
	form   url.Values // parameters that would make the address too long
	// repeatable: sending it twice does no more than sending it once, so it may
	// be repeated although the first one may have been carried out. Others are
	// repeated only when the platform refused them before looking at them.
	repeatable bool
}

// answer is any response of package wire.
type answer interface{ Head() *wire.Base }

// call sends a request, repeating it where that is safe, and reads the answer
// into out. After a refusal out holds what the refusal said.
func (c *Client) call(ctx context.Context, r request, out answer) error {
	if c.cfg.IotInstanceID != "" {
		r.params.Set("IotInstanceId", c.cfg.IotInstanceID)
	}
	for try := 1; ; try++ {
		again, err := c.send(ctx, r, out)
		if err == nil || !again || try == maxTries {
			return err
		}
		if err := c.pause(ctx, backoff(try)); err != nil {
			return fmt.Errorf("%s: %w", r.op, err)
		}
	}
}

// send makes one attempt. again tells whether another may help and does no
// harm.
func (c *Client) send(ctx context.Context, r request, out answer) (again bool, err error) {
	req := c.resty.R().SetContext(ctx).SetHeader(headerAction, r.action).SetQueryParamsFromValues(r.params)
	if len(r.form) > 0 {
		req.SetFormDataFromValues(r.form)
	}
	resp, err := req.Post("/")
	if err != nil {
		if ctx.Err() != nil {
			return false, fmt.Errorf("%s: %w", r.op, ctx.Err())
		}
		return r.repeatable && transient(err), c.unreachable(r.op, err)
	}
	status := resp.StatusCode()
	if status >= http.StatusBadRequest {
		refusal := c.gatewayError(r, status, resp.Header().Get("Content-Type"), resp.Body())
		again = errors.Is(refusal, platform.ErrThrottled) || r.repeatable && status >= http.StatusInternalServerError
		return again, refusal
	}
	if err := json.Unmarshal(resp.Body(), out); err != nil || status != http.StatusOK {
		return false, c.foreignAnswer(r.op, status, resp.Header().Get("Content-Type"))
	}
	head := out.Head()
	switch {
	case head.Success:
		return false, nil
	case head.Code == "" && head.RequestID == "":
		return false, c.foreignAnswer(r.op, status, resp.Header().Get("Content-Type"))
	}
	refusal := c.refusal(r, head.Code, head.RequestID, head.ErrorMessage, platform.ErrInternal)
	return errors.Is(refusal, platform.ErrThrottled), refusal
}

// sign signs the request as it will be sent. resty calls it for every attempt,
// so that each has a nonce of its own.
func (c *Client) sign(_ *resty.Client, req *http.Request) error {
	var body []byte
	if req.GetBody != nil {
		reader, err := req.GetBody()
		if err != nil {
			return fmt.Errorf("sign request: %w", err)
		}
		defer reader.Close() //nolint:errcheck // a reader of memory
		if body, err = io.ReadAll(reader); err != nil {
			return fmt.Errorf("sign request: %w", err)
		}
	}
	signature.SignV3(req, body, req.Header.Get(headerAction), wire.Version, c.cfg.Credentials, c.cfg.Clock(), nonce.Text())
	return nil
}

// transient reports whether a failed exchange may succeed the next time.
func transient(err error) bool {
	var certificate *tls.CertificateVerificationError
	return !errors.As(err, &certificate) && !errors.Is(err, resty.ErrResponseBodyTooLarge)
}

// unreachable describes an exchange that brought no whole answer. The errors
// of net/http quote the address with its parameters, so that only the cause
// below is kept.
func (c *Client) unreachable(op string, err error) error {
	var exchange *url.Error
	for errors.As(err, &exchange) {
		err = exchange.Err
	}
	refused := &platform.Error{Op: op, Kind: platform.ErrUnavailable}
	var network net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout():
		// The cause is left out: it would pass for the end of the caller's
		// context.
		refused.Message = fmt.Sprintf("%s did not answer in time", c.host)
	case errors.Is(err, resty.ErrResponseBodyTooLarge):
		refused.Message = fmt.Sprintf("the answer of %s is larger than %d bytes", c.host, c.cfg.MaxResponseBytes)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		refused.Message, refused.Err = fmt.Sprintf("%s closed the connection in the middle of the exchange", c.host), err
	default:
		refused.Message, refused.Err = fmt.Sprintf("no connection to %s: %v", c.host, err), err
	}
	return refused
}

// foreignAnswer describes an answer that does not come from an IoT OpenAPI,
// such as the page of a proxy. Its text is not shown: it could hold anything.
func (c *Client) foreignAnswer(op string, status int, contentType string) error {
	if contentType == "" {
		contentType = "no content type"
	}
	return &platform.Error{
		Op: op, Kind: platform.ErrUnavailable,
		Message: fmt.Sprintf("%s does not answer like an IoT OpenAPI (HTTP status %d, %.60s)", c.host, status, contentType),
	}
}

// pause waits for d or the end of the context, whose error it returns.
type pause func(ctx context.Context, d time.Duration) error

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// backoff is the wait after the given try: half a second, then one, each give
// or take a half, so that clients that failed together do not return together.
func backoff(try int) time.Duration {
	const first = 500 * time.Millisecond
	base := first << (try - 1)
	return base/2 + rand.N(base)
}
