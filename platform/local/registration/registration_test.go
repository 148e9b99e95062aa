package registration_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"fleetmint/platform"
	"fleetmint/platform/identity"
	"fleetmint/platform/local/registration"
)

const (
	productKey    = "a1B2c3D4e5F"
	productSecret = "AbCdEfGh12345678"
	deviceName    = "dev-01"
	// request is the documented example, signed with hmacsha1.
	request = "productKey=a1B2c3D4e5F&deviceName=dev-01&random=567345&signMethod=hmacsha1&sign=256071e0352dee71cd6685938708544462bf7b1b"

	signMD5    = "2d98c39774fa382225039512094f7f7e"
	signSHA1   = "256071e0352dee71cd6685938708544462bf7b1b"
	signSHA256 = "eb9db5e04685ac89079dad5feb983eeaa70c60c586ad1c785c7afb1f00f108bc"
)

// store is a Store of products and devices in memory.
type store struct {
	mu         sync.Mutex
	products   map[string]identity.ProductVerification
	devices    map[platform.DeviceRef]identity.DeviceVerification
	reissueErr error
	reissued   int
	activities []platform.Activity
}

func newStore() *store {
	return &store{
		products: map[string]identity.ProductVerification{
			productKey:    {ProductSecret: productSecret, DynamicRegistration: true},
			"a1SwitchOff": {ProductSecret: productSecret},
		},
		devices: map[platform.DeviceRef]identity.DeviceVerification{
			{ProductKey: productKey, DeviceName: deviceName}:     {DeviceSecret: secret(0)},
			{ProductKey: productKey, DeviceName: "D:e_v@1.x-Y"}:  {DeviceSecret: secret(0)},
			{ProductKey: productKey, DeviceName: "dev-active"}:   {DeviceSecret: secret(0), Active: true},
			{ProductKey: productKey, DeviceName: "dev-disabled"}: {DeviceSecret: secret(0), Disabled: true},
		},
	}
}

// secret is the DeviceSecret after n reissues.
func secret(n int) string { return fmt.Sprintf("%032x", 0xabcdef0000+n) }

func (s *store) ProductVerification(productKey string) (identity.ProductVerification, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.products[productKey]
	return v, ok
}

func (s *store) Verification(productKey, deviceName string) (identity.DeviceVerification, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.devices[platform.DeviceRef{ProductKey: productKey, DeviceName: deviceName}]
	return v, ok
}

func (s *store) ReissueSecret(_ context.Context, ref platform.DeviceRef) (platform.Device, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reissueErr != nil {
		return platform.Device{}, s.reissueErr
	}
	s.reissued++
	device := s.devices[ref]
	device.DeviceSecret = secret(s.reissued)
	s.devices[ref] = device
	return platform.Device{DeviceRef: ref, DeviceSecret: device.DeviceSecret}, nil
}

func (s *store) Record(activity platform.Activity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.activities = append(s.activities, activity)
}

// last returns the only activity there must be.
func (s *store) last(t *testing.T) platform.Activity {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.activities) != 1 {
		t.Fatalf("%d activities recorded, want 1", len(s.activities))
	}
	return s.activities[0]
}

var now = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func serve(t *testing.T, s *store) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(registration.New(registration.Config{Store: s, Now: func() time.Time { return now }}))
	t.Cleanup(server.Close)
	return server
}

// post sends a form and returns the body of the answer, which must have all
// that device SDKs depend on.
func post(t *testing.T, server *httptest.Server, body string) string {
	t.Helper()
	response, err := server.Client().Post(server.URL+registration.Path, "application/x-www-form-urlencoded", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Errorf("status = %s, want 200", response.Status)
	}
	if got := response.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type = %q", got)
	}
	if response.ContentLength != int64(len(text)) || len(response.TransferEncoding) > 0 {
		t.Errorf("Content-Length = %d, transfer encoding %v, for %d bytes", response.ContentLength, response.TransferEncoding, len(text))
	}
	if len(text) >= 256 {
		t.Errorf("body has %d bytes", len(text))
	}
	return string(text)
}

