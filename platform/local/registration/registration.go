// Package registration is the HTTPS face for dynamic registration: a device
// that holds only the certificate of its product asks for its DeviceSecret,
// with POST /auth/register/device as Alibaba Cloud documents it.
//
// Official device SDKs decide the shape of the answers. They read the outcome
// from the member code, which is the first one, and hang or misread anything
// that does not come with HTTP status 200, a Content-Length and a compact body
// of at most 256 bytes.
//
// The handler starts no goroutines and is safe for concurrent use as far as its
// Store is. Limits on time and connections belong to the server that runs it.
package registration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"fleetmint/platform"
	"fleetmint/platform/identity"
)

// Path is where devices register.
const Path = "/auth/register/device"

// Limits on what a device may send, in bytes.
const (
	maxBody       = 8 << 10
	maxProductKey = 64
)

// Store is what the face needs of the local platform's store. All methods are
// called concurrently.
type Store interface {
	// ProductVerification returns the product's ProductSecret and switch, false
	// when there is no such product. It reads memory.
	ProductVerification(productKey string) (identity.ProductVerification, bool)
	// Verification returns the device's DeviceSecret and state, false when there
	// is no such device. It reads memory.
	Verification(productKey, deviceName string) (identity.DeviceVerification, bool)
	// ReissueSecret gives a device that is not yet active a new DeviceSecret,
	// which is durable before it returns. platform.ErrConflict means that the
	// device has become active, platform.ErrNotFound that it is gone.
	ReissueSecret(ctx context.Context, ref platform.DeviceRef) (platform.Device, error)
	// Record notes what happened. It does not block.
	Record(activity platform.Activity)
}

// Config is what New needs.
type Config struct {
	Store Store
	Log   *slog.Logger     // nil: nothing is logged
	Now   func() time.Time // nil: time.Now
}

// New returns the handler. It panics without a Store, a mistake of the program.
func New(cfg Config) http.Handler {
	if cfg.Store == nil {
		panic("registration: Config.Store is nil")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &handler{store: cfg.Store, log: cfg.Log, now: cfg.Now}
}

type handler struct {
	store Store
	log   *slog.Logger
	now   func() time.Time
}

// The codes of the protocol.
const (
	codeSuccess          = 200
	codeParameter        = 460
	codeSystem           = 500
	codeDeviceNotFound   = 6100
	codeDeviceDisabled   = 6204
	codeProductNotFound  = 6250
	codeRegistrationOff  = 6288
	codeDeviceActive     = 6289
	codeSignMethod       = 6292
	codeInvalidSignature = 6600
)

// refusal is why a device gets no DeviceSecret. The device is told code and
// message, which give nothing away; the operator is told the reason.
type refusal struct {
	code    int
	message string
	reason  string
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != Path {
		write(w, http.StatusNotFound, reply{Code: http.StatusNotFound, Message: "not found: devices register with POST " + Path})
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		write(w, http.StatusMethodNotAllowed, reply{Code: http.StatusMethodNotAllowed, Message: "method not allowed: devices register with POST"})
		return
	}

	f, refused := readForm(http.MaxBytesReader(w, r.Body, maxBody))
	// Whatever else is wrong comes second: over plain TCP the DeviceSecret
	// would be readable on its way.
	if r.TLS == nil {
		refused = &refusal{codeParameter, "TLS is required", "dynamic registration came without TLS; let the device use an https:// address"}
	}
	var device platform.Device
	if refused == nil {
		device, refused = h.register(r.Context(), f)
	}

	activity := platform.Activity{
		Time: h.now(), Kind: platform.ActivityRegistration, Method: platform.PerProductPreregistered,
		ProductKey: shown(f.productKey), DeviceName: shown(f.deviceName),
		Outcome: platform.Accepted, Remote: host(r.RemoteAddr),
	}
	if refused != nil {
		activity.Outcome, activity.Reason = platform.Refused, refused.reason
		h.store.Record(activity)
		write(w, http.StatusOK, reply{Code: refused.code, Message: refused.message})
		return
	}
	h.store.Record(activity)
	write(w, http.StatusOK, reply{
		Code: codeSuccess, Message: "success",
		Data: &certificate{DeviceName: device.DeviceName, DeviceSecret: device.DeviceSecret, ProductKey: device.ProductKey},
	})
}

// register makes the checks in the order of the protocol's codes. The device is
// looked up after the signature, so that DeviceNames cannot be tried out
// without the ProductSecret. The random value may repeat: an official SDK
// always sends the same one.
func (h *handler) register(ctx context.Context, f form) (platform.Device, *refusal) {
	if refused := f.check(); refused != nil {
		return platform.Device{}, refused
	}
	product, ok := h.store.ProductVerification(f.productKey)
	if !ok {
		return platform.Device{}, &refusal{codeProductNotFound, "product not found", "no product has this ProductKey; check the one burned to the firmware"}
	}
	if !product.DynamicRegistration {
		return platform.Device{}, &refusal{codeRegistrationOff, "dynamic register is disabled", "dynamic registration is off for this product; turn it on to let its devices register"}
	}
	method, err := identity.ParseSignMethod(f.signMethod)
	if err != nil {
		return platform.Device{}, &refusal{codeSignMethod, "sign method not support", err.Error()}
	}
	device, known := h.store.Verification(f.productKey, f.deviceName)
	content := identity.RegistrationContent(f.productKey, f.deviceName, f.random)
	if !identity.Verify(method, product.ProductSecret, content, f.sign) {
		secrets := identity.Secrets{ProductSecret: product.ProductSecret, DeviceSecret: device.DeviceSecret}
		return platform.Device{}, &refusal{
			codeInvalidSignature, "invalid sign",
			identity.RegistrationMismatchReason(f.productKey, f.deviceName, f.random, method, f.sign, secrets),
		}
	}
	switch {
	case !known:
		return platform.Device{}, deviceNotFound()
	case device.Disabled:
		return platform.Device{}, &refusal{codeDeviceDisabled, "device is disabled", "the device is disabled; enable it to let it register"}
	case device.Active:
		return platform.Device{}, deviceActive()
	}

	ref := platform.DeviceRef{ProductKey: f.productKey, DeviceName: f.deviceName}
	reissued, err := h.store.ReissueSecret(ctx, ref)
	switch {
	case err == nil:
		return reissued, nil
	case errors.Is(err, platform.ErrNotFound):
		return platform.Device{}, deviceNotFound()
	case errors.Is(err, platform.ErrConflict):
		return platform.Device{}, deviceActive()
	default:
		h.log.LogAttrs(ctx, slog.LevelError, "dynamic registration failed",
			slog.String("ProductKey", ref.ProductKey), slog.String("DeviceName", ref.DeviceName), slog.Any("error", err))
		return platform.Device{}, &refusal{codeSystem, "system error", "the platform could not store a new DeviceSecret; its log says why"}
	}
}

func deviceNotFound() *refusal {
	return &refusal{codeDeviceNotFound, "device not found", "the product has no device of this DeviceName; register the DeviceName first"}
}

func deviceActive() *refusal {
	return &refusal{codeDeviceActive, "device already active", "the device has already been activated; reset it to let it register again"}
}

// form is what a device sends.
type form struct {
	productKey string
	deviceName string
	random     string
	signMethod string
	sign       string
}

// readForm reads a form whatever its Content-Type says: devices build requests
// by hand. What could be read is returned with the refusal too.
func readForm(body io.Reader) (form, *refusal) {
	text, err := io.ReadAll(body)
	if err != nil {
		reason := "the request body could not be read to its end"
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			reason = fmt.Sprintf("the request body exceeds %d bytes", maxBody)
		}
		return form{}, parameterError(reason)
	}
	values, err := url.ParseQuery(strings.TrimSpace(string(text)))
	f := form{
		productKey: values.Get("productKey"),
		deviceName: values.Get("deviceName"),
		random:     values.Get("random"),
		signMethod: values.Get("signMethod"),
		sign:       values.Get("sign"),
	}
	if err != nil {
		return f, parameterError("the request body is not a URL-encoded form")
	}
	return f, nil
}

