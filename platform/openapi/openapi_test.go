package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fleetmint/platform"
	"fleetmint/platform/openapi/signature"
	"fleetmint/platform/openapi/wire"
)

const (
	testKeyID  = "testid"
	testSecret = "testsecret-do-not-show"
	testToken  = "testtoken-do-not-show"
)

// received is one request as the server saw it.
type received struct {
	action string
	params url.Values // query and form
	header http.Header
}

// cloud is a server that answers each action with what the test says.
type cloud struct {
	*httptest.Server
	mu       sync.Mutex
	requests []received
}

// reply answers one request. Where it is text, it is the body with status 200.
type reply func(http.ResponseWriter, received)

func text(body string) reply { return status(http.StatusOK, body) }

func status(code int, body string) reply {
	return func(w http.ResponseWriter, _ received) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

const success = `{"RequestId":"R-1","Success":true}`

func refusal(code string) reply {
	return text(fmt.Sprintf(`{"RequestId":"R-1","Success":false,"Code":%q,"ErrorMessage":"said by the platform"}`, code))
}

// newCloud serves the replies of each action in their order; the last one is
// repeated. It verifies the signature of every request.
func newCloud(t *testing.T, replies map[string][]reply) *cloud {
	t.Helper()
	c := &cloud{}
	next := map[string]int{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read request: %v", err)
		}
		signed, err := signature.VerifyV3(r, body, func(id string) (string, bool) { return testSecret, id == testKeyID })
		if err != nil || signed.Version != wire.Version {
			t.Errorf("version %q, signature: %v", signed.Version, err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if err := r.ParseForm(); err != nil {
			t.Errorf("parse request: %v", err)
		}
		got := received{action: signed.Action, params: r.Form, header: r.Header}
		c.mu.Lock()
		c.requests = append(c.requests, got)
		all := replies[got.action]
		i := min(next[got.action], len(all)-1)
		next[got.action]++
		c.mu.Unlock()
		if i < 0 {
			t.Errorf("unexpected action %q", got.action)
			w.WriteHeader(http.StatusNotFound)
			return
		}
		all[i](w, got)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *cloud) seen(action string) []received {
	c.mu.Lock()
	defer c.mu.Unlock()
	var seen []received
	for _, r := range c.requests {
		if r.action == action {
			seen = append(seen, r)
		}
	}
	return seen
}

// client returns a client of the server that does not really wait.
func (c *cloud) client(t *testing.T, change func(*Config)) *Client {
	t.Helper()
	cfg := Config{
		Endpoint:    c.URL,
		Credentials: signature.Credentials{AccessKeyID: testKeyID, AccessKeySecret: testSecret, SecurityToken: testToken},
	}
	if change != nil {
		change(&cfg)
	}
	client, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	client.pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	t.Cleanup(client.Close)
	return client
}

// wantPublic fails the test when an error shows a secret or a signed address.
func wantPublic(t *testing.T, err error) {
	t.Helper()
	for _, hidden := range []string{testSecret, testToken, "DeviceName=", "ProductKey=", "Signature="} {
		if strings.Contains(fmt.Sprintf("%v %+v", err, err), hidden) {
			t.Errorf("the error shows %q: %v", hidden, err)
		}
	}
}

var lamp = platform.DeviceRef{ProductKey: "a1BwAGV****", DeviceName: "lamp-1"}

func TestNewRefusesBadConfig(t *testing.T) {
	good := signature.Credentials{AccessKeyID: testKeyID, AccessKeySecret: testSecret}
	for endpoint, credentials := range map[string]signature.Credentials{
		"":                             good,
		"iot.cn-shanghai.aliyuncs.com": good,
		"ftp://127.0.0.1":              good,
		"http://":                      good,
		"http://user:" + testSecret + "@127.0.0.1": good,
		"http://127.0.0.1/?a=b":                    good,
		"http://127.0.0.1/path":                    good,
		"http://127.0.0.1\x7f" + testSecret:        good,
		"http://127.0.0.1:1":                       {AccessKeyID: testKeyID},
		"http://127.0.0.1:2":                       {AccessKeySecret: testSecret},
	} {
		_, err := New(Config{Endpoint: endpoint, Credentials: credentials})
		if err == nil {
			t.Errorf("New with endpoint %q and %t credentials: no error", endpoint, credentials == good)
		} else {
			wantPublic(t, err)
		}
	}
	if _, err := New(Config{Endpoint: "https://iot.cn-shanghai.aliyuncs.com/", Credentials: good}); err != nil {
		t.Error(err)
	}
}

func TestRequestIsSignedAndComplete(t *testing.T) {
	server := newCloud(t, map[string][]reply{
		"RegisterDevice": {text(`{"RequestId":"R-1","Success":true,"Data":{"ProductKey":"a1BwAGV****","DeviceName":"lamp-1","DeviceSecret":"ds","IotId":"iot"}}`)},
	})
	client := server.client(t, func(c *Config) { c.IotInstanceID = "iot-060a" })
	device, err := client.RegisterDevice(t.Context(), platform.NewDevice{ProductKey: lamp.ProductKey, DeviceName: lamp.DeviceName, Nickname: "a b+c"})
	if err != nil {
		t.Fatal(err)
	}
	if device.DeviceRef != lamp || device.DeviceSecret != "ds" || device.Status != platform.StatusUnactive || device.Created.IsZero() {
		t.Errorf("got %+v", device)
	}
	got := server.seen("RegisterDevice")[0]
	want := url.Values{"ProductKey": {lamp.ProductKey}, "DeviceName": {"lamp-1"}, "Nickname": {"a b+c"}, "IotInstanceId": {"iot-060a"}}
	if got.params.Encode() != want.Encode() {
		t.Errorf("parameters %v, want %v", got.params, want)
	}
	if got.header.Get("x-acs-security-token") != testToken {
		t.Error("the SecurityToken is not sent")
	}
}

func TestErrorKinds(t *testing.T) {
	for code, kind := range map[string]error{
		"iot.prod.NotExistedProduct":            platform.ErrNotFound,
		"iot.device.NotExistedDevice":           platform.ErrNotFound,
		"iot.device.AlreadyExistedDeviceName":   platform.ErrAlreadyExists,
		"iot.device.InvalidFormattedDeviceName": platform.ErrInvalid,
		"iot.device.DeviceCountExceeded":        platform.ErrConflict,
		"iot.common.RamActionPermissionDeny":    platform.ErrUnauthorized,
		"iot.common.APINotSupportedInInstance":  platform.ErrUnsupported,
		"iot.system.SystemException":            platform.ErrInternal,
		"iot.device.DeleteDeviceFailed":         platform.ErrInternal,
		"iot.device":                            platform.ErrInternal,
		"something.new":                         platform.ErrInternal,
		"Throttling.User":                       platform.ErrThrottled,
	} {
		t.Run(code, func(t *testing.T) {
			server := newCloud(t, map[string][]reply{"DeleteDevice": {refusal(code)}})
			err := server.client(t, nil).DeleteDevice(t.Context(), lamp)
			wantRefusal(t, err, kind, code)
		})
	}
	for _, row := range []struct {
		status int
		code   string
		kind   error
	}{
		{400, "SignatureDoesNotMatch", platform.ErrUnauthorized},
		{400, "IncompleteSignature", platform.ErrUnauthorized},
		{404, "InvalidAccessKeyId.NotFound", platform.ErrUnauthorized},
		{400, "InvalidAccessKeyId.Inactive", platform.ErrUnauthorized},
		{400, "InvalidTimeStamp.Expired", platform.ErrUnauthorized},
		{400, "InvalidSecurityToken.Expired", platform.ErrUnauthorized},
		{400, "SignatureNonceUsed", platform.ErrUnauthorized},
		{403, "Forbidden.RAM", platform.ErrUnauthorized},
		{403, "Unheard.Of", platform.ErrUnauthorized},
		{400, "MissingDeviceName", platform.ErrInvalid},
		{400, "MissingWhatever", platform.ErrInvalid},
		{404, "InvalidApi.NotFound", platform.ErrUnsupported},
		{400, "Throttling.Api", platform.ErrThrottled},
		{429, "Unheard.Of", platform.ErrThrottled},
		{503, "ServiceUnavailable", platform.ErrUnavailable},
		{500, "InternalError", platform.ErrInternal},
		{502, "Unheard.Of", platform.ErrUnavailable},
		{400, "Unheard.Of", platform.ErrInternal},
	} {
		t.Run(row.code, func(t *testing.T) {
			body := fmt.Sprintf(`{"RequestId":"R-1","HostId":"h","Code":%q,"Message":"server string to sign is:x with %s and %s"}`, row.code, testSecret, testToken)
			server := newCloud(t, map[string][]reply{"DeleteDevice": {status(row.status, body)}})
			err := server.client(t, nil).DeleteDevice(t.Context(), lamp)
			wantRefusal(t, err, row.kind, row.code)
			if strings.HasPrefix(row.code, "Signature") && strings.Contains(err.Error(), "string to sign") {
				t.Errorf("the error shows what was signed: %v", err)
			}
		})
	}
}

func wantRefusal(t *testing.T, err, kind error, code string) {
	t.Helper()
	var refused *platform.Error
	if !errors.As(err, &refused) || refused.Kind != kind {
		t.Fatalf("got %v, want %v", err, kind)
	}
	if refused.Code != code || refused.RequestID != "R-1" || refused.Op != "delete device" || refused.Message == "" {
		t.Errorf("got %+v", refused)
	}
	if refused.Field == platform.FieldDeviceName && refused.Value != lamp.DeviceName {
		t.Errorf("value %q of field %s", refused.Value, refused.Field)
	}
	wantPublic(t, err)
}

func TestForeignAnswers(t *testing.T) {
	for name, answer := range map[string]reply{
		"page": func(w http.ResponseWriter, _ received) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>"+testSecret)
		},
		"page of a proxy": status(http.StatusBadGateway, "<html>"),
		"no envelope":     text(`{"hello":"world"}`),
		"wrong type":      text(`[]`),
		"empty":           text(``),
		"redirect": func(w http.ResponseWriter, _ received) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newCloud(t, map[string][]reply{"DeleteDevice": {answer}})
			err := server.client(t, nil).DeleteDevice(t.Context(), lamp)
			if !errors.Is(err, platform.ErrUnavailable) || !strings.Contains(err.Error(), "does not answer like an IoT OpenAPI") {
				t.Errorf("got %v", err)
			}
			wantPublic(t, err)
		})
	}
}

