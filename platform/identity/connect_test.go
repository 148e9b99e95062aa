package identity_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"fleetmint/platform"
	"fleetmint/platform/identity"
)

var certificate = platform.Certificate{ProductKey: productKey, DeviceName: deviceName, DeviceSecret: deviceSecret}

const username = deviceName + "&" + productKey

// TestConnectVerifies takes CONNECTs as official SDKs send them through parsing
// and verification.
func TestConnectVerifies(t *testing.T) {
	tests := []struct {
		name     string
		clientID string
		username string
		password string
		wantID   string
		method   identity.SignMethod
	}{
		{
			"D1", "dev-01|securemode=3,signmethod=hmacsha256,timestamp=1700000000000|", username,
			"7f5eed491667b63ffc466c87a5bab54ea465821329ea541982758ce2579c2378", "dev-01", identity.HMACSHA256,
		},
		{
			"D1 upper-case hex", "dev-01|securemode=3,signmethod=hmacsha256,timestamp=1700000000000|", username,
			"7F5EED491667B63FFC466C87A5BAB54EA465821329EA541982758CE2579C2378", "dev-01", identity.HMACSHA256,
		},
		{
			"D1 method in other case, order changed", "dev-01|timestamp=1700000000000,signmethod=HmacSha1,securemode=2|", username,
			"f242bb9cc153dad888a8c84894df94f9b9b0eee6", "dev-01", identity.HMACSHA1,
		},
		{
			"D2 default method", "dev-01|securemode=3|", username,
			"72fe76fc24e14da406eb89f5b4202122", "dev-01", identity.HMACMD5,
		},
		{
			"D2 no parameters", "dev-01||", username,
			"72fe76fc24e14da406eb89f5b4202122", "dev-01", identity.HMACMD5,
		},
		{
			"D3 Node", "a1B2c3D4e5F&dev-01|securemode=3,signmethod=hmacsha1,timestamp=1700000000000,lan=NodeJS,_v=1.2.8|", username,
			"91f4b4f0211a5847d595accbe5e9f8bd519e666b", "a1B2c3D4e5F&dev-01", identity.HMACSHA1,
		},
		{
			"D4 C", "a1B2c3D4e5F.dev-01|timestamp=2524608000000,_ss=1,_v=sdk-c-4.2.0,securemode=2,signmethod=hmacsha256,ext=3,|", username,
			"2569C3D98D451367C9D4A4682F201E1239684582EC90B71E47E0FD529E69D3F4", "a1B2c3D4e5F.dev-01", identity.HMACSHA256,
		},
		{
			"D5 no timestamp", "a1B2c3D4e5F.dev-01|signmethod=hmacsha256|", username,
			"6e7682b8b02d29fdbfd4863d47b928db72b72bbcaa6b27ab0d976afa373e9746", "a1B2c3D4e5F.dev-01", identity.HMACSHA256,
		},
		{
			"D6 Python", "a1B2c3D4e5F&dev-01|securemode=2,signmethod=hmacsha1,ext=1,_ss=1,lan=Python,_v=1.2.13,timestamp=1700000000|", username,
			"d813f8f3e13e0ac2f517bb077c4580967fac20bc", "a1B2c3D4e5F&dev-01", identity.HMACSHA1,
		},
		{
			"D7 line breaks", "a1B2c3D4e5F&dev-01_aliyun-iot-device-sdk-js|securemode=3,\n        signmethod=hmacsha1,\n        timestamp=1700000000000|", username,
			"654f2cf4fc3df88591fa8ad87432530465de0291", "a1B2c3D4e5F&dev-01_aliyun-iot-device-sdk-js", identity.HMACSHA1,
		},
		{
			"D7 blanks everywhere", "a1B2c3D4e5F&dev-01_aliyun-iot-device-sdk-js| securemode = 3 ,,\r\n\tsignmethod = hmacsha256 , timestamp\t=\t1700000000000 ,\n|", username,
			"d6c0a1fa1d2d41fdedd00183f0aa378d78572f286dd572e4751eeffa72136ef2", "a1B2c3D4e5F&dev-01_aliyun-iot-device-sdk-js", identity.HMACSHA256,
		},
		{
			"D8 captured", "a1B2c3D4e5F&gw-01|securemode=3,signmethod=hmacsha1,timestamp=1795379963507,lan=NodeJS,_v=1.2.8|", "gw-01&a1B2c3D4e5F",
			"dd47f6715362e2c7e5fac72e76824b959ba678e2", "a1B2c3D4e5F&gw-01", identity.HMACSHA1,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := identity.ParseConnect(test.clientID, test.username)
			if err != nil {
				t.Fatal(err)
			}
			if p.ID != test.wantID {
				t.Errorf("ID = %q, want %q", p.ID, test.wantID)
			}
			method, err := p.SignMethod()
			if err != nil || method != test.method {
				t.Fatalf("SignMethod = %q, %v; want %q", method, err, test.method)
			}
			if !identity.Verify(method, deviceSecret, p.Content(), test.password) {
				t.Errorf("not verified over %q", p.Content())
			}
		})
	}
}

