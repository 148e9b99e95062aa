// Package api is the OpenAPI face of the local platform: the actions of Alibaba
// Cloud IoT Platform, version 2018-01-20, that concern products, devices and
// batches, and an extension of our own. Official SDKs use it unchanged.
//
// A request is signed by V3 or V1. It is refused by the gateway level (HTTP
// status 400 and above) when signature, action or a mandatory parameter is
// wrong, and by the IoT level (HTTP status 200, Success false) when the
// platform's state or rules forbid it.
//
// API is safe for concurrent use as far as its Store is. It owns one goroutine
// for each batch that is being registered, at most maxJobs, all of which have
// ended when Close returns without an error. Limits on time and connections
// belong to the server that runs it; one that serves the official SDKs must
// take request lines of a megabyte, because some put long lists there.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"fleetmint/platform"
	"fleetmint/platform/local/store"
	"fleetmint/platform/openapi/signature"
	"fleetmint/platform/openapi/wire"
)

// Store is what the face needs of the local platform's store. Refusals are
// *platform.Error; all methods are called concurrently.
type Store interface {
	CreateProduct(ctx context.Context, product platform.NewProduct) (platform.Product, error)
	Product(ctx context.Context, productKey string) (platform.Product, error)
	// Products returns products newest first.
	Products(ctx context.Context, page platform.Page) (platform.ProductPage, error)
	// DeleteProduct is platform.ErrConflict while the product has devices.
	DeleteProduct(ctx context.Context, productKey string) error
	SetDynamicRegistration(ctx context.Context, productKey string, on bool) error
	// SetProductTags adds tags and overwrites those of the same key.
	SetProductTags(ctx context.Context, productKey string, tags map[string]string) error
	ProductTags(ctx context.Context, productKey string) (map[string]string, error)

	RegisterDevice(ctx context.Context, device platform.NewDevice) (platform.Device, error)
	Device(ctx context.Context, ref platform.DeviceRef) (platform.Device, error)
	DeviceByIotID(ctx context.Context, iotID string) (platform.Device, error)
	// Devices returns devices newest first.
	FindDevices(ctx context.Context, productKey string, filter platform.DeviceFilter, page platform.Page) (platform.DevicePage, error)
	// DevicesNamed leaves out the names that do not exist.
	DevicesNamed(ctx context.Context, productKey string, names []string) ([]platform.Device, error)
	DeleteDevice(ctx context.Context, ref platform.DeviceRef) error
	SetDisabled(ctx context.Context, ref platform.DeviceRef, disabled bool) error
	// ResetDevice lets the device register dynamically again.
	ResetDevice(ctx context.Context, ref platform.DeviceRef) error
	// Statistics counts all products together where productKey is empty.
	Statistics(ctx context.Context, productKey string) (platform.Statistics, error)

	// CreateApplication chooses the names that are empty.
	CreateApplication(ctx context.Context, a store.Application) (store.Application, error)
	Application(ctx context.Context, id int64) (store.Application, error)
	SetApplicationStatus(ctx context.Context, id int64, status string) error
	// RunApplication registers all names of an application, or none. It ends in
	// store.StatusCreateSuccess or store.StatusCreateFailed unless it errs.
	RunApplication(ctx context.Context, id int64) error
	ApplicationDevices(ctx context.Context, id int64, page platform.Page) (platform.DevicePage, error)

	// Record notes what happened. It does not block.
	Record(activity platform.Activity)
}

// Sessions ends the live session of a device that may not have one any more.
type Sessions interface {
	// Disconnect does nothing where the device is not connected.
	Disconnect(ref platform.DeviceRef, reason string)
}

// Config is what New needs. Store and the AccessKey pair are required.
type Config struct {
	Store    Store
	Sessions Sessions // nil where there is none
	// Credentials are the administrator's. With a SecurityToken every request
	// must carry it, without one none may.
	Credentials signature.Credentials
	Log         *slog.Logger     // nil: nothing is logged
	Clock       func() time.Time // nil: time.Now
}

// maxJobs bounds the batches that are registered or wait for it.
const maxJobs = 64

// API is the http.Handler of the OpenAPI, for the path /.
type API struct {
	store       Store
	sessions    Sessions
	credentials signature.Credentials
	log         *slog.Logger
	now         func() time.Time
	actions     map[string]action
	nonces      *nonces
	jobs        *jobs
}

