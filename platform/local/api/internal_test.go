package api

import (
	"errors"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"fleetmint/platform/openapi/signature"
)

// TestNoncesWhenThereAreTooMany: the oldest are forgotten, and then no request
// of their time passes.
func TestNoncesWhenThereAreTooMany(t *testing.T) {
	n := newNonces(10)
	now := time.Unix(1_700_000_000, 0)
	use := func(nonce int, at time.Time) string {
		err := n.use(signature.Request{AccessKeyID: "testid", Nonce: strconv.Itoa(nonce), Date: at}, now)
		refused, _ := errors.AsType[*signature.Error](err)
		if refused == nil {
			return ""
		}
		return refused.Code
	}
	for i := range 20 {
		if code := use(i, now.Add(time.Duration(i)*time.Second)); code != "" {
			t.Fatalf("request %d: %s", i, code)
		}
		if len(n.used) > 10 {
			t.Fatalf("%d nonces are kept", len(n.used))
		}
	}
	for i := range 20 {
		want := signature.CodeNonceUsed
		if i < 10 {
			want = signature.CodeTimeExpired
		}
		if code := use(i, now.Add(time.Duration(i)*time.Second)); code != want {
			t.Errorf("request %d again: %q, want %s", i, code, want)
		}
	}
	now = now.Add(time.Hour)
	if code := use(100, now); code != "" || len(n.used) != 1 || len(n.bySecond) != 1 {
		t.Errorf("after an hour: %q, %d nonces of %d seconds", code, len(n.used), len(n.bySecond))
	}
}

func TestJobsAreBounded(t *testing.T) {
	j := newJobs(1)
	if first, err := j.claim(1); !first || err != nil {
		t.Fatal(first, err)
	}
	if first, err := j.claim(1); first || err != nil {
		t.Error(first, err)
	}
	if _, err := j.claim(2); err == nil {
		t.Error("a second job was taken")
	}
	j.release(1)
	if err := j.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := j.claim(2); err == nil {
		t.Error("a job was taken after close")
	}
}

func TestListsInTheOrderOfNumbers(t *testing.T) {
	p, err := readParameters("N.10=j&N.2=b&N.1=a&N.=x&N.01=x&N.0=x&N.x=x&N.-1=x&N.99999999999=x&N.1.F=x", "N.3.F=f3&N.2.F=f2&N.2.G=g2&N.4.G=g4&Nothing=1")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.texts("N"); !slices.Equal(got, []string{"a", "b", "j"}) {
		t.Errorf("texts: %q", got)
	}
	want := [][2]string{{"x", ""}, {"f2", "g2"}, {"f3", ""}, {"", "g4"}}
	if got := p.pairs("N", "F", "G"); !slices.Equal(got, want) {
		t.Errorf("pairs: %q", got)
	}
}

// FuzzParameters: whatever is sent, each parameter has one value of query or
// form, and lists have no more elements than there are parameters.
func FuzzParameters(f *testing.F) {
	f.Add("ProductKey=a1&DeviceName.1=x", "DeviceName.2=y&DeviceNameList.1.DeviceName=q&DeviceNameList.1.DeviceNickname=n+1")
	f.Add("a=1&a=2", "")
	f.Add("a=%zz;b", "a=1")
	f.Add("DeviceName.1=&DeviceName.01=&DeviceName.18446744073709551616=", "DeviceNameList.1.=&DeviceNameList..DeviceName=")
	described := []parameter{
		{name: "ProductKey", mandatory: true},
		{name: "Count", kind: integer, min: 1, max: 10},
		{name: "Enabled", kind: boolean},
	}
	f.Fuzz(func(t *testing.T, query, form string) {
		p, err := readParameters(query, form)
		if err != nil {
			if _, ok := errors.AsType[*signature.Error](err); !ok {
				t.Fatalf("%v is no *signature.Error", err)
			}
			return
		}
		names, nicknames := batchNames(p)
		if len(names) > len(p) || nicknames != nil && len(nicknames) != len(names) {
			t.Fatalf("%d names and %d nicknames of %d parameters", len(names), len(nicknames), len(p))
		}
		r, data := checkNames(names, nicknames)
		if (r == nil) != (data == nil) {
			t.Fatal("a refusal without names, or the reverse")
		}
		if p.check(described) == nil {
			if p["ProductKey"] == "" {
				t.Fatal("a mandatory parameter is missing")
			}
			if n := p.integer("Count", 1); n < 1 || n > 10 {
				t.Fatalf("Count is %d", n)
			}
		}
		if strings.ToValidUTF8(shown(p["ProductKey"]), "") != shown(p["ProductKey"]) {
			t.Fatal("what is recorded is not UTF-8")
		}
	})
}

// FuzzAuthorization: a header that was not made with the secret never passes,
// and nothing panics.
func FuzzAuthorization(f *testing.F) {
	a := &API{
		credentials: signature.Credentials{AccessKeyID: "testid", AccessKeySecret: "testsecret"},
		now:         func() time.Time { return time.Unix(1_700_000_000, 0) }, nonces: newNonces(maxNonces),
	}
	f.Add("ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature="+strings.Repeat("0", 64), "2023-11-14T22:13:20Z", "1")
	f.Add("ACS3-HMAC-SM3 Credential=testid", "", "")
	f.Add("Basic dGVzdDp0ZXN0", "2023-11-14T22:13:20Z", "2")
	f.Fuzz(func(t *testing.T, authorization, date, nonce string) {
		r := httptest.NewRequest("POST", "/?ProductKey=a1", nil)
		r.Header.Set("Authorization", authorization)
		r.Header.Set("x-acs-action", "DeleteProduct")
		r.Header.Set("x-acs-version", "2018-01-20")
		r.Header.Set("x-acs-date", date)
		r.Header.Set("x-acs-signature-nonce", nonce)
		r.Header.Set("x-acs-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
		_, err := a.authenticate(r, nil, parameters{"ProductKey": "a1"})
		if _, ok := errors.AsType[*signature.Error](err); !ok {
			t.Fatalf("authenticate = %v", err)
		}
	})
}