// fields makes a form of the documented request with some fields changed; an
// empty value leaves the field out.
func fields(changes ...string) string {
	values := url.Values{
		"productKey": {productKey}, "deviceName": {deviceName}, "random": {"567345"},
		"signMethod": {"hmacsha1"}, "sign": {signSHA1},
	}
	for i := 0; i < len(changes); i += 2 {
		values.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			values.Del(changes[i])
		}
	}
	return values.Encode()
}

// signed is fields with the right signature for another device or product.
func signed(productKey, deviceName string) string {
	content := identity.RegistrationContent(productKey, deviceName, "567345")
	return fields("productKey", productKey, "deviceName", deviceName, "sign", identity.Sign(identity.HMACSHA1, productSecret, content))
}

func TestAccepts(t *testing.T) {
	tests := []struct{ name, body, deviceName string }{
		{"documented request", request, deviceName},
		{"hmacmd5", fields("signMethod", "hmacmd5", "sign", signMD5), deviceName},
		{"hmacsha256, upper-case hex", fields("signMethod", "hmacsha256", "sign", strings.ToUpper(signSHA256)), deviceName},
		{"method in other case", fields("signMethod", "HmacSHA1"), deviceName},
		{"unknown field", request + "&version=default", deviceName},
		{"line break at the end", request + "\r\n", deviceName},
		{"special characters, encoded", fields("deviceName", "D:e_v@1.x-Y", "random", "8Ygb7ULYh53B6OA", "sign", "a9c5ae0948a2a927705805f6375df44acdff395b"), "D:e_v@1.x-Y"},
		{
			"special characters, as they are",
			"deviceName=D:e_v@1.x-Y&productKey=a1B2c3D4e5F&random=8Ygb7ULYh53B6OA&sign=828bb74e7c6be74dfe3d77e7cd0cbc43&signMethod=hmacmd5", "D:e_v@1.x-Y",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStore()
			got := post(t, serve(t, s), test.body)
			want := `{"code":200,"data":{"deviceName":"` + test.deviceName + `","deviceSecret":"` + secret(1) + `","productKey":"a1B2c3D4e5F"},"message":"success"}`
			if got != want {
				t.Errorf("body\n got %s\nwant %s", got, want)
			}
			wantActivity := platform.Activity{
				Time: now, Kind: platform.ActivityRegistration, ProductKey: productKey, DeviceName: test.deviceName,
				Method: platform.PerProductPreregistered, Outcome: platform.Accepted, Remote: "127.0.0.1",
			}
			if activity := s.last(t); activity != wantActivity {
				t.Errorf("activity\n got %+v\nwant %+v", activity, wantActivity)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	const (
		parameter = `{"code":460,"message":"request parameter error"}`
		noDevice  = `{"code":6100,"message":"device not found"}`
		active    = `{"code":6289,"message":"device already active"}`
	)
	tests := []struct {
		name   string
		body   string
		err    error // of ReissueSecret
		want   string
		reason string // part of the recorded reason
	}{
		{name: "460 nothing", want: parameter, reason: "lacks productKey, deviceName, random, signMethod, sign"},
		{name: "460 no productKey", body: fields("productKey", ""), want: parameter, reason: "lacks productKey"},
		{name: "460 no deviceName", body: fields("deviceName", ""), want: parameter, reason: "lacks deviceName"},
		{name: "460 no random", body: fields("random", ""), want: parameter, reason: "lacks random"},
		{name: "460 no signMethod", body: fields("signMethod", ""), want: parameter, reason: "lacks signMethod"},
		{name: "460 no sign", body: fields("sign", ""), want: parameter, reason: "lacks sign"},
		{name: "460 JSON", body: `{"productKey":"a1B2c3D4e5F"}`, want: parameter, reason: "lacks productKey"},
		{name: "460 bad escape", body: request + "&x=%zz", want: parameter, reason: "not a URL-encoded form"},
		{name: "460 too large", body: request + "&x=" + strings.Repeat("x", 8<<10), want: parameter, reason: "exceeds 8192 bytes"},
		{name: "460 malformed deviceName", body: fields("deviceName", "a b"), want: parameter, reason: "deviceName is malformed"},
		{name: "460 endless productKey", body: fields("productKey", strings.Repeat("a", 65)), want: parameter, reason: "productKey exceeds"},
		{name: "6250", body: signed("a1NoProduct", deviceName), want: `{"code":6250,"message":"product not found"}`, reason: "no product has this ProductKey"},
		{name: "6288", body: signed("a1SwitchOff", deviceName), want: `{"code":6288,"message":"dynamic register is disabled"}`, reason: "turn it on"},
		{name: "6292", body: fields("signMethod", "sha256"), want: `{"code":6292,"message":"sign method not support"}`, reason: `"sha256" is none of hmacmd5, hmacsha1, hmacsha256`},
		{name: "6600", body: fields("sign", strings.Repeat("0", 40)), want: `{"code":6600,"message":"invalid sign"}`, reason: "expected hmacsha1 with the ProductSecret"},
		{name: "6600 other method", body: fields("sign", signMD5), want: `{"code":6600,"message":"invalid sign"}`, reason: "signed with hmacmd5 although it says hmacsha1"},
		{
			name: "6600 DeviceSecret",
			body: fields("sign", identity.Sign(identity.HMACSHA1, secret(0), identity.RegistrationContent(productKey, deviceName, "567345"))),
			want: `{"code":6600,"message":"invalid sign"}`, reason: "with the DeviceSecret instead of the ProductSecret",
		},
		{name: "6100", body: signed(productKey, "dev-unknown"), want: noDevice, reason: "register the DeviceName first"},
		{name: "6100 gone meanwhile", body: request, err: &platform.Error{Op: "reissue", Kind: platform.ErrNotFound}, want: noDevice, reason: "register the DeviceName first"},
		{name: "6204", body: signed(productKey, "dev-disabled"), want: `{"code":6204,"message":"device is disabled"}`, reason: "enable it"},
		{name: "6289", body: signed(productKey, "dev-active"), want: active, reason: "reset it"},
		{name: "6289 active meanwhile", body: request, err: &platform.Error{Op: "reissue", Kind: platform.ErrConflict}, want: active, reason: "reset it"},
		{name: "500", body: request, err: errors.New("disk full"), want: `{"code":500,"message":"system error"}`, reason: "log says why"},

		// Where two things are wrong the earlier check counts.
		{name: "460 before 6250", body: fields("productKey", "a1NoProduct", "random", ""), want: parameter, reason: "lacks random"},
		{name: "6250 before 6292", body: fields("productKey", "a1NoProduct", "signMethod", "sha256"), want: `{"code":6250,"message":"product not found"}`, reason: "ProductKey"},
		{name: "6288 before 6292", body: fields("productKey", "a1SwitchOff", "signMethod", "sha256"), want: `{"code":6288,"message":"dynamic register is disabled"}`, reason: "turn it on"},
		{name: "6292 before 6600", body: fields("signMethod", "x", "sign", "x"), want: `{"code":6292,"message":"sign method not support"}`, reason: "none of"},
		{name: "6600 before 6100", body: fields("deviceName", "dev-unknown"), want: `{"code":6600,"message":"invalid sign"}`, reason: "signature"},
		{name: "6600 before 6289", body: fields("deviceName", "dev-active"), want: `{"code":6600,"message":"invalid sign"}`, reason: "signature"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newStore()
			s.reissueErr = test.err
			if got := post(t, serve(t, s), test.body); got != test.want {
				t.Errorf("body\n got %s\nwant %s", got, test.want)
			}
			if s.reissued != 0 {
				t.Error("the DeviceSecret was reissued")
			}
			activity := s.last(t)
			if activity.Kind != platform.ActivityRegistration || activity.Outcome != platform.Refused ||
				activity.Method != platform.PerProductPreregistered || activity.Remote != "127.0.0.1" || !activity.Time.Equal(now) {
				t.Errorf("activity = %+v", activity)
			}
			if !strings.Contains(activity.Reason, test.reason) {
				t.Errorf("reason = %q, want it to hold %q", activity.Reason, test.reason)
			}
			for _, hidden := range []string{productSecret, secret(0), signMD5, signSHA1, signSHA256} {
				if strings.Contains(activity.Reason, hidden) {
					t.Errorf("reason %q holds a secret or a signature", activity.Reason)
				}
			}
			if len(activity.ProductKey) > 64 || len(activity.DeviceName) > 64 {
				t.Error("foreign text recorded without a limit")
			}
		})
	}
}

func TestRepeatedRegistrationIssuesNewSecret(t *testing.T) {
	s := newStore()
	server := serve(t, s)
	for n := 1; n <= 3; n++ {
		if got := post(t, server, request); !strings.Contains(got, secret(n)) {
			t.Errorf("registration %d answers %s", n, got)
		}
	}
	if v, _ := s.Verification(productKey, deviceName); v.DeviceSecret != secret(3) {
		t.Error("the last DeviceSecret is not the valid one")
	}
}

func TestRefusesWithoutTLS(t *testing.T) {
	s := newStore()
	server := httptest.NewServer(registration.New(registration.Config{Store: s}))
	defer server.Close()
	if got, want := post(t, server, request), `{"code":460,"message":"TLS is required"}`; got != want {
		t.Errorf("body = %s, want %s", got, want)
	}
	activity := s.last(t)
	if activity.Outcome != platform.Refused || !strings.Contains(activity.Reason, "without TLS") || activity.DeviceName != deviceName {
		t.Errorf("activity = %+v", activity)
	}
	if s.reissued != 0 {
		t.Error("the DeviceSecret was reissued")
	}
}

func TestOtherPathsAndMethods(t *testing.T) {
	tests := []struct {
		method, target string
		status         int
		allow          string
	}{
		{http.MethodGet, registration.Path, http.StatusMethodNotAllowed, http.MethodPost},
		{http.MethodPut, registration.Path, http.StatusMethodNotAllowed, http.MethodPost},
		{http.MethodPost, "/", http.StatusNotFound, ""},
		{http.MethodPost, registration.Path + "/", http.StatusNotFound, ""},
		{http.MethodGet, "/auth/devicename", http.StatusNotFound, ""},
	}
	for _, test := range tests {
		t.Run(test.method+" "+test.target, func(t *testing.T) {
			s := newStore()
			recorder := httptest.NewRecorder()
			registration.New(registration.Config{Store: s}).ServeHTTP(recorder, httptest.NewRequest(test.method, test.target, nil))
			if recorder.Code != test.status || recorder.Header().Get("Allow") != test.allow {
				t.Errorf("status %d, Allow %q; want %d, %q", recorder.Code, recorder.Header().Get("Allow"), test.status, test.allow)
			}
			var body struct{ Code int }
			if err := json.Unmarshal(recorder.Body.Bytes(), &body); err != nil || body.Code != test.status {
				t.Errorf("body = %s", recorder.Body)
			}
			if len(s.activities) != 0 {
				t.Errorf("recorded %v", s.activities)
			}
		})
	}
}

// TestHeaders reads the answer as it is on the wire, since C SDKs compare
// header names byte by byte and have short line buffers.
func TestHeaders(t *testing.T) {
	server := serve(t, newStore())
	conn, err := tls.Dial("tcp", server.Listener.Addr().String(), server.Client().Transport.(*http.Transport).TLSClientConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	host, _, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", registration.Path, host, len(request), request); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	var lines []string
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line = strings.TrimSuffix(line, "\r\n"); line == "" {
			break
		}
		if len(line) >= 126 {
			t.Errorf("header line of %d bytes", len(line))
		}
		lines = append(lines, line)
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	if lines[0] != "HTTP/1.1 200 OK" {
		t.Errorf("status line = %q", lines[0])
	}
	all := strings.Join(lines, "\n") + "\n"
	if !strings.Contains(all, fmt.Sprintf("\nContent-Length: %d\n", len(body))) || !strings.Contains(all, "\nContent-Type: application/json\n") {
		t.Errorf("headers\n%s", all)
	}
	if !bytes.HasPrefix(body, []byte(`{"code":200,"data":{"deviceName":`)) {
		t.Errorf("body = %s", body)
	}
}

// TestLongestSuccess checks the limit of 256 bytes with the longest values that
// products and devices have.
func TestLongestSuccess(t *testing.T) {
	s := newStore()
	longName, longKey := strings.Repeat("n", platform.DeviceNameMax), strings.Repeat("k", 20)
	s.products[longKey] = s.products[productKey]
	s.devices[platform.DeviceRef{ProductKey: longKey, DeviceName: longName}] = identity.DeviceVerification{}
	if got := post(t, serve(t, s), signed(longKey, longName)); !strings.HasPrefix(got, `{"code":200,`) {
		t.Errorf("body = %s", got)
	}
}

func TestLogsSystemErrorWithoutSecrets(t *testing.T) {
	var log bytes.Buffer
	s := newStore()
	s.reissueErr = errors.New("disk full")
	server := httptest.NewTLSServer(registration.New(registration.Config{Store: s, Log: slog.New(slog.NewTextHandler(&log, nil))}))
	post(t, server, request)
	server.Close() // waits for the handler, so that the log is complete
	if text := log.String(); !strings.Contains(text, "disk full") || !strings.Contains(text, deviceName) ||
		strings.Contains(text, productSecret) || strings.Contains(text, secret(0)) || strings.Contains(text, signSHA1) {
		t.Errorf("log = %s", text)
	}
}

func TestNewNeedsStore(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New accepted a Config without Store")
		}
	}()
	registration.New(registration.Config{})
}

func FuzzRegister(f *testing.F) {
	for _, body := range []string{
		request,
		fields("signMethod", "hmacmd5", "sign", signMD5),
		signed(productKey, "dev-active"),
		signed(productKey, "D:e_v@1.x-Y"),
		fields("productKey", strings.Repeat("a", 65)),
		"", "&&&", "=", "productKey", "productKey=%zz", "a;b", "productKey=\xff&deviceName=%ff", "{}",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		s := newStore()
		r := httptest.NewRequest(http.MethodPost, registration.Path, strings.NewReader(body))
		r.TLS = &tls.ConnectionState{}
		recorder := httptest.NewRecorder()
		registration.New(registration.Config{Store: s}).ServeHTTP(recorder, r)

		var answer struct {
			Code int
			Data *struct{ DeviceName, DeviceSecret, ProductKey string }
		}
		if err := json.Unmarshal(recorder.Body.Bytes(), &answer); err != nil {
			t.Fatalf("body %q: %v", recorder.Body, err)
		}
		if recorder.Code != http.StatusOK || recorder.Body.Len() >= 256 || !strings.HasPrefix(recorder.Body.String(), `{"code":`) {
			t.Fatalf("status %d, body %s", recorder.Code, recorder.Body)
		}
		accepted := answer.Code == 200
		activity := s.last(t)
		if accepted != (activity.Outcome == platform.Accepted) || accepted != (answer.Data != nil) ||
			accepted != (s.reissued == 1) || accepted != (activity.Reason == "") {
			t.Fatalf("body %s, %d reissued, activity %+v", recorder.Body, s.reissued, activity)
		}
		if !accepted {
			return
		}
		// What was accepted must be signed with the ProductSecret.
		values, err := url.ParseQuery(strings.TrimSpace(body))
		if err != nil {
			t.Fatal(err)
		}
		method, err := identity.ParseSignMethod(values.Get("signMethod"))
		content := identity.RegistrationContent(values.Get("productKey"), values.Get("deviceName"), values.Get("random"))
		if err != nil || !strings.EqualFold(values.Get("sign"), identity.Sign(method, productSecret, content)) {
			t.Fatalf("accepted %q", body)
		}
	})
}