func TestConnectDoesNotVerify(t *testing.T) {
	const (
		withTimestamp    = "f242bb9cc153dad888a8c84894df94f9b9b0eee6"
		withoutTimestamp = "31be52115a0b42f88fad488373636b3abe374f76"
	)
	tests := []struct{ name, clientID, username, password string }{
		{"timestamp signed but not sent", "dev-01|signmethod=hmacsha1|", username, withTimestamp},
		{"timestamp sent but not signed", "dev-01|signmethod=hmacsha1,timestamp=1700000000000|", username, withoutTimestamp},
		{"SHA-1 that says hmacsha256", "dev-01|signmethod=hmacsha256|", username, withoutTimestamp},
		{"username swapped", "dev-01|signmethod=hmacsha1|", "a1B2c3D4e5F&dev-01", withoutTimestamp},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := identity.ParseConnect(test.clientID, test.username)
			if err != nil {
				t.Fatal(err)
			}
			method, err := p.SignMethod()
			if err != nil {
				t.Fatal(err)
			}
			if identity.Verify(method, deviceSecret, p.Content(), test.password) {
				t.Error("verified")
			}
		})
	}
}

func TestParseConnect(t *testing.T) {
	p, err := identity.ParseConnect("dev.1|random=567345,authType=register,securemode=-2,signmethod=hmacsha256,instanceId=iot-060a0b,_ss=1,sii=a=b,x=1,x=2|", "D:e@v.1_x-Y&a1B2c3D4e5F")
	if err != nil {
		t.Fatal(err)
	}
	if want := (platform.DeviceRef{ProductKey: "a1B2c3D4e5F", DeviceName: "D:e@v.1_x-Y"}); p.Ref() != want {
		t.Errorf("Ref = %v, want %v", p.Ref(), want)
	}
	if p.AuthType() != identity.AuthTypeRegister || p.Random() != "567345" ||
		p.SecureMode() != identity.SecureModeUnregistered || p.InstanceID() != "iot-060a0b" || !p.AutoSubscribe() {
		t.Errorf("parameters read wrongly: %v", p.Params)
	}
	if _, ok := p.Timestamp(); ok {
		t.Error("Timestamp found where none is")
	}
	if p.Params["sii"] != "a=b" || p.Params["x"] != "2" {
		t.Errorf("sii = %q, x = %q; want a=b, 2", p.Params["sii"], p.Params["x"])
	}
	if want := "deviceNameD:e@v.1_x-YproductKeya1B2c3D4e5Frandom567345"; p.RegistrationContent() != want {
		t.Errorf("RegistrationContent = %q, want %q", p.RegistrationContent(), want)
	}
}

