package identity_test

import (
	"strings"
	"testing"

	"fleetmint/platform/identity"
)

var secrets = identity.Secrets{DeviceSecret: deviceSecret, ProductSecret: productSecret}

// checkDiscreet fails when a reason holds what it must never hold.
func checkDiscreet(t *testing.T, reason string, more ...string) {
	t.Helper()
	for _, secret := range append(more, deviceSecret, productSecret) {
		if secret != "" && strings.Contains(strings.ToLower(reason), strings.ToLower(secret)) {
			t.Errorf("reason %q holds a secret or a signature", reason)
		}
	}
}

func TestMismatchReason(t *testing.T) {
	const (
		plain     = "clientIddev-01deviceNamedev-01productKeya1B2c3D4e5F"
		timed     = plain + "timestamp1700000000000"
		register  = "deviceNamedev-01productKeya1B2c3D4e5Frandom567345"
		withTime  = "dev-01|signmethod=hmacsha1,timestamp=1700000000000|"
		withRand  = "dev-01|authType=register,signmethod=hmacsha256,random=567345|"
		wrongHash = "0000000000000000000000000000000000000000"
	)
	sign := identity.Sign
	tests := []struct {
		name     string
		clientID string
		password string
		want     string
	}{
		{
			"other method", withTime, sign(identity.HMACSHA256, deviceSecret, timed),
			"the device signed with hmacsha256 although it says hmacsha1",
		},
		{
			"upper-case hex", withTime, strings.ToUpper(sign(identity.HMACSHA256, deviceSecret, timed)),
			"the device signed with hmacsha256 although it says hmacsha1",
		},
		{
			"no method named", "dev-01||", sign(identity.HMACSHA256, deviceSecret, plain),
			"the device signed with hmacsha256 although it names no method, which means hmacmd5",
		},
		{
			"ProductSecret", withTime, sign(identity.HMACSHA1, productSecret, timed),
			"the device signed with the ProductSecret instead of the DeviceSecret",
		},
		{
			"ProductSecret and other method", withTime, sign(identity.HMACMD5, productSecret, timed),
			"the device signed with hmacmd5 although it says hmacsha1, and signed with the ProductSecret instead of the DeviceSecret",
		},
		{
			"timestamp not signed", withTime, sign(identity.HMACSHA1, deviceSecret, plain),
			"the device left timestamp out of the signed content although its clientId carries one",
		},
		{
			"timestamp not sent", "dev-01|signmethod=hmacsha1|", sign(identity.HMACSHA1, deviceSecret, plain+"timestamp2524608000000"),
			"the device signed a timestamp that its clientId does not carry",
		},
		{
			"id not cut", withTime, sign(identity.HMACSHA1, deviceSecret, "clientId"+withTime+"deviceNamedev-01productKeya1B2c3D4e5Ftimestamp1700000000000"),
			`the device signed the whole clientId instead of the part before the first "|"`,
		},
		{
			"id not cut, no timestamp", withTime, sign(identity.HMACSHA1, deviceSecret, "clientId"+withTime+"deviceNamedev-01productKeya1B2c3D4e5F"),
			`the device signed the whole clientId instead of the part before the first "|", and left timestamp out`,
		},
		{
			"names exchanged", withTime, sign(identity.HMACSHA1, deviceSecret, "clientIddev-01deviceNamea1B2c3D4e5FproductKeydev-01timestamp1700000000000"),
			"the device signed with DeviceName and ProductKey exchanged",
		},
		{
			"registration content", "dev-01|signmethod=hmacsha1,random=567345|", sign(identity.HMACSHA1, productSecret, register),
			"the device signed with the ProductSecret instead of the DeviceSecret, and signed what is signed to register, although its clientId does not say authType=register",
		},
		{
			"secret sent", withTime, deviceSecret,
			"the device sent the DeviceSecret itself instead of a signature made with it",
		},
		{
			"unknown cause", withTime, wrongHash,
			"expected hmacsha1 with the DeviceSecret over clientId, deviceName, productKey, timestamp; check that the device holds its current DeviceSecret",
		},
		{
			"unknown cause, no timestamp", "dev-01|signmethod=hmacsha1|", wrongHash,
			"expected hmacsha1 with the DeviceSecret over clientId, deviceName, productKey; check that the device holds its current DeviceSecret",
		},
		{
			"wrong length", withTime, "abcd",
			"expected 40 hex digits, which is hmacsha1 with the DeviceSecret over clientId, deviceName, productKey, timestamp, but the device sent something else",
		},
		{
			"not hex", withTime, strings.Repeat("g", 40),
			"expected 40 hex digits, which is hmacsha1 with the DeviceSecret over clientId, deviceName, productKey, timestamp, but the device sent something else",
		},
		{
			"registration with DeviceSecret", withRand, sign(identity.HMACSHA256, deviceSecret, register),
			"the device signed with the DeviceSecret instead of the ProductSecret",
		},
		{
			"registration with connect content", withRand, sign(identity.HMACSHA256, productSecret, plain),
			"the device signed what is signed to connect instead of deviceName, productKey, random",
		},
		{
			"registration, unknown cause", withRand, wrongHash + wrongHash[:24],
			"expected hmacsha256 with the ProductSecret over deviceName, productKey, random; check that the device holds its current ProductSecret",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := identity.ParseConnect(test.clientID, username)
			if err != nil {
				t.Fatal(err)
			}
			method, err := p.SignMethod()
			if err != nil {
				t.Fatal(err)
			}
			got := identity.MismatchReason(p, method, test.password, secrets)
			if want := "signature does not match: " + test.want; got != want {
				t.Errorf("reason\n got %s\nwant %s", got, want)
			}
			expected := sign(method, deviceSecret, p.Content())
			checkDiscreet(t, got, test.password, expected, sign(method, productSecret, p.RegistrationContent()))
		})
	}
}