// New returns the handler. It errs where the Config lacks what it needs.
func New(cfg Config) (*API, error) {
	if cfg.Store == nil {
		return nil, errors.New("make OpenAPI: no store given")
	}
	if cfg.Credentials.AccessKeyID == "" || cfg.Credentials.AccessKeySecret == "" {
		return nil, errors.New("make OpenAPI: no AccessKey pair given")
	}
	if cfg.Sessions == nil {
		cfg.Sessions = noSessions{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	a := &API{
		store: cfg.Store, sessions: cfg.Sessions, credentials: cfg.Credentials, log: cfg.Log, now: cfg.Clock,
		actions: map[string]action{}, nonces: newNonces(maxNonces), jobs: newJobs(maxJobs),
	}
	for _, topic := range []map[string]action{productActions(), deviceActions(), batchActions(), extensionActions()} {
		maps.Copy(a.actions, topic)
	}
	return a, nil
}

type noSessions struct{}

func (noSessions) Disconnect(platform.DeviceRef, string) {}

// Close accepts no more batches and waits for those under way. When ctx ends
// first they are cancelled, and what they have not registered is taken up at
// the store's next start. It may be called more than once.
func (a *API) Close(ctx context.Context) error {
	if err := a.jobs.close(ctx); err != nil {
		return fmt.Errorf("close OpenAPI: %w", err)
	}
	return nil
}

// jobs are the batches under way, each once.
type jobs struct {
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	max    int

	mu      sync.Mutex
	closed  bool
	running map[int64]struct{}
}

func newJobs(most int) *jobs {
	j := &jobs{max: most, running: map[int64]struct{}{}}
	j.ctx, j.cancel = context.WithCancel(context.Background())
	return j
}

// claim reserves an application for the caller, who ends that by start or
// release. first is false when it is claimed already.
func (j *jobs) claim(id int64) (first bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, running := j.running[id]
	switch {
	case j.closed:
		return false, serviceUnavailable()
	case running:
		return false, nil
	case len(j.running) >= j.max:
		return false, &refusal{codeTaskIsRunning, fmt.Sprintf("%d batches are being registered; wait for one of them", j.max)}
	}
	j.running[id] = struct{}{}
	j.wg.Add(1)
	return true, nil
}

func (j *jobs) release(id int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.running, id)
	j.wg.Done()
}

// start runs a claimed application in the background.
func (j *jobs) start(id int64, run func(ctx context.Context)) {
	go func() {
		defer j.release(id)
		run(j.ctx)
	}()
}

func (j *jobs) close(ctx context.Context) error {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		j.wg.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		j.cancel()
		return nil
	case <-ctx.Done():
		j.cancel()
		<-ended // the store ends at once when its context does
		return ctx.Err()
	}
}

// call is one request on its way through an action.
type call struct {
	parameters
	base wire.Base // of an answer with success
	// done is what is recorded of a change, where the action makes one.
	done platform.DeviceRef
}

// refused is the base of an answer that refuses but has more to say.
func (c *call) refused(r *refusal) wire.Base {
	return wire.Base{RequestID: c.base.RequestID, Code: r.code, ErrorMessage: r.message}
}

// action is one row of the table of actions.
type action struct {
	parameters []parameter
	// changes: the action is recorded as an act of administration.
	changes bool
	// run returns the answer, a struct of package wire. A *refusal is sent by
	// the IoT level, a *signature.Error by the gateway; every other error is our
	// own failure.
	run func(a *API, ctx context.Context, c *call) (any, error)
}

// ServeHTTP answers one request. It serves GET and POST at the path /.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := newRequestID()
	name, answer, err := a.answer(w, r, requestID)
	status := http.StatusOK
	if err != nil {
		status, answer = a.refuse(r, requestID, name, err)
	}
	write(w, status, answer)
}

// answer returns the action's name as soon as it is known, also with an error.
func (a *API) answer(w http.ResponseWriter, r *http.Request, requestID string) (string, any, error) {
	if r.URL.Path != "/" {
		return "", nil, &signature.Error{Code: "InvalidApi.NotFound", HTTPStatus: http.StatusNotFound, Message: "The OpenAPI is served at the path /."}
	}
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		return "", nil, &signature.Error{Code: "UnsupportedHTTPMethod", HTTPStatus: http.StatusMethodNotAllowed, Message: "The OpenAPI takes GET and POST."}
	}
	body, err := readBody(w, r)
	if err != nil {
		return "", nil, err
	}
	form := ""
	if len(body) > 0 {
		if !isForm(r) {
			return "", nil, &signature.Error{Code: "UnsupportedContentType", HTTPStatus: http.StatusUnsupportedMediaType, Message: "A body must be application/x-www-form-urlencoded."}
		}
		form = string(body)
	}
	params, err := readParameters(r.URL.RawQuery, form)
	if err != nil {
		return "", nil, err
	}
	signed, err := a.authenticate(r, body, params)
	if err != nil {
		return "", nil, err
	}
	if signed.Version != wire.Version {
		return "", nil, &signature.Error{Code: "InvalidVersion", HTTPStatus: http.StatusBadRequest, Message: "Specified parameter Version is not valid, only " + wire.Version + "."}
	}
	act, ok := a.actions[signed.Action]
	if !ok {
		return "", nil, &signature.Error{Code: "InvalidApi.NotFound", HTTPStatus: http.StatusNotFound, Message: "Specified api is not found, please check your url and method."}
	}
	c := &call{parameters: params, base: wire.Base{RequestID: requestID, Success: true}}
	if err := params.check(act.parameters); err != nil {
		return signed.Action, nil, err
	}
	result, err := act.run(a, r.Context(), c)
	if act.changes {
		a.record(r, signed.Action, c, err)
	}
	return signed.Action, result, err
}