func TestParseConnectDefaults(t *testing.T) {
	p, err := identity.ParseConnect("dev-01||", username)
	if err != nil {
		t.Fatal(err)
	}
	method, err := p.SignMethod()
	if method != identity.HMACMD5 || err != nil {
		t.Errorf("SignMethod = %q, %v; want hmacmd5", method, err)
	}
	if p.AuthType() != "" || p.SecureMode() != "" || p.Random() != "" || p.InstanceID() != "" || p.AutoSubscribe() {
		t.Error("a CONNECT without parameters has some")
	}
	unsupported, err := identity.ParseConnect("dev-01|signmethod=sha256|", username)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unsupported.SignMethod(); !errors.Is(err, identity.ErrSignMethod) {
		t.Errorf("SignMethod of sha256: %v, want ErrSignMethod", err)
	}
}

func TestParseConnectUsername(t *testing.T) {
	tests := []struct{ username, deviceName, productKey string }{
		{"dev-01&a1B2c3D4e5F", "dev-01", "a1B2c3D4e5F"},
		{"a1B2c3D4e5F&dev-01", "a1B2c3D4e5F", "dev-01"}, // swapped: no such device
		{"a@b:c.d&a1B2c3D4e5F", "a@b:c.d", "a1B2c3D4e5F"},
		{"dev&01&a1B2c3D4e5F", "dev&01", "a1B2c3D4e5F"}, // cut at the last &
	}
	for _, test := range tests {
		p, err := identity.ParseConnect("id||", test.username)
		if err != nil || p.DeviceName != test.deviceName || p.ProductKey != test.productKey {
			t.Errorf("%q gives %q, %q, %v; want %q, %q", test.username, p.DeviceName, p.ProductKey, err, test.deviceName, test.productKey)
		}
	}
}

func TestParseConnectRefuses(t *testing.T) {
	tests := []struct {
		name     string
		clientID string
		username string
		want     error
	}{
		{"empty", "", username, identity.ErrClientID},
		{"no parameters", "dev-01", username, identity.ErrClientID},
		{"no closing |", "dev-01|securemode=3", username, identity.ErrClientID},
		{"two groups", "dev-01|securemode=3|signmethod=hmacsha1|", username, identity.ErrClientID},
		{"two pairs", "dev-01|securemode=3||signmethod=hmacsha1|", username, identity.ErrClientID},
		{"text after", "dev-01|securemode=3|x", username, identity.ErrClientID},
		{"empty id", "|securemode=3|", username, identity.ErrClientID},
		{"blank id", " \n|securemode=3|", username, identity.ErrClientID},
		{"no value", "dev-01|securemode|", username, identity.ErrClientID},
		{"no name", "dev-01|=3|", username, identity.ErrClientID},
		{"absurdly long", strings.Repeat("x", 5000) + "||", username, identity.ErrClientID},
		{"no username", "dev-01||", "", identity.ErrUsername},
		{"username without &", "dev-01||", "dev-01", identity.ErrUsername},
		{"no DeviceName", "dev-01||", "&a1B2c3D4e5F", identity.ErrUsername},
		{"no ProductKey", "dev-01||", "dev-01&", identity.ErrUsername},
		{"long username", "dev-01||", strings.Repeat("x", 300) + "&y", identity.ErrUsername},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := identity.ParseConnect(test.clientID, test.username)
			if !errors.Is(err, test.want) {
				t.Errorf("error = %v, want %v", err, test.want)
			}
		})
	}
}

