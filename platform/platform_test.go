package platform_test

import (
	"errors"
	"strings"
	"testing"

	"fleetmint/platform"
)

func TestDeviceNameRule(t *testing.T) {
	for name, valid := range map[string]bool{
		"abcd": true, "D:e_v@1.x-Y": true, strings.Repeat("a", 32): true,
		"": false, "abc": false, strings.Repeat("a", 33): false, "dev 1": false, "dév-01": false, "dev/1": false, "dev&01": false,
	} {
		err := platform.ValidateDeviceName(name)
		if (err == nil) != valid {
			t.Errorf("ValidateDeviceName(%q) = %v, want valid %t", name, err, valid)
		}
		if err != nil && !errors.Is(err, platform.ErrInvalid) {
			t.Errorf("ValidateDeviceName(%q) = %v, want ErrInvalid", name, err)
		}
	}
}

func TestProductNameRule(t *testing.T) {
	for name, valid := range map[string]bool{
		"lamp": true, "温度": true, "温度 计": false, "温": false, "Lamp-2@(x)_": true,
		strings.Repeat("灯", 15): true, strings.Repeat("灯", 16): false, strings.Repeat("a", 30): true, strings.Repeat("a", 31): false,
		"a\xffbcd": false, "lam": false,
	} {
		if err := platform.ValidateProductName(name); (err == nil) != valid {
			t.Errorf("ValidateProductName(%q) = %v, want valid %t", name, err, valid)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, row := range []struct {
		text        string
		want        error
		length      int
		first, last string
	}{
		{text: "SN-{00001..00100}", length: 100, first: "SN-00001", last: "SN-00100"},
		{text: "a{8..11}-x", length: 4, first: "a8-x", last: "a11-x"},
		{text: "lamp{7..7}", length: 1, first: "lamp7", last: "lamp7"},
		{text: "lamp", want: platform.ErrNoRange},
		{text: "lamp{1..2", want: platform.ErrNoRange},
		{text: "lamp{2..1}", want: platform.ErrBadRange},
		{text: "lamp{a..b}", want: platform.ErrBadRange},
		{text: "lamp{-1..2}", want: platform.ErrBadRange},
		{text: "lamp{1..2}{1..2}", want: platform.ErrBadRange},
		{text: "lamp{0..100000}", want: platform.ErrTooManyNames},
		{text: "lamp{99999999999..2}", want: platform.ErrBadRange},
		{text: "a{1..2}", want: platform.ErrInvalid},
		{text: "lamp {1..2}", want: platform.ErrInvalid},
	} {
		p, err := platform.ParsePattern(row.text)
		if !errors.Is(err, row.want) || (row.want == nil) != (err == nil) {
			t.Errorf("ParsePattern(%q) = %v, want %v", row.text, err, row.want)
			continue
		}
		if err != nil {
			continue
		}
		names := p.Names()
		if len(names) != row.length || names[0] != row.first || names[len(names)-1] != row.last {
			t.Errorf("ParsePattern(%q) makes %d names %s … %s", row.text, len(names), names[0], names[len(names)-1])
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"SN-{00001..00100}", "a{8..11}-x", "{", "x{1..}", "x{..}y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := platform.ParsePattern(text)
		if err != nil {
			return
		}
		for _, name := range []string{p.Name(0), p.Name(p.Len() / 2), p.Name(p.Len() - 1)} {
			if err := platform.ValidateDeviceName(name); err != nil {
				t.Errorf("%q makes %q: %v", text, name, err)
			}
		}
	})
}

func TestAdvise(t *testing.T) {
	for _, row := range []struct {
		asked  platform.Requirements
		method platform.Method
		reason platform.Reason
	}{
		{platform.Requirements{BehindGateway: true, DistinctCertificates: true}, platform.SubDevice, platform.ReasonBehindGateway},
		{platform.Requirements{DistinctCertificates: true, NamesKnown: true}, platform.PerDevice, platform.ReasonDistinctCertificates},
		{platform.Requirements{NamesKnown: true, MQTTOverTLS: true}, platform.PerProductPreregistered, platform.ReasonNamesKnown},
		{platform.Requirements{MQTTOverTLS: true}, platform.PerProductUnregistered, platform.ReasonNamesUnknown},
		{platform.Requirements{}, platform.PerDevice, platform.ReasonNothingFits},
	} {
		if method, reason := platform.Advise(row.asked); method != row.method || reason != row.reason {
			t.Errorf("Advise(%+v) = %s, %s; want %s, %s", row.asked, method, reason, row.method, row.reason)
		}
	}
}

func TestMethodFacts(t *testing.T) {
	for method, want := range map[platform.Method][3]bool{ // dynamic registration, registered name, product certificate
		platform.PerDevice:               {false, true, false},
		platform.PerProductPreregistered: {true, true, true},
		platform.PerProductUnregistered:  {true, false, true},
		platform.SubDevice:               {true, true, false},
	} {
		got := [3]bool{method.NeedsDynamicRegistration(), method.NeedsRegisteredName(), method.BurnsProductSecret()}
		if got != want {
			t.Errorf("%s: got %v, want %v", method, got, want)
		}
		if !method.Known() {
			t.Errorf("%s is not known", method)
		}
	}
	if platform.MethodUnknown.Known() {
		t.Error("the unknown method is known")
	}
}

func TestErrorNamesCodeAndRequest(t *testing.T) {
	cause := errors.New("connection refused")
	err := &platform.Error{Op: "register device", Kind: platform.ErrUnavailable, Code: "ServiceUnavailable", RequestID: "A1", Err: cause}
	if got, want := err.Error(), "register device: connection refused (ServiceUnavailable, RequestId A1)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, platform.ErrUnavailable) || !errors.Is(err, cause) {
		t.Error("kind or cause is not matched by errors.Is")
	}
}
