package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fleetmint/platform"
	"fleetmint/platform/local/api"
	"fleetmint/platform/local/store"
	"fleetmint/platform/openapi/signature"
)

var (
	credentials = signature.Credentials{AccessKeyID: "testid", AccessKeySecret: "testsecret"}
	startOfTest = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
)

// fixture is an API over a real store, served over HTTP.
type fixture struct {
	t      *testing.T
	store  *store.Store
	api    *api.API
	server *httptest.Server
	log    lockedBuffer

	mu         sync.Mutex
	now        time.Time
	nonce      int
	kicked     []platform.DeviceRef
	activities []platform.Activity
}

// Disconnect implements api.Sessions.
func (f *fixture) Disconnect(ref platform.DeviceRef, _ string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kicked = append(f.kicked, ref)
}

// recorder is the store with an eye on what is recorded.
type recorder struct {
	*store.Store
	f *fixture
}

func (r recorder) Record(a platform.Activity) {
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	r.f.activities = append(r.f.activities, a)
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func newFixture(t *testing.T, c signature.Credentials) *fixture {
	t.Helper()
	f := &fixture{t: t, now: startOfTest}
	var err error
	f.store, err = store.Open(t.Context(), store.Config{
		Dir: t.TempDir(), Key: bytes.Repeat([]byte{1}, 32), Log: slog.New(slog.DiscardHandler), Clock: f.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	f.api, err = api.New(api.Config{
		Store: recorder{f.store, f}, Sessions: f, Credentials: c, Clock: f.clock,
		Log: slog.New(slog.NewTextHandler(&f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.server = httptest.NewServer(f.api)
	t.Cleanup(func() {
		f.server.Close()
		if err := f.api.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := f.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// lockedBuffer is a log that is written and read concurrently.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	fields map[string]any
}

func (a answer) text(name string) string { s, _ := a.fields[name].(string); return s }

// at walks into the answer: names of members, numbers of elements.
func (a answer) at(t *testing.T, path ...any) any {
	t.Helper()
	var v any = a.fields
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, ok := v.(map[string]any)
			if !ok || object[step] == nil {
				t.Fatalf("%v is not in %s", path, a.body)
			}
			v = object[step]
		case int:
			list, ok := v.([]any)
			if !ok || step >= len(list) {
				t.Fatalf("%v is not in %s", path, a.body)
			}
			v = list[step]
		}
	}
	return v
}

func (f *fixture) newNonce() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.nonce++
	return "nonce-" + strconv.Itoa(f.nonce)
}

// v3 makes a signed request; with form the parameters go into the body.
func (f *fixture) v3(method, action string, params url.Values, form bool) *http.Request {
	f.t.Helper()
	target, body := f.server.URL+"/?"+params.Encode(), ""
	if form {
		target, body = f.server.URL+"/", params.Encode()
	}
	r, err := http.NewRequestWithContext(f.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if form {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	signature.SignV3(r, []byte(body), action, "2018-01-20", credentials, f.clock(), f.newNonce())
	return r
}

// v1 makes a signed request of the older form.
func (f *fixture) v1(method, action string, params url.Values, form bool) *http.Request {
	f.t.Helper()
	all := url.Values{
		"Action": {action}, "Version": {"2018-01-20"}, "Format": {"json"}, "AccessKeyId": {credentials.AccessKeyID},
		"SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"}, "SignatureNonce": {f.newNonce()},
		"SignatureType": {""}, "Timestamp": {f.clock().Format("2006-01-02T15:04:05Z")},
	}
	for name, values := range params {
		all[name] = values
	}
	all.Set("Signature", signature.SignV1(method, all, credentials))
	target, body := f.server.URL+"/?"+all.Encode(), ""
	if form {
		target, body = f.server.URL+"/", all.Encode()
	}
	r, err := http.NewRequestWithContext(f.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	// Clients of V1 send this header too.
	r.Header.Set("x-acs-action", action)
	if form {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	}
	return r
}

var requestIDs = regexp.MustCompile(`^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$`)

func (f *fixture) do(r *http.Request) answer {
	f.t.Helper()
	resp, err := f.server.Client().Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
	if err := json.Unmarshal(body, &a.fields); err != nil {
		f.t.Fatalf("%q: %v", body, err)
	}
	if resp.ContentLength != int64(len(body)) {
		f.t.Errorf("Content-Length is %d, the body has %d bytes", resp.ContentLength, len(body))
	}
	if !requestIDs.MatchString(a.text("RequestId")) {
		f.t.Errorf("RequestId is %q", a.text("RequestId"))
	}
	return a
}

// pairs makes parameters of names and values.
func pairs(t *testing.T, list ...string) url.Values {
	t.Helper()
	params := url.Values{}
	for i := 0; i+1 < len(list); i += 2 {
		params.Set(list[i], list[i+1])
	}
	return params
}

func (f *fixture) call(action string, params ...string) answer {
	f.t.Helper()
	return f.do(f.v3(http.MethodPost, action, pairs(f.t, params...), false))
}

// must calls an action that has to succeed.
func (f *fixture) must(action string, params ...string) answer {
	f.t.Helper()
	a := f.call(action, params...)
	if _, code := a.fields["Code"]; a.status != http.StatusOK || a.fields["Success"] != true || code {
		f.t.Fatalf("%s%v: status %d, %s", action, params, a.status, a.body)
	}
	return a
}

// refused calls an action that has to be refused by the IoT level.
func (f *fixture) refused(code, action string, params ...string) answer {
	f.t.Helper()
	a := f.call(action, params...)
	if a.status != http.StatusOK || a.fields["Success"] != false || a.text("Code") != code || a.text("ErrorMessage") == "" {
		f.t.Errorf("%s%v: status %d, %s; want %s", action, params, a.status, a.body, code)
	}
	return a
}

// gateway checks a refusal by the gateway level.
func (f *fixture) gateway(a answer, status int, code string) {
	f.t.Helper()
	if a.status != status || a.text("Code") != code || a.text("Message") == "" || a.text("HostId") == "" || a.text("Recommend") == "" {
		f.t.Errorf("status %d, %s; want %d %s", a.status, a.body, status, code)
	}
	if _, ok := a.fields["Success"]; ok {
		f.t.Errorf("an answer of the gateway has no Success: %s", a.body)
	}
}

func (f *fixture) product(name string) (productKey string) {
	f.t.Helper()
	return f.must("CreateProduct", "ProductName", name, "NodeType", "0").text("ProductKey")
}

func (f *fixture) last() platform.Activity {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.activities) == 0 {
		f.t.Fatal("nothing was recorded")
	}
	return f.activities[len(f.activities)-1]
}

func TestBothSignaturesAndPlaces(t *testing.T) {
	f := newFixture(t, credentials)
	productKey := f.product("Street-Lamp")
	for i, build := range []func(method, action string, params url.Values, form bool) *http.Request{f.v3, f.v1} {
		for _, way := range []struct {
			method string
			form   bool
		}{{http.MethodGet, false}, {http.MethodPost, false}, {http.MethodPost, true}} {
			name := fmt.Sprintf("V%d-%s-%t", 3-2*i, way.method, way.form)
			t.Run(name, func(t *testing.T) {
				params := pairs(t, "ProductKey", productKey, "DeviceName", "dev@"+strconv.Itoa(i)+":"+way.method+strconv.FormatBool(way.form),
					"Nickname", "昵称_1", "ApiProduct", "ignored *~")
				a := f.do(build(way.method, "RegisterDevice", params, way.form))
				if a.fields["Success"] != true || a.at(t, "Data", "DeviceName") != params.Get("DeviceName") {
					t.Errorf("%s", a.body)
				}
			})
		}
	}
}

func TestRefusedByTheGateway(t *testing.T) {
	f := newFixture(t, credentials)
	stats := func() *http.Request { return f.v3(http.MethodPost, "QueryDeviceStatistics", nil, false) }
	for name, row := range map[string]struct {
		request *http.Request
		status  int
		code    string
	}{
		"no parameters":       {request: request(t, f, http.MethodGet, "/", ""), status: 400, code: "MissingAction"},
		"not signed":          {request: request(t, f, http.MethodGet, "/?Action=QueryDeviceStatistics&Version=2018-01-20", ""), status: 400, code: "MissingAccessKeyId"},
		"another path":        {request: request(t, f, http.MethodGet, "/products", ""), status: 404, code: "InvalidApi.NotFound"},
		"another verb":        {request: request(t, f, http.MethodPut, "/", ""), status: 405, code: "UnsupportedHTTPMethod"},
		"parameter twice":     {request: request(t, f, http.MethodPost, "/?Action=A", "Action=B"), status: 400, code: "InvalidParameter"},
		"malformed query":     {request: request(t, f, http.MethodGet, "/?Action=%25zz&a=%zz", ""), status: 400, code: "InvalidParameter"},
		"too many parameters": {request: request(t, f, http.MethodPost, "/", strings.Repeat("&", 30_000)), status: 400, code: "InvalidParameter"},
		"body too large":      {request: request(t, f, http.MethodPost, "/", strings.Repeat("a", 5<<20)), status: 413, code: "RequestEntityTooLarge"},
		"another content type": {request: func() *http.Request {
			r := request(t, f, http.MethodPost, "/", "{}")
			r.Header.Set("Content-Type", "application/json")
			return r
		}(), status: 415, code: "UnsupportedContentType"},
		"unknown action":       {request: f.v3(http.MethodPost, "QueryThingModel", nil, false), status: 404, code: "InvalidApi.NotFound"},
		"unknown action of V1": {request: f.v1(http.MethodGet, "QueryThingModel", nil, false), status: 404, code: "InvalidApi.NotFound"},
		"another version":      {request: f.v1(http.MethodGet, "QueryDeviceStatistics", url.Values{"Version": {"2017-04-20"}}, false), status: 400, code: "InvalidVersion"},
		"no version": {request: func() *http.Request {
			r := stats()
			r.Header.Del("x-acs-version")
			return r
		}(), status: 400, code: "MissingVersion"},
		"a token where none is due": {request: f.v1(http.MethodGet, "QueryDeviceStatistics", url.Values{"SecurityToken": {"t"}}, false), status: 400, code: "InvalidSecurityToken.Malformed"},
		"body changed": {request: func() *http.Request {
			r := f.v3(http.MethodPost, "DeleteProduct", url.Values{"ProductKey": {"a1"}}, true)
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("ProductKey=a2")), 13
			return r
		}(), status: 400, code: "SignatureDoesNotMatch"},
		"host without port": {request: func() *http.Request {
			r := stats()
			r.Host = "127.0.0.1"
			return r
		}(), status: 400, code: "SignatureDoesNotMatch"},
		"unknown key": {request: func() *http.Request {
			r := stats()
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "testid", "other", 1))
			return r
		}(), status: 404, code: "InvalidAccessKeyId.NotFound"},
		"malformed authorization": {request: func() *http.Request {
			r := stats()
			r.Header.Set("Authorization", "ACS3-HMAC-SHA256 Credential=testid")
			return r
		}(), status: 400, code: "IncompleteSignature"},
	} {
		t.Run(name, func(t *testing.T) {
			a := f.do(row.request)
			f.gateway(a, row.status, row.code)
			if strings.Contains(a.body, credentials.AccessKeySecret) {
				t.Errorf("the answer holds the secret: %s", a.body)
			}
		})
	}
	if strings.Contains(f.log.String(), credentials.AccessKeySecret) || strings.Contains(f.log.String(), "string to sign") {
		t.Errorf("the log holds what it must not:\n%s", f.log.String())
	}
}

// request makes a request that is not signed.
func request(t *testing.T, f *fixture, method, target, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.server.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWrongSecretTellsTheStringToSign(t *testing.T) {
	f := newFixture(t, credentials)
	r := f.v1(http.MethodPost, "QueryDeviceStatistics", nil, false)
	r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "&Signature=", "&Signature=AAAA", 1)
	a := f.do(r)
	f.gateway(a, http.StatusBadRequest, "SignatureDoesNotMatch")
	if !strings.Contains(a.text("Message"), "server string to sign is:POST&%2F&AccessKeyId%3Dtestid%26Action%3DQueryDeviceStatistics") {
		t.Errorf("the message is %q", a.text("Message"))
	}
}

func TestReplayAndTime(t *testing.T) {
	f := newFixture(t, credentials)
	for _, r := range []*http.Request{
		f.v3(http.MethodPost, "QueryDeviceStatistics", nil, false),
		f.v1(http.MethodGet, "QueryDeviceStatistics", nil, false),
	} {
		if a := f.do(r.Clone(t.Context())); a.fields["Success"] != true {
			t.Fatal(a.body)
		}
		f.gateway(f.do(r.Clone(t.Context())), http.StatusBadRequest, "SignatureNonceUsed")
	}
	for offset, ok := range map[time.Duration]bool{14 * time.Minute: true, 16 * time.Minute: false, -14 * time.Minute: true, -16 * time.Minute: false} {
		r := f.v3(http.MethodPost, "QueryDeviceStatistics", nil, false)
		f.setTime(startOfTest.Add(offset))
		a := f.do(r)
		f.setTime(startOfTest)
		switch {
		case ok && a.fields["Success"] != true:
			t.Errorf("%v later: %s", offset, a.body)
		case !ok:
			f.gateway(a, http.StatusBadRequest, "InvalidTimeStamp.Expired")
		}
	}
	// A replay does not pass when the nonces before it are forgotten.
	r := f.v3(http.MethodPost, "QueryDeviceStatistics", nil, false)
	f.do(r.Clone(t.Context()))
	f.setTime(startOfTest.Add(15 * time.Minute))
	f.gateway(f.do(r.Clone(t.Context())), http.StatusBadRequest, "SignatureNonceUsed")
	f.setTime(startOfTest.Add(16 * time.Minute))
	f.must("QueryDeviceStatistics")
	f.gateway(f.do(r.Clone(t.Context())), http.StatusBadRequest, "InvalidTimeStamp.Expired")
}

func (f *fixture) setTime(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = now
}

func TestTemporaryCredentials(t *testing.T) {
	temporary := credentials
	temporary.SecurityToken = "tok/en+="
	f := newFixture(t, temporary)
	send := func(token string) answer {
		r := request(t, f, http.MethodPost, "/", "")
		c := temporary
		c.SecurityToken = token
		signature.SignV3(r, nil, "QueryDeviceStatistics", "2018-01-20", c, f.clock(), f.newNonce())
		return f.do(r)
	}
	if a := send("tok/en+="); a.fields["Success"] != true {
		t.Error(a.body)
	}
	f.gateway(send(""), http.StatusBadRequest, "MissingSecurityToken")
	f.gateway(send("other"), http.StatusBadRequest, "InvalidSecurityToken.Malformed")
}

func TestNewRefusesWhatItCannotWorkWith(t *testing.T) {
	f := newFixture(t, credentials)
	for _, cfg := range []api.Config{
		{Credentials: credentials},
		{Store: f.store},
		{Store: f.store, Credentials: signature.Credentials{AccessKeyID: "testid"}},
	} {
		if _, err := api.New(cfg); err == nil {
			t.Errorf("New(%+v) succeeded", cfg)
		}
	}
}

func TestClosedAPITakesNoBatches(t *testing.T) {
	f := newFixture(t, credentials)
	productKey := f.product("Street-Lamp")
	for range 2 {
		if err := f.api.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	f.gateway(f.call("BatchRegisterDevice", "ProductKey", productKey, "Count", "1"), http.StatusServiceUnavailable, "ServiceUnavailable")
	f.must("QueryProduct", "ProductKey", productKey)
}

func TestClosedStore(t *testing.T) {
	f := newFixture(t, credentials)
	productKey := f.product("Street-Lamp")
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	f.gateway(f.call("RegisterDevice", "ProductKey", productKey), http.StatusServiceUnavailable, "ServiceUnavailable")
}
