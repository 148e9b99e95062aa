package factory

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"fleetmint/platform"
)

func TestFileName(t *testing.T) {
	for name, want := range map[string]string{
		"SN-0001":   "SN-0001",
		"a_b@c.d":   "a_b@c.d",
		"aa:bb:cc":  "aa%3Abb%3Acc",
		".hidden":   "%2Ehidden",
		"dots...":   "dots..%2E",
		"....":      "%2E..%2E",
		"COM1":      "%43OM1",
		"com9.txt":  "%63om9.txt",
		"NUL.a":     "%4EUL.a",
		"con.":      "%63on%2E",
		"COM10":     "COM10",
		"console":   "console",
		"LPT0":      "%4CPT0",
		"AUX:1":     "AUX%3A1",
		"100%~sure": "100%25%7Esure",
	} {
		if got := FileName(name); got != want {
			t.Errorf("FileName(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzFileName(f *testing.F) {
	for _, name := range []string{"SN-0001", "aa:bb:cc", "....", "nul.", "a/../b", "\x00", "ü"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		file := FileName(name)
		if strings.ContainsAny(file, "/\\:*?\"<>|~\x00") || strings.HasPrefix(file, ".") || strings.HasSuffix(file, ".") || isReserved(file) {
			t.Errorf("FileName(%q) = %q is not safe", name, file)
		}
		if back, err := url.PathUnescape(file); err != nil || back != name {
			t.Errorf("FileName(%q) = %q, which decodes to %q, %v", name, file, back, err)
		}
	})
}

func TestNames(t *testing.T) {
	n := newNames()
	for _, test := range []struct{ name, want string }{
		{"Dev1", "Dev1"}, {"dev1", "dev1~2"}, {"DEV1", "DEV1~3"}, {"Dev2", "Dev2"},
	} {
		if got, err := n.add(test.name); got != test.want || err != nil {
			t.Errorf("%s is called %q, %v, want %q", test.name, got, err, test.want)
		}
	}
	for _, name := range []string{"Dev1", "DEV1"} {
		if _, err := n.add(name); !errors.Is(err, ErrCertificate) {
			t.Errorf("%s again: %v, want ErrCertificate", name, err)
		}
	}
}

func TestPayloads(t *testing.T) {
	c := platform.Certificate{ProductKey: "a1", DeviceName: "d:<1>", DeviceSecret: "s"}
	for got, want := range map[string]string{
		LabelPayload(platform.DeviceRef{ProductKey: "a1", DeviceName: "d:<1>"}): `{"pk":"a1","dn":"d:<1>"}`,
		SecretPayload(c):                `{"pk":"a1","dn":"d:<1>","ds":"s"}`,
		ProductLabelPayload("a1"):       `{"pk":"a1"}`,
		ProductSecretPayload("a1", "s"): `{"pk":"a1","ps":"s"}`,
	} {
		if got != want {
			t.Errorf("payload is %s, want %s", got, want)
		}
	}
}