// readBody reads at most maxBody bytes.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, &signature.Error{
			Code: "RequestEntityTooLarge", HTTPStatus: http.StatusRequestEntityTooLarge,
			Message: fmt.Sprintf("The body has more than %d bytes.", maxBody),
		}
	}
	if err != nil {
		return nil, invalidParameter("The body of the request ended early.")
	}
	return body, nil
}

// isForm takes a body without a Content-Type for a form: nothing else is sent.
func isForm(r *http.Request) bool {
	text := r.Header.Get("Content-Type")
	if text == "" {
		return true
	}
	media, _, err := mime.ParseMediaType(text)
	return err == nil && media == "application/x-www-form-urlencoded"
}

// record notes a change and by whom it was asked for.
func (a *API) record(r *http.Request, name string, c *call, err error) {
	activity := platform.Activity{
		Time: a.now(), Kind: platform.ActivityAdministration, Action: name, Outcome: platform.Accepted,
		ProductKey: c.done.ProductKey, DeviceName: c.done.DeviceName, Remote: host(r.RemoteAddr),
	}
	if activity.ProductKey == "" {
		activity.ProductKey, activity.DeviceName = shown(c.text(paramProductKey)), shown(c.text(paramDeviceName))
	}
	if err != nil {
		activity.Outcome, activity.Reason = platform.Refused, "the local platform failed; its log says why"
		if refused, ok := errors.AsType[*refusal](err); ok {
			activity.Reason = refused.message
		}
	}
	a.store.Record(activity)
}

// refuse turns an error into the answer of the level it belongs to.
func (a *API) refuse(r *http.Request, requestID, name string, err error) (int, any) {
	ctx := r.Context()
	if refused, ok := errors.AsType[*refusal](err); ok {
		a.log.LogAttrs(ctx, slog.LevelDebug, "OpenAPI refused", slog.String("action", name),
			slog.String("code", refused.code), slog.String("RequestId", requestID))
		return http.StatusOK, wire.BaseResponse{Base: wire.Base{RequestID: requestID, Code: refused.code, ErrorMessage: refused.message}}
	}
	gateway, ok := errors.AsType[*signature.Error](err)
	switch {
	case ok:
		a.log.LogAttrs(ctx, slog.LevelInfo, "OpenAPI request refused", slog.String("action", name),
			slog.String("code", gateway.Code), slog.String("remote", host(r.RemoteAddr)), slog.String("RequestId", requestID))
	case ctx.Err() != nil, errors.Is(err, platform.ErrUnavailable):
		gateway = serviceUnavailable()
	default:
		a.log.LogAttrs(ctx, slog.LevelError, "OpenAPI action failed", slog.String("action", name),
			slog.Any("error", err), slog.String("RequestId", requestID))
		return http.StatusOK, wire.BaseResponse{Base: wire.Base{
			RequestID: requestID, Code: codeSystemException, ErrorMessage: "The local platform failed; its log says why.",
		}}
	}
	return gateway.HTTPStatus, wire.GatewayError{
		RequestID: requestID, HostID: r.Host, Code: gateway.Code, Message: gateway.Reply(),
		Recommend: "https://api.aliyun.com/troubleshoot?q=" + gateway.Code,
	}
}

// write sends the answer in one piece. Answers hold secrets: nothing on the way
// may keep them.
func write(w http.ResponseWriter, status int, answer any) {
	text, err := json.Marshal(answer)
	if err != nil { // cannot happen: the shapes hold nothing that JSON lacks
		status, text = http.StatusInternalServerError, []byte(`{"Code":"InternalError","Message":"The answer could not be written."}`)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json;charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone asks again
}

// host returns the address without its port.
func host(remote string) string {
	if h, _, err := net.SplitHostPort(remote); err == nil {
		return h
	}
	return remote
}