func TestMismatchReasonWithoutPassword(t *testing.T) {
	p, err := identity.ParseConnect("dev-01||", username)
	if err != nil {
		t.Fatal(err)
	}
	// No secrets either, as for a device that is being looked up in vain.
	got := identity.MismatchReason(p, identity.HMACMD5, "", identity.Secrets{})
	if want := "signature is missing: the device sent an empty one"; got != want {
		t.Errorf("reason = %q, want %q", got, want)
	}
}

func TestRegistrationMismatchReason(t *testing.T) {
	const content = "deviceNamedev-01productKeya1B2c3D4e5Frandom567345"
	tests := []struct{ name, sign, want string }{
		{
			"other method", identity.Sign(identity.HMACMD5, productSecret, content),
			"the device signed with hmacmd5 although it says hmacsha1",
		},
		{
			"DeviceSecret", identity.Sign(identity.HMACSHA1, deviceSecret, content),
			"the device signed with the DeviceSecret instead of the ProductSecret",
		},
		{
			"method signed", identity.Sign(identity.HMACSHA1, productSecret, content+"signMethodhmacsha1"),
			"the device included signMethod in the signed content, which is deviceName, productKey, random",
		},
		{
			"order of sending", identity.Sign(identity.HMACSHA1, productSecret, "productKeya1B2c3D4e5FdeviceNamedev-01random567345"),
			"the device signed in the order of sending instead of deviceName, productKey, random",
		},
		{
			"unknown cause", strings.Repeat("0", 40),
			"expected hmacsha1 with the ProductSecret over deviceName, productKey, random; check that the device holds its current ProductSecret",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := identity.RegistrationMismatchReason(productKey, deviceName, "567345", identity.HMACSHA1, test.sign, secrets)
			if want := "signature does not match: " + test.want; got != want {
				t.Errorf("reason\n got %s\nwant %s", got, want)
			}
			checkDiscreet(t, got, test.sign)
		})
	}
}