func TestBuildConnect(t *testing.T) {
	tests := []struct {
		name    string
		options identity.Options
		want    identity.Connect
	}{
		{
			"D1",
			identity.Options{ClientID: "dev-01", SignMethod: identity.HMACSHA256, Timestamp: "1700000000000", SecureMode: identity.SecureModePlain},
			identity.Connect{
				ClientID: "dev-01|securemode=3,signmethod=hmacsha256,timestamp=1700000000000|", Username: username,
				Password: "7f5eed491667b63ffc466c87a5bab54ea465821329ea541982758ce2579c2378",
			},
		},
		{
			"D3",
			identity.Options{SignMethod: identity.HMACSHA1, Timestamp: "1700000000000"},
			identity.Connect{
				ClientID: "a1B2c3D4e5F&dev-01|securemode=2,signmethod=hmacsha1,timestamp=1700000000000|", Username: username,
				Password: "91f4b4f0211a5847d595accbe5e9f8bd519e666b",
			},
		},
		{
			"D2 without timestamp",
			identity.Options{ClientID: "dev-01"},
			identity.Connect{
				ClientID: "dev-01|securemode=2,signmethod=hmacsha256|", Username: username,
				Password: "1a7a1616111e161b2a9398f1130fe1aa9bf9e97ce3f2b122678a8dba1d1c3057",
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := identity.BuildConnect(certificate, test.options); got != test.want {
				t.Errorf("BuildConnect = %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func FuzzParseConnect(f *testing.F) {
	for _, clientID := range []string{
		"dev-01|securemode=3,signmethod=hmacsha256,timestamp=1700000000000|",
		"a1B2c3D4e5F&dev-01_aliyun-iot-device-sdk-js|securemode=3,\n        signmethod=hmacsha1,\n        timestamp=1700000000000|",
		"a1B2c3D4e5F.dev-01|timestamp=2524608000000,_ss=1,_v=sdk-c-4.2.0,securemode=2,signmethod=hmacsha256,ext=3,|",
		"dev-01.a1B2c3D4e5F|random=567345,authType=register,securemode=2,signmethod=hmacsha256|",
		"dev-01||", "|x=1|", "dev-01", "dev-01|a|b|", "x|=|", "x|,,=,|", "x|a==b,a=c|",
	} {
		f.Add(clientID, username)
	}
	f.Add("dev-01||", "a1B2c3D4e5F&dev-01")
	f.Add("dev-01||", "&")
	f.Add("dev-01||", "D:e_v@1.x-Y&a&b")
	f.Fuzz(func(t *testing.T, clientID, username string) {
		p, err := identity.ParseConnect(clientID, username)
		if err != nil {
			if !errors.Is(err, identity.ErrClientID) && !errors.Is(err, identity.ErrUsername) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		if p.ID == "" || !strings.HasPrefix(clientID, p.ID+"|") || !strings.HasSuffix(clientID, "|") || strings.Count(clientID, "|") != 2 {
			t.Fatalf("accepted clientId %q with ID %q", clientID, p.ID)
		}
		if p.DeviceName == "" || p.ProductKey == "" || p.DeviceName+"&"+p.ProductKey != username {
			t.Fatalf("accepted username %q as %q and %q", username, p.DeviceName, p.ProductKey)
		}
		var list []string
		for name, value := range p.Params {
			if name == "" || name != strings.TrimSpace(name) || value != strings.TrimSpace(value) || strings.ContainsAny(name, ",|=") || strings.ContainsAny(value, ",|") {
				t.Fatalf("parameter %q = %q", name, value)
			}
			list = append(list, name+"="+value)
		}
		again, err := identity.ParseConnect(p.ID+"|"+strings.Join(list, ",")+"|", username)
		if err != nil || !maps.Equal(again.Params, p.Params) || again.Content() != p.Content() {
			t.Fatalf("written again, %q reads %v, %v", clientID, again, err)
		}
		if method, err := p.SignMethod(); err == nil {
			identity.MismatchReason(p, method, "00", identity.Secrets{DeviceSecret: deviceSecret})
		}
	})
}

func BenchmarkParseConnect(b *testing.B) {
	for name, clientID := range map[string]string{
		"three parameters": "dev-01|securemode=3,signmethod=hmacsha256,timestamp=1700000000000|",
		"C SDK":            "a1B2c3D4e5F.dev-01|timestamp=2524608000000,_ss=1,_v=sdk-c-4.2.0,securemode=2,signmethod=hmacsha256,ext=3,|",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := identity.ParseConnect(clientID, username); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
