package identity_test

import (
	"errors"
	"strings"
	"testing"

	"fleetmint/platform/identity"
)

const (
	deviceSecret  = "0123456789abcdef0123456789abcdef"
	productSecret = "AbCdEfGh12345678"
	productKey    = "a1B2c3D4e5F"
	deviceName    = "dev-01"
)

// entry makes what is signed out of names and values.
func entry(pairs ...string) map[string]string {
	m := make(map[string]string)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// subDevice is an entry of topo/add or combine/login with the members that are
// not signed, which vectors must come out without.
func subDevice(pairs ...string) map[string]string {
	m := entry(pairs...)
	m["sign"] = "00"
	m["signMethod"] = "hmacSha1"
	m["signmethod"] = "hmacsha1"
	m["cleanSession"] = "true"
	return m
}

func TestSignVectors(t *testing.T) {
	connect := func(id, timestamp string) string {
		m := entry("clientId", id, "deviceName", deviceName, "productKey", productKey)
		if timestamp != "" {
			m["timestamp"] = timestamp
		}
		return identity.Content(m)
	}
	tests := []struct {
		name    string
		key     string
		content string
		text    string // of content, where the vector spells it out
		md5     string
		sha1    string
		sha256  string
	}{
		{
			name: "D1", key: deviceSecret, content: connect("dev-01", "1700000000000"),
			text:   "clientIddev-01deviceNamedev-01productKeya1B2c3D4e5Ftimestamp1700000000000",
			md5:    "fb4fad44514d3767917d093fa9eedb3b",
			sha1:   "f242bb9cc153dad888a8c84894df94f9b9b0eee6",
			sha256: "7f5eed491667b63ffc466c87a5bab54ea465821329ea541982758ce2579c2378",
		},
		{
			name: "D2", key: deviceSecret, content: connect("dev-01", ""),
			text:   "clientIddev-01deviceNamedev-01productKeya1B2c3D4e5F",
			md5:    "72fe76fc24e14da406eb89f5b4202122",
			sha1:   "31be52115a0b42f88fad488373636b3abe374f76",
			sha256: "1a7a1616111e161b2a9398f1130fe1aa9bf9e97ce3f2b122678a8dba1d1c3057",
		},
		{
			name: "D3", key: deviceSecret, content: connect("a1B2c3D4e5F&dev-01", "1700000000000"),
			text:   "clientIda1B2c3D4e5F&dev-01deviceNamedev-01productKeya1B2c3D4e5Ftimestamp1700000000000",
			md5:    "8c806f59d13ca6f569911c76db9ea016",
			sha1:   "91f4b4f0211a5847d595accbe5e9f8bd519e666b",
			sha256: "d80d326a497b33847c7113dc15ae5f728cc5d669c7f280d3340bc8d184de4d61",
		},
		{
			name: "D4", key: deviceSecret, content: connect("a1B2c3D4e5F.dev-01", "2524608000000"),
			text:   "clientIda1B2c3D4e5F.dev-01deviceNamedev-01productKeya1B2c3D4e5Ftimestamp2524608000000",
			md5:    "2245821cc808d07f97511af00bfa74b1",
			sha1:   "279e4fa5c2470700a95be09ebefb6f21a8a47d41",
			sha256: "2569C3D98D451367C9D4A4682F201E1239684582EC90B71E47E0FD529E69D3F4",
		},
		{
			name: "D5", key: deviceSecret, content: connect("a1B2c3D4e5F.dev-01", ""),
			text:   "clientIda1B2c3D4e5F.dev-01deviceNamedev-01productKeya1B2c3D4e5F",
			sha256: "6e7682b8b02d29fdbfd4863d47b928db72b72bbcaa6b27ab0d976afa373e9746",
		},
		{
			name: "D6", key: deviceSecret, content: connect("a1B2c3D4e5F&dev-01", "1700000000"),
			sha1:   "d813f8f3e13e0ac2f517bb077c4580967fac20bc",
			sha256: "02758c579cf7751f5ca9fafd23fcd3dd3b08de347500dd8aa34dddbe9bb2066c",
		},
		{
			name: "D7", key: deviceSecret, content: connect("a1B2c3D4e5F&dev-01_aliyun-iot-device-sdk-js", "1700000000000"),
			sha1:   "654f2cf4fc3df88591fa8ad87432530465de0291",
			sha256: "d6c0a1fa1d2d41fdedd00183f0aa378d78572f286dd572e4751eeffa72136ef2",
		},
		{
			name: "D8", key: deviceSecret,
			content: identity.Content(entry("timestamp", "1795379963507", "productKey", productKey, "deviceName", "gw-01", "clientId", "a1B2c3D4e5F&gw-01")),
			text:    "clientIda1B2c3D4e5F&gw-01deviceNamegw-01productKeya1B2c3D4e5Ftimestamp1795379963507",
			sha1:    "dd47f6715362e2c7e5fac72e76824b959ba678e2",
		},
		{
			name: "R1", key: productSecret, content: identity.RegistrationContent(productKey, deviceName, "567345"),
			text:   "deviceNamedev-01productKeya1B2c3D4e5Frandom567345",
			md5:    "2d98c39774fa382225039512094f7f7e",
			sha1:   "256071e0352dee71cd6685938708544462bf7b1b",
			sha256: "eb9db5e04685ac89079dad5feb983eeaa70c60c586ad1c785c7afb1f00f108bc",
		},
		{
			name: "R2", key: productSecret, content: identity.RegistrationContent(productKey, "D:e_v@1.x-Y", "8Ygb7ULYh53B6OA"),
			text:   "deviceNameD:e_v@1.x-YproductKeya1B2c3D4e5Frandom8Ygb7ULYh53B6OA",
			md5:    "828bb74e7c6be74dfe3d77e7cd0cbc43",
			sha1:   "a9c5ae0948a2a927705805f6375df44acdff395b",
			sha256: "72acd4e8edb72ef4cdf5e438b6318f555730b441e5e811141ee747790a70c729",
		},
		{
			name: "S1", key: deviceSecret,
			content: identity.SignedContent(subDevice("clientId", "sPK1234567x&sub1", "deviceName", "sub1", "productKey", "sPK1234567x", "timestamp", "1524448722000")),
			text:    "clientIdsPK1234567x&sub1deviceNamesub1productKeysPK1234567xtimestamp1524448722000",
			md5:     "76055102d3b9aa5d62ee786372cb27f3",
			sha1:    "e5e6e662495ec207cdddbf0e5ef806576fdea012",
			sha256:  "bfc835d94e945e63b14dc8a93a953286d61c0f1735971b61980d798761946b30",
		},
		{
			name: "S2 clientId verbatim", key: deviceSecret,
			content: identity.SignedContent(subDevice("clientId", "sPK1234567x.sub1|lan=Python,_v=2.2.1,_ss=1|", "deviceName", "sub1", "productKey", "sPK1234567x", "timestamp", "1524448722000")),
			md5:     "71f104ec748eb386da3e0018909445f4",
			sha1:    "f707e21dbe9368ab40d3407b626dc5233381e8b2",
			sha256:  "7909249178b804f56317c18a3b827a424ee510594a561f38c71882934688a3e6",
		},
		{
			name: "S3 without clientId", key: deviceSecret,
			content: identity.SignedContent(subDevice("deviceName", "sub1", "productKey", "sPK1234567x", "timestamp", "1524448722000")),
			text:    "deviceNamesub1productKeysPK1234567xtimestamp1524448722000",
			md5:     "1d5d51a1589c357a1c5eadff4e0ad329",
			sha1:    "017dcf3fe0c9044f6cd186fb3689d08473fee280",
			sha256:  "1aaf0161e2bb6f164a1eda5b3098ad50f0889bfbf2143760a23bf3b976f2fc8b",
		},
		{
			name: "S4 with neither", key: deviceSecret,
			content: identity.SignedContent(subDevice("deviceName", "sub1", "productKey", "sPK1234567x")),
			text:    "deviceNamesub1productKeysPK1234567x",
			md5:     "c6b9be6011f8ec6685273dfb867d44e2",
			sha1:    "10fe67d07d1ddd2e2fa2106ed3fc19cc510e3c8b",
			sha256:  "e9587b6635edb9b42edbde179b996e209c9bbb6348585c27095f94a52e18dbd7",
		},
		{
			name: "S5 topo/add", key: "s3cret",
			content: identity.SignedContent(subDevice("clientId", "sPK&sub1", "deviceName", "sub1", "productKey", "sPK", "timestamp", "1795379963911")),
			sha1:    "03d7ea4ae1f4bd7f640201cc471a1d42d9dc1e16",
		},
		{
			name: "S5 login", key: "s3cret",
			content: identity.SignedContent(subDevice("clientId", "sPK&sub1", "deviceName", "sub1", "productKey", "sPK", "timestamp", "1795379963913")),
			sha1:    "cdf27795dc203710aac49424a34a27e560913a51",
		},
		{
			name: "O1", key: "secret",
			content: identity.Content(entry("clientId", "12345", "deviceName", "device", "productKey", "pk", "timestamp", "789")),
			text:    "clientId12345deviceNamedeviceproductKeypktimestamp789",
			sha1:    "FAFD82A3D602B37FB0FA8B7892F24A477F851A14",
		},
		{
			name: "O2", key: "1234",
			content: identity.Content(entry("clientId", "868575026974305", "deviceName", "868575026974305", "productKey", "a1PB5fp1234", "timestamp", "1646277090411")),
			text:    "clientId868575026974305deviceName868575026974305productKeya1PB5fp1234timestamp1646277090411",
			md5:     "3BA0DFA4C477B40C007D84D30D6466CC",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.text != "" && test.content != test.text {
				t.Fatalf("content = %q, want %q", test.content, test.text)
			}
			for method, want := range map[identity.SignMethod]string{
				identity.HMACMD5: test.md5, identity.HMACSHA1: test.sha1, identity.HMACSHA256: test.sha256,
			} {
				if want == "" {
					continue
				}
				if got := identity.Sign(method, test.key, test.content); got != strings.ToLower(want) {
					t.Errorf("Sign(%s) = %s, want %s", method, got, strings.ToLower(want))
				}
				for _, sign := range []string{want, strings.ToLower(want), strings.ToUpper(want)} {
					if !identity.Verify(method, test.key, test.content, sign) {
						t.Errorf("Verify(%s, %s) = false", method, sign)
					}
				}
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	const (
		content = "clientIddev-01deviceNamedev-01productKeya1B2c3D4e5Ftimestamp1700000000000"
		sign    = "f242bb9cc153dad888a8c84894df94f9b9b0eee6"
	)
	tests := []struct {
		name    string
		method  identity.SignMethod
		key     string
		content string
		sign    string
	}{
		{"one digit changed", identity.HMACSHA1, deviceSecret, content, "f242bb9cc153dad888a8c84894df94f9b9b0eee7"},
		{"ProductSecret instead of DeviceSecret", identity.HMACSHA1, productSecret, content, sign},
		{"other content", identity.HMACSHA1, deviceSecret, content + "0", sign},
		{"other method", identity.HMACSHA256, deviceSecret, content, sign},
		{"unknown method", "sha256", deviceSecret, content, sign},
		{"unknown method, no signature", "sha256", deviceSecret, content, ""},
		{"no signature", identity.HMACSHA1, deviceSecret, content, ""},
		{"cut short", identity.HMACSHA1, deviceSecret, content, sign[:20]},
		{"odd number of digits", identity.HMACSHA1, deviceSecret, content, sign[:39]},
		{"too long", identity.HMACSHA1, deviceSecret, content, strings.Repeat(sign, 1000)},
		{"not hex", identity.HMACSHA1, deviceSecret, content, "g242bb9cc153dad888a8c84894df94f9b9b0eee6"},
		{"empty key", identity.HMACSHA1, "", content, identity.Sign(identity.HMACSHA1, "", content)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if identity.Verify(test.method, test.key, test.content, test.sign) {
				t.Error("Verify = true, want false")
			}
		})
	}
}

func TestParseSignMethod(t *testing.T) {
	accepted := map[string]identity.SignMethod{
		"": identity.HMACMD5, "hmacmd5": identity.HMACMD5, "HmacMD5": identity.HMACMD5,
		"hmacSha1": identity.HMACSHA1, "HMACSHA256": identity.HMACSHA256, "hmacSha256": identity.HMACSHA256,
	}
	for text, want := range accepted {
		if got, err := identity.ParseSignMethod(text); err != nil || got != want {
			t.Errorf("ParseSignMethod(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"sha256", "Sha256", "md5", "hmac", " hmacmd5", "hmacsha512", strings.Repeat("x", 5000)} {
		got, err := identity.ParseSignMethod(text)
		if !errors.Is(err, identity.ErrSignMethod) || got != "" {
			t.Errorf("ParseSignMethod(%q) = %q, %v; want ErrSignMethod", text, got, err)
		}
		if err != nil && len(err.Error()) > 200 {
			t.Errorf("error of %d bytes repeats what was sent", len(err.Error()))
		}
	}
}

func TestSignUnknownMethod(t *testing.T) {
	if got := identity.Sign("sha256", deviceSecret, "content"); got != "" {
		t.Errorf("Sign = %q, want nothing", got)
	}
}

func BenchmarkVerify(b *testing.B) {
	const content = "clientIddev-01deviceNamedev-01productKeya1B2c3D4e5Ftimestamp1700000000000"
	for _, method := range identity.SignMethods() {
		b.Run(string(method), func(b *testing.B) {
			sign := identity.Sign(method, deviceSecret, content)
			b.ReportAllocs()
			for b.Loop() {
				if !identity.Verify(method, deviceSecret, content, sign) {
					b.Fatal("not verified")
				}
			}
		})
	}
}