// check refuses missing and malformed fields.
func (f form) check() *refusal {
	var missing []string
	for _, field := range [...]struct{ name, value string }{
		{"productKey", f.productKey},
		{"deviceName", f.deviceName},
		{"random", f.random},
		{"signMethod", f.signMethod},
		{"sign", f.sign},
	} {
		if field.value == "" {
			missing = append(missing, field.name)
		}
	}
	if len(missing) > 0 {
		return parameterError("the form lacks " + strings.Join(missing, ", "))
	}
	if len(f.productKey) > maxProductKey {
		return parameterError(fmt.Sprintf("the productKey exceeds %d bytes", maxProductKey))
	}
	if platform.ValidateDeviceName(f.deviceName) != nil {
		return parameterError(fmt.Sprintf("the deviceName is malformed: it has %d to %d letters, digits and - _ @ . :", platform.DeviceNameMin, platform.DeviceNameMax))
	}
	return nil
}

func parameterError(reason string) *refusal {
	return &refusal{codeParameter, "request parameter error", reason}
}

// reply is the body of every answer. The order of its members matters: a C SDK
// expects code first.
type reply struct {
	Code    int          `json:"code"`
	Data    *certificate `json:"data,omitempty"`
	Message string       `json:"message"`
}

type certificate struct {
	DeviceName   string `json:"deviceName"`
	DeviceSecret string `json:"deviceSecret"`
	ProductKey   string `json:"productKey"`
}

// write sends the reply in one piece: with a Content-Length nothing is chunked,
// which the C SDKs could not read.
func write(w http.ResponseWriter, status int, body reply) {
	text, err := json.Marshal(body)
	if err != nil { // cannot happen with strings and a number
		status, text = http.StatusOK, []byte(`{"code":500,"message":"system error"}`)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a device that has gone asks again
}

// host returns the address without its port.
func host(remote string) string {
	if h, _, err := net.SplitHostPort(remote); err == nil {
		return h
	}
	return remote
}

// shown makes foreign text fit to be recorded.
func shown(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxProductKey)], "�")
}