// cut ends the connection in the middle of the answer.
func cut(w http.ResponseWriter, _ received) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"RequestId":`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func TestTries(t *testing.T) {
	throttled := status(http.StatusBadRequest, `{"RequestId":"R-1","Code":"Throttling.User","Message":"slow down"}`)
	down := status(http.StatusServiceUnavailable, `{"RequestId":"R-1","Code":"ServiceUnavailable","Message":"later"}`)
	detail := text(`{"RequestId":"R-1","Success":true,"Data":{"ProductKey":"a1BwAGV****","DeviceName":"lamp-1","Status":"ONLINE","UtcOnline":"2018-08-07T07:54:15.000Z","UtcActive":""}}`)
	read := func(c *Client) error { _, err := c.Device(t.Context(), lamp); return err }
	write := func(c *Client) error { return c.DeleteDevice(t.Context(), lamp) }
	for _, row := range []struct {
		name    string
		action  string
		call    func(*Client) error
		replies []reply
		tries   int
		kind    error
	}{
		{"read, cut once", "QueryDeviceDetail", read, []reply{cut, detail}, 2, nil},
		{"read, down twice", "QueryDeviceDetail", read, []reply{down, down, detail}, 3, nil},
		{"read, throttled", "QueryDeviceDetail", read, []reply{throttled, detail}, 2, nil},
		{"read, always cut", "QueryDeviceDetail", read, []reply{cut}, 3, platform.ErrUnavailable},
		{"read, always down", "QueryDeviceDetail", read, []reply{down}, 3, platform.ErrUnavailable},
		{"read, unknown device", "QueryDeviceDetail", read, []reply{refusal("iot.device.NotExistedDevice")}, 1, platform.ErrNotFound},
		{"write, cut", "DeleteDevice", write, []reply{cut, text(success)}, 1, platform.ErrUnavailable},
		{"write, down", "DeleteDevice", write, []reply{down, text(success)}, 1, platform.ErrUnavailable},
		{"write, throttled", "DeleteDevice", write, []reply{throttled, refusal("Throttling"), text(success)}, 3, nil},
		{"write, always throttled", "DeleteDevice", write, []reply{throttled}, 3, platform.ErrThrottled},
	} {
		t.Run(row.name, func(t *testing.T) {
			server := newCloud(t, map[string][]reply{row.action: row.replies})
			err := row.call(server.client(t, nil))
			if row.kind == nil && err != nil || !errors.Is(err, row.kind) {
				t.Errorf("got %v, want %v", err, row.kind)
			}
			seen := server.seen(row.action)
			if len(seen) != row.tries {
				t.Errorf("%d tries, want %d", len(seen), row.tries)
			}
			nonces := map[string]bool{}
			for _, r := range seen {
				nonces[r.header.Get("x-acs-signature-nonce")] = true
			}
			if len(nonces) != len(seen) {
				t.Errorf("%d nonces for %d tries", len(nonces), len(seen))
			}
			if err != nil {
				wantPublic(t, err)
			}
		})
	}
}

func TestNoConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	server := &cloud{Server: &httptest.Server{URL: "http://" + address}}
	err = server.client(t, nil).DeleteDevice(t.Context(), lamp)
	if !errors.Is(err, platform.ErrUnavailable) || !strings.Contains(err.Error(), address) {
		t.Errorf("got %v, want unavailable with the address", err)
	}
	wantPublic(t, err)
}

func TestUntrustedCertificateIsNotRetried(t *testing.T) {
	tries := 0
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	server.Config.ErrorLog = nil
	client := (&cloud{Server: server}).client(t, nil)
	client.pause = func(context.Context, time.Duration) error { tries++; return nil }
	_, err := client.Device(t.Context(), lamp)
	if !errors.Is(err, platform.ErrUnavailable) || tries != 0 {
		t.Errorf("got %v after %d more tries", err, tries)
	}
	wantPublic(t, err)
}

func TestTimeoutIsNotTheCallersDeadline(t *testing.T) {
	release := make(chan struct{})
	server := newCloud(t, map[string][]reply{"DeleteDevice": {func(http.ResponseWriter, received) { <-release }}})
	defer close(release)
	err := server.client(t, func(c *Config) { c.Timeout = 20 * time.Millisecond }).DeleteDevice(t.Context(), lamp)
	if !errors.Is(err, platform.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want unavailable alone", err)
	}
	wantPublic(t, err)
}

func TestCancelDuringRequestAndPause(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	server := newCloud(t, map[string][]reply{
		"DeleteDevice":      {func(http.ResponseWriter, received) { close(arrived); <-release }},
		"QueryDeviceDetail": {cut},
	})
	defer close(release)
	client := server.client(t, nil)

	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	err := client.DeleteDevice(ctx, lamp)
	if !errors.Is(err, context.Canceled) || errors.Is(err, platform.ErrUnavailable) {
		t.Errorf("cancelled in the request: %v", err)
	}
	wantPublic(t, err)

	ctx, cancel = context.WithCancel(t.Context())
	client.pause = func(ctx context.Context, _ time.Duration) error {
		cancel()
		return sleep(ctx, time.Hour)
	}
	if _, err := client.Device(ctx, lamp); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled in the pause: %v", err)
	}
	if n := len(server.seen("QueryDeviceDetail")); n != 1 {
		t.Errorf("%d tries after the context ended, want 1", n)
	}
}

func TestAnswerSizeIsLimited(t *testing.T) {
	server := newCloud(t, map[string][]reply{"QueryDeviceDetail": {text(`{"RequestId":"` + strings.Repeat("x", 4096) + `"}`)}})
	_, err := server.client(t, func(c *Config) { c.MaxResponseBytes = 1024 }).Device(t.Context(), lamp)
	if !errors.Is(err, platform.ErrUnavailable) || !strings.Contains(err.Error(), "1024 bytes") {
		t.Errorf("got %v", err)
	}
	if n := len(server.seen("QueryDeviceDetail")); n != 1 {
		t.Errorf("%d tries, want 1", n)
	}
}

func TestPagesOfAnySize(t *testing.T) {
	const total = 130
	all := make([]int, total)
	for i := range all {
		all[i] = i
	}
	for _, most := range []int{1, 7, 50, 200} {
		for _, size := range []int{1, 7, 50, 64, 130, 500} {
			var got []int
			for number := 1; number <= total/size+2; number++ {
				items, n, err := gather("list", platform.Page{Number: number, Size: size}, most, func(number, size int) ([]int, int, error) {
					if size > most {
						t.Fatalf("asked for %d at once, limit %d", size, most)
					}
					from := min((number-1)*size, total)
					return all[from:min(from+size, total)], total, nil
				})
				if err != nil || n != total || len(items) > size {
					t.Fatalf("%d items, total %d, %v", len(items), n, err)
				}
				got = append(got, items...)
			}
			if !slices.Equal(got, all) {
				t.Errorf("limit %d, size %d: got %v", most, size, got)
			}
		}
	}
	for _, page := range []platform.Page{{}, {Number: 1}, {Size: 1}, {Number: -1, Size: 1}, {Number: 1 << 31, Size: 1 << 31}} {
		if _, _, err := gather("list", page, 10, func(int, int) ([]int, int, error) { return nil, 0, nil }); !errors.Is(err, platform.ErrInvalid) {
			t.Errorf("page %+v: %v", page, err)
		}
	}
}

func TestProducts(t *testing.T) {
	server := newCloud(t, map[string][]reply{
		"QueryProductList": {text(`{"RequestId":"R-1","Success":true,"Code":"","Data":{"CurrentPage":1,"PageCount":1,"PageSize":10,"Total":3,"List":{"ProductInfo":[
			{"ProductKey":"pk2","ProductName":"two","NodeType":1,"DataFormat":1,"AuthType":"secret","Description":"d","DeviceCount":4,"GmtCreate":1533628455000,"DynamicRegistration":true},
			{"ProductKey":"pk1","ProductName":"one"},{"ProductKey":"pk0","ProductName":"gone"}]}}}`)},
		"ListProductTags": {func(w http.ResponseWriter, r received) {
			switch r.params.Get("ProductKey") {
			case "pk2":
				text(`{"RequestId":"R-1","Success":true,"Data":{"ProductTag":[{"TagKey":"room","TagValue":"x"},{"TagKey":"fleetmint.method","TagValue":"SubDevice"}]}}`)(w, r)
			case "pk1":
				text(`{"RequestId":"R-1","Success":true,"Data":{"ProductTag":[{"TagKey":"fleetmint.method","TagValue":"Other"}]}}`)(w, r)
			default:
				refusal("iot.prod.NotExistedProduct")(w, r)
			}
		}},
	})
	page, err := server.client(t, nil).Products(t.Context(), platform.Page{Number: 1, Size: 10})
	if err != nil {
		t.Fatal(err)
	}
	want := []platform.Product{
		{
			ProductKey: "pk2", Name: "two", Description: "d", NodeType: platform.NodeGateway, Method: platform.SubDevice, DeviceCount: 4,
			Created: time.Date(2018, 8, 7, 7, 54, 15, 0, time.UTC), DynamicRegistration: true, DynamicRegistrationKnown: true,
		},
		{ProductKey: "pk1", Name: "one"},
		{ProductKey: "pk0", Name: "gone"},
	}
	if page.Total != 3 || !slices.Equal(page.Products, want) {
		t.Errorf("got %+v, want %+v", page, want)
	}
}

func TestCreateProductSurvivesFailedTag(t *testing.T) {
	server := newCloud(t, map[string][]reply{
		"CreateProduct":     {text(`{"RequestId":"R-1","Success":true,"ProductKey":"pk","Data":{"ProductKey":"pk","ProductName":"lamp","ProductSecret":"ps","NodeType":0}}`)},
		"CreateProductTags": {refusal("iot.system.SystemException")},
	})
	product, err := server.client(t, nil).CreateProduct(t.Context(), platform.NewProduct{Name: "lamp", Method: platform.PerDevice})
	if !errors.Is(err, platform.ErrInternal) {
		t.Errorf("got %v, want the failure of the tag", err)
	}
	if product.ProductKey != "pk" || product.ProductSecret != "ps" || product.Method != platform.MethodUnknown {
		t.Errorf("got %+v", product)
	}
	if got := server.seen("CreateProductTags")[0].params; got.Get("ProductTag.1.TagKey") != platform.TagMethod || got.Get("ProductTag.1.TagValue") != "PerDevice" {
		t.Errorf("tag %v", got)
	}
}

func TestDeleteProductExplainsUnknownRefusal(t *testing.T) {
	for devices, kind := range map[int]error{0: platform.ErrInternal, 3: platform.ErrConflict} {
		server := newCloud(t, map[string][]reply{
			"DeleteProduct": {refusal("iot.prod.DeleteProductFailed")},
			"QueryProduct":  {text(fmt.Sprintf(`{"RequestId":"R-1","Success":true,"Data":{"ProductKey":"pk","DeviceCount":%d}}`, devices))},
		})
		if err := server.client(t, nil).DeleteProduct(t.Context(), "pk"); !errors.Is(err, kind) {
			t.Errorf("%d devices: %v, want %v", devices, err, kind)
		}
	}
}

func TestDynamicRegistrationNeedsExtensions(t *testing.T) {
	server := newCloud(t, map[string][]reply{"SetDynamicRegistration": {text(success)}})
	err := server.client(t, nil).SetDynamicRegistration(t.Context(), "pk", true)
	var refused *platform.Error
	if !errors.As(err, &refused) || refused.Kind != platform.ErrUnsupported || refused.Message == "" {
		t.Errorf("got %v", err)
	}
	extended := server.client(t, func(c *Config) { c.Extensions = true })
	if err := extended.SetDynamicRegistration(t.Context(), "pk", false); err != nil {
		t.Error(err)
	}
	if seen := server.seen("SetDynamicRegistration"); len(seen) != 1 || seen[0].params.Get("Enabled") != "false" {
		t.Errorf("got %v", seen)
	}
}

func TestDevicesNamed(t *testing.T) {
	server := newCloud(t, map[string][]reply{"BatchQueryDeviceDetail": {func(w http.ResponseWriter, r received) {
		type detail struct{ DeviceName, UtcActive string }
		var found []detail
		for key, value := range r.params {
			if strings.HasPrefix(key, "DeviceName.") && value[0] != "absent" {
				found = append(found, detail{value[0], "2018-08-07T07:54:15.000Z"})
			}
		}
		if len(found) > 100 {
			t.Errorf("%d names in one call", len(found))
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"RequestId": "R-1", "Success": true, "Data": map[string]any{"Data": found}})
	}}})
	want := make([]string, 150)
	for i := range want {
		want[i] = fmt.Sprintf("unit-%03d", 150-i)
	}
	devices, err := server.client(t, nil).DevicesNamed(t.Context(), "pk", append([]string{"absent", "x", "unit-150"}, want...))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]string, len(devices))
	for i, d := range devices {
		got[i] = d.DeviceName
	}
	if !slices.Equal(got, want) || devices[0].Activated.IsZero() {
		t.Errorf("got %v", got)
	}
	if n := len(server.seen("BatchQueryDeviceDetail")); n != 2 {
		t.Errorf("%d calls, want 2", n)
	}
}
