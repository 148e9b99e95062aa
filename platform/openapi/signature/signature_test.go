package signature_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"fleetmint/platform/openapi/signature"
)

const (
	secret = "testsecret"
	nonce  = "0123456789abcdef0123456789abcdef"
)

var signedAt = time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)

func lookup(accessKeyID string) (string, bool) {
	return secret, accessKeyID == "testid" || accessKeyID == "STS.testid"
}

// v1 is a set of V1 parameters with the common ones of the vectors.
func v1(more map[string]string) url.Values {
	params := url.Values{
		"AccessKeyId": {"testid"}, "Format": {"JSON"}, "Version": {"2018-01-20"},
		"SignatureMethod": {"HMAC-SHA1"}, "SignatureVersion": {"1.0"},
		"SignatureNonce": {"1533023037"}, "Timestamp": {"2018-07-31T07:43:57Z"},
	}
	for name, value := range more {
		params.Set(name, value)
	}
	return params
}

var vectorsV1 = []struct {
	name, method string
	params       map[string]string
	stringToSign string // where the vector gives it
	want         string
}{
	{
		name: "query", method: http.MethodGet,
		params:       map[string]string{"Action": "QueryProduct", "ProductKey": "a1B2c3D4e5F", "RegionId": "cn-shanghai"},
		stringToSign: "GET&%2F&AccessKeyId%3Dtestid%26Action%3DQueryProduct%26Format%3DJSON%26ProductKey%3Da1B2c3D4e5F%26RegionId%3Dcn-shanghai%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3D1533023037%26SignatureVersion%3D1.0%26Timestamp%3D2018-07-31T07%253A43%253A57Z%26Version%3D2018-01-20",
		want:         "BXO3zoEqaOA8W8FF+Zp6gFpUeHQ=",
	},
	{
		name: "reserved characters", method: http.MethodPost,
		params:       map[string]string{"Action": "RegisterDevice", "DeviceName": "dev 1:@*~", "ProductKey": "a1B2c3D4e5F", "SignatureType": ""},
		stringToSign: "POST&%2F&AccessKeyId%3Dtestid%26Action%3DRegisterDevice%26DeviceName%3Ddev%25201%253A%2540%252A~%26Format%3DJSON%26ProductKey%3Da1B2c3D4e5F%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3D1533023037%26SignatureType%3D%26SignatureVersion%3D1.0%26Timestamp%3D2018-07-31T07%253A43%253A57Z%26Version%3D2018-01-20",
		want:         "QTgs2upKIC6hRtdBB9jowsdqsvo=",
	},
	{
		name: "lists", method: http.MethodPost,
		params: map[string]string{
			"Action": "BatchCheckDeviceNames", "ProductKey": "a1B2c3D4e5F", "DeviceName.1": "n1", "DeviceName.2": "n2",
			"DeviceNameList.1.DeviceName": "x1", "DeviceNameList.1.DeviceNickname": "昵称_1",
		},
		want: "C0DjVZYx538CHdeGuybvlxzG5Jg=",
	},
	{
		name: "temporary credentials", method: http.MethodPost,
		params: map[string]string{
			"AccessKeyId": "STS.testid", "SecurityToken": "tok/en+=", "Action": "QueryProductList", "CurrentPage": "1", "PageSize": "10",
		},
		want: "gnvnQAWfMUP8WodC//MS91N9Kpg=",
	},
	{
		name: "captured from an SDK", method: http.MethodPost,
		params: map[string]string{
			"Action": "RegisterDevice", "DeviceName": "d 1*~", "ProductKey": "a1", "RegionId": "cn-shanghai",
			"SignatureNonce": "5b4a9cc6b3a6312f7f3d686083ba4cd7", "SignatureType": "", "Timestamp": "2026-11-22T20:39:22Z",
		},
		want: "szVkmt4Pun/fAGWlNGn7I8IYk/o=",
	},
}

func TestV1Vectors(t *testing.T) {
	for _, row := range vectorsV1 {
		t.Run(row.name, func(t *testing.T) {
			params := v1(row.params)
			got := signature.SignV1(row.method, params, signature.Credentials{AccessKeySecret: secret})
			if got != row.want {
				t.Errorf("SignV1 = %s, want %s", got, row.want)
			}
			params.Set("Signature", row.want)
			verified, err := signature.VerifyV1(row.method, params, lookup)
			if err != nil {
				t.Fatal(err)
			}
			if verified.Action != row.params["Action"] || verified.SecurityToken != row.params["SecurityToken"] ||
				verified.AccessKeyID != params.Get("AccessKeyId") || verified.Nonce != params.Get("SignatureNonce") ||
				verified.Version != "2018-01-20" || verified.Date.Format("2006-01-02T15:04:05Z") != params.Get("Timestamp") {
				t.Errorf("verified as %+v", verified)
			}
			params.Set("Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")
			_, err = signature.VerifyV1(row.method, params, lookup)
			refused := wantCode(t, err, "SignatureDoesNotMatch")
			if row.stringToSign != "" && !strings.HasSuffix(refused.Reply(), "server string to sign is:"+row.stringToSign) {
				t.Errorf("the reply is %q", refused.Reply())
			}
			wantNoSecret(t, refused, row.want)
		})
	}
}

func TestV1Refusals(t *testing.T) {
	const good = "QTgs2upKIC6hRtdBB9jowsdqsvo="
	base := vectorsV1[1].params
	for name, row := range map[string]struct {
		set    map[string]string
		method string
		code   string
		status int
	}{
		"lower-case escapes signed":  {set: map[string]string{"Signature": hmacV1(strings.NewReplacer("%253A", "%253a", "%252A", "%252a").Replace(vectorsV1[1].stringToSign), secret+"&")}, code: "SignatureDoesNotMatch"},
		"plus signed for space":      {set: map[string]string{"Signature": hmacV1(strings.ReplaceAll(vectorsV1[1].stringToSign, "%2520", "%2B"), secret+"&")}, code: "SignatureDoesNotMatch"},
		"key without ampersand":      {set: map[string]string{"Signature": hmacV1(vectorsV1[1].stringToSign, secret)}, code: "SignatureDoesNotMatch"},
		"another verb":               {method: http.MethodGet, code: "SignatureDoesNotMatch"},
		"parameter changed":          {set: map[string]string{"DeviceName": "dev-02"}, code: "SignatureDoesNotMatch"},
		"parameter added":            {set: map[string]string{"Extra": ""}, code: "SignatureDoesNotMatch"},
		"no action":                  {set: map[string]string{"Action": ""}, code: "MissingAction"},
		"no version":                 {set: map[string]string{"Version": ""}, code: "MissingVersion"},
		"no key":                     {set: map[string]string{"AccessKeyId": ""}, code: "MissingAccessKeyId"},
		"no nonce":                   {set: map[string]string{"SignatureNonce": ""}, code: "MissingSignatureNonce"},
		"no time":                    {set: map[string]string{"Timestamp": ""}, code: "MissingTimestamp"},
		"no signature":               {set: map[string]string{"Signature": ""}, code: "MissingSignature"},
		"unknown key":                {set: map[string]string{"AccessKeyId": "other"}, code: "InvalidAccessKeyId.NotFound", status: http.StatusNotFound},
		"another signature method":   {set: map[string]string{"SignatureMethod": "HMAC-SHA256"}, code: "IncompleteSignature"},
		"another signature version":  {set: map[string]string{"SignatureVersion": "2.0"}, code: "IncompleteSignature"},
		"time with zone":             {set: map[string]string{"Timestamp": "2018-07-31T07:43:57+08:00"}, code: "InvalidTimeStamp.Format"},
		"time with fractions":        {set: map[string]string{"Timestamp": "2018-07-31T07:43:57.000Z"}, code: "InvalidTimeStamp.Format"},
		"time that is none":          {set: map[string]string{"Timestamp": "yesterday"}, code: "InvalidTimeStamp.Format"},
		"signature in another case":  {set: map[string]string{"Signature": strings.ToLower(good)}, code: "SignatureDoesNotMatch"},
		"signature without its end":  {set: map[string]string{"Signature": good[:10]}, code: "SignatureDoesNotMatch"},
		"signature with a space end": {set: map[string]string{"Signature": good + " "}, code: "SignatureDoesNotMatch"},
	} {
		t.Run(name, func(t *testing.T) {
			params := v1(base)
			params.Set("Signature", good)
			for name, value := range row.set {
				params.Set(name, value)
			}
			method := http.MethodPost
			if row.method != "" {
				method = row.method
			}
			_, err := signature.VerifyV1(method, params, lookup)
			refused := wantCode(t, err, row.code)
			if status := max(row.status, http.StatusBadRequest); refused.HTTPStatus != status {
				t.Errorf("status %d, want %d", refused.HTTPStatus, status)
			}
			wantNoSecret(t, refused, good)
		})
	}
}

// hmacV1 signs a text as a client with a mistake would.
func hmacV1(text, key string) string {
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

var vectorsV3 = []struct {
	name, action, query, host, body string
	credentials                     signature.Credentials
	provider                        string
	signedHeaders, want             string
}{
	{
		name: "reserved characters", action: "RegisterDevice", query: "DeviceName=dev%201%3A%40%2A~&ProductKey=a1B2c3D4e5F", provider: "static_ak",
		signedHeaders: "host;x-acs-action;x-acs-content-sha256;x-acs-credentials-provider;x-acs-date;x-acs-signature-nonce;x-acs-version",
		want:          "eb0cf4e4c1e032a3017cf649798abc8f079b231b091bb5071e21fbc45f5fcae9",
	},
	{
		name: "query as the Go SDK writes it", action: "RegisterDevice", query: "ProductKey=a1B2c3D4e5F&DeviceName=dev+1%3A%40%2A~", provider: "static_ak",
		want: "eb0cf4e4c1e032a3017cf649798abc8f079b231b091bb5071e21fbc45f5fcae9",
	},
	{
		name: "query as the TypeScript SDK writes it", action: "RegisterDevice", query: "DeviceName=dev%201%3A%40*~&ProductKey=a1B2c3D4e5F", provider: "static_ak",
		want: "eb0cf4e4c1e032a3017cf649798abc8f079b231b091bb5071e21fbc45f5fcae9",
	},
	{
		name: "form body", action: "BatchCheckDeviceNames", query: "ProductKey=a1B2c3D4e5F", provider: "static_ak",
		body:          "DeviceName.1=x&DeviceName.2=y&DeviceNameList.1.DeviceName=q&DeviceNameList.1.DeviceNickname=n+1",
		signedHeaders: "content-type;host;x-acs-action;x-acs-content-sha256;x-acs-credentials-provider;x-acs-date;x-acs-signature-nonce;x-acs-version",
		want:          "c8a2279e76ffb15836c852374cae7b6a44c4b01e27d6f443f97d806f062a9893",
	},
	{
		name: "temporary credentials", action: "QueryProductList", query: "CurrentPage=1&PageSize=10", provider: "static_sts",
		credentials:   signature.Credentials{AccessKeyID: "STS.testid", AccessKeySecret: secret, SecurityToken: "tok/en+="},
		signedHeaders: "host;x-acs-accesskey-id;x-acs-action;x-acs-content-sha256;x-acs-credentials-provider;x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version",
		want:          "34d8ae8d93812f6c208334c35030bc4a7d0f02639e67ebcea6f8966a24b771b9",
	},
	{
		name: "Chinese text", action: "UpdateProduct", query: "ProductKey=a1B2c3D4e5F&ProductName=%E6%B8%A9%E5%BA%A6%20%E8%AE%A1_1",
		host: "iot.cn-shanghai.aliyuncs.com", provider: "static_ak",
		want: "38d426efc1d5e9d44bf5fb19b52f08c03ac95b46f6ad41e201b590bbc903ae18",
	},
	{
		name: "no parameters", action: "QueryDeviceStatistics",
		signedHeaders: "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version",
		want:          "398888d9c0e4da0b5354de470f3d12516a7fc44325500395d70e912031b10033",
	},
	{
		name: "no parameters, newer client", action: "QueryDeviceStatistics", provider: "static_ak",
		want: "e988af3be35c5e33a3b534e18e70758d348e47b7089145a6dfc1b84d6c9512dc",
	},
}

// signedV3 makes the request of a vector as a server would receive it.
func signedV3(i int) (*http.Request, []byte) {
	row := vectorsV3[i]
	r := httptest.NewRequest(http.MethodPost, "/?"+row.query, strings.NewReader(row.body))
	r.Host = "127.0.0.1:18080"
	if row.host != "" {
		r.Host = row.host
	}
	if row.body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if row.provider != "" {
		r.Header.Set("x-acs-credentials-provider", row.provider)
	}
	r.Header.Set("Accept", "application/json") // never signed
	c := row.credentials
	if c == (signature.Credentials{}) {
		c = signature.Credentials{AccessKeyID: "testid", AccessKeySecret: secret}
	}
	signature.SignV3(r, []byte(row.body), row.action, "2018-01-20", c, signedAt, nonce)
	return r, []byte(row.body)
}

func TestV3Vectors(t *testing.T) {
	for i, row := range vectorsV3 {
		t.Run(row.name, func(t *testing.T) {
			r, body := signedV3(i)
			auth := r.Header.Get("Authorization")
			if !strings.HasSuffix(auth, ",Signature="+row.want) {
				t.Errorf("Authorization: %s, want the signature %s", auth, row.want)
			}
			if row.signedHeaders != "" && !strings.Contains(auth, ",SignedHeaders="+row.signedHeaders+",") {
				t.Errorf("Authorization: %s, want the signed headers %s", auth, row.signedHeaders)
			}
			if !signature.IsV3(r) {
				t.Error("not recognised as V3")
			}
			verified, err := signature.VerifyV3(r, body, lookup)
			if err != nil {
				t.Fatal(err)
			}
			want := signature.Request{
				AccessKeyID: "testid", Action: row.action, Version: "2018-01-20", Date: signedAt, Nonce: nonce,
			}
			if row.credentials.AccessKeyID != "" {
				want.AccessKeyID, want.SecurityToken = row.credentials.AccessKeyID, row.credentials.SecurityToken
			}
			if verified != want {
				t.Errorf("verified as %+v, want %+v", verified, want)
			}
		})
	}
}

func TestV3Refusals(t *testing.T) {
	const form = 3 // the vector with a body
	replace := func(old, new string) func(*http.Request) {
		return func(r *http.Request) {
			auth := r.Header.Get("Authorization")
			r.Header.Set("Authorization", strings.Replace(auth, old, new, 1))
		}
	}
	for name, row := range map[string]struct {
		change func(*http.Request)
		body   string
		code   string
	}{
		"body changed":           {body: "DeviceName.1=z", code: "SignatureDoesNotMatch"},
		"body hash changed":      {change: func(r *http.Request) { r.Header.Set("x-acs-content-sha256", strings.Repeat("0", 64)) }, code: "SignatureDoesNotMatch"},
		"host without port":      {change: func(r *http.Request) { r.Host = "127.0.0.1" }, code: "SignatureDoesNotMatch"},
		"another verb":           {change: func(r *http.Request) { r.Method = http.MethodGet }, code: "SignatureDoesNotMatch"},
		"query changed":          {change: func(r *http.Request) { r.URL.RawQuery = "ProductKey=a1" }, code: "SignatureDoesNotMatch"},
		"query malformed":        {change: func(r *http.Request) { r.URL.RawQuery = "ProductKey=%zz" }, code: "IncompleteSignature"},
		"action changed":         {change: func(r *http.Request) { r.Header.Set("x-acs-action", "DeleteProduct") }, code: "SignatureDoesNotMatch"},
		"nonce changed":          {change: func(r *http.Request) { r.Header.Set("x-acs-signature-nonce", "1") }, code: "SignatureDoesNotMatch"},
		"no version":             {change: func(r *http.Request) { r.Header.Del("x-acs-version") }, code: "MissingVersion"},
		"no action":              {change: func(r *http.Request) { r.Header.Del("x-acs-action") }, code: "MissingAction"},
		"no nonce":               {change: func(r *http.Request) { r.Header.Del("x-acs-signature-nonce") }, code: "MissingSignatureNonce"},
		"no date":                {change: func(r *http.Request) { r.Header.Del("x-acs-date") }, code: "MissingTimestamp"},
		"date malformed":         {change: func(r *http.Request) { r.Header.Set("x-acs-date", "Tue, 02 Jan 2024") }, code: "InvalidTimeStamp.Format"},
		"header not signed":      {change: func(r *http.Request) { r.Header.Set("x-acs-security-token", "t") }, code: "IncompleteSignature"},
		"host not signed":        {change: replace("host;", ""), code: "IncompleteSignature"},
		"header signed twice":    {change: replace("host;", "host;HOST;"), code: "IncompleteSignature"},
		"unknown key":            {change: replace("testid", "other"), code: "InvalidAccessKeyId.NotFound"},
		"another algorithm":      {change: replace("SHA256", "SM3"), code: "IncompleteSignature"},
		"no credential":          {change: replace("Credential=testid,", ""), code: "IncompleteSignature"},
		"credential twice":       {change: replace("Credential=testid,", "Credential=testid,Credential=testid,"), code: "IncompleteSignature"},
		"one more field":         {change: replace("Credential=testid,", "Credential=testid,More=1,"), code: "IncompleteSignature"},
		"no signature":           {change: replace("c8a2279e76ffb15836c852374cae7b6a44c4b01e27d6f443f97d806f062a9893", ""), code: "IncompleteSignature"},
		"signature not hex":      {change: replace("c8a2279e", "c8a2279x"), code: "IncompleteSignature"},
		"signature short":        {change: replace("c8a2279e", ""), code: "IncompleteSignature"},
		"one digit changed":      {change: replace("c8a2279e", "c8a2279f"), code: "SignatureDoesNotMatch"},
		"too many header names":  {change: replace("host;", "host;"+strings.Join(numbered(100), ";")+";"), code: "IncompleteSignature"},
		"access key id mismatch": {change: func(r *http.Request) { r.Header.Set("x-acs-accesskey-id", "other") }, code: "IncompleteSignature"},
	} {
		t.Run(name, func(t *testing.T) {
			r, body := signedV3(form)
			if row.change != nil {
				row.change(r)
			}
			if row.body != "" {
				body = []byte(row.body)
			}
			_, err := signature.VerifyV3(r, body, lookup)
			refused := wantCode(t, err, row.code)
			wantNoSecret(t, refused, vectorsV3[form].want)
		})
	}
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("x-acs-%d", i)
	}
	return names
}

func TestV3StringToSignInReply(t *testing.T) {
	r, body := signedV3(0)
	_, err := signature.VerifyV3(r, body, func(string) (string, bool) { return "wrong", true })
	refused := wantCode(t, err, "SignatureDoesNotMatch")
	const want = "server string to sign is:ACS3-HMAC-SHA256\n77f268c288687d479a7fd821d2aaa4c5f8b17609c652e47826bd85612c89d94d"
	if !strings.HasSuffix(refused.Reply(), want) {
		t.Errorf("the reply is %q", refused.Reply())
	}
	if strings.Contains(refused.Error(), refused.StringToSign) {
		t.Errorf("the error repeats what was signed: %v", refused)
	}
}

// TestV3Tolerates what official clients do.
func TestV3Tolerates(t *testing.T) {
	r, body := signedV3(6)
	r.Header.Set("x-acs-credentials-provider", "static_ak") // sent but not signed
	if _, err := signature.VerifyV3(r, body, lookup); err != nil {
		t.Errorf("unsigned credentials provider: %v", err)
	}
	r, body = signedV3(6)
	auth := r.Header.Get("Authorization")
	at := strings.Index(auth, "Signature=") + len("Signature=")
	r.Header.Set("Authorization", strings.ReplaceAll(auth[:at], ",", ", ")+strings.ToUpper(auth[at:]))
	if _, err := signature.VerifyV3(r, body, lookup); err != nil {
		t.Errorf("blanks and upper-case hex: %v", err)
	}
}

func TestCheckTime(t *testing.T) {
	for offset, ok := range map[time.Duration]bool{
		0: true, 15 * time.Minute: true, -15 * time.Minute: true,
		15*time.Minute + time.Second: false, -16 * time.Minute: false, 1 << 62: false,
	} {
		err := signature.CheckTime(signedAt, signedAt.Add(offset))
		if (err == nil) != ok {
			t.Errorf("%v off: %v", offset, err)
		}
		if err != nil {
			wantCode(t, err, "InvalidTimeStamp.Expired")
		}
	}
}

func TestCredentialsHideTheirSecrets(t *testing.T) {
	c := signature.Credentials{AccessKeyID: "testid", AccessKeySecret: "hush-secret", SecurityToken: "hush-token"}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("signed", "credentials", c)
	for _, text := range []string{c.String(), fmt.Sprintf("%v %+v %#v %s %q", c, &c, c, c, c), log.String()} {
		if strings.Contains(text, "hush") {
			t.Errorf("%q shows a secret", text)
		}
		if !strings.Contains(text, "testid") {
			t.Errorf("%q does not name the key", text)
		}
	}
}

func wantCode(t *testing.T, err error, code string) *signature.Error {
	t.Helper()
	refused, ok := errors.AsType[*signature.Error](err)
	if !ok {
		t.Fatalf("got %v, want %s", err, code)
	}
	if refused.Code != code {
		t.Fatalf("got %v, want %s", refused, code)
	}
	if refused.Message == "" || refused.HTTPStatus < 400 {
		t.Errorf("%+v has no message or status", *refused)
	}
	return refused
}

func wantNoSecret(t *testing.T, refused *signature.Error, expected string) {
	t.Helper()
	for _, text := range []string{refused.Error(), refused.Reply()} {
		if strings.Contains(text, secret) || strings.Contains(text, expected) {
			t.Errorf("%q holds a secret or the expected signature", text)
		}
	}
}

// FuzzAuthorization: whatever the header says, nothing passes that was not
// signed with the secret, and every refusal is an *Error.
func FuzzAuthorization(f *testing.F) {
	for i := range vectorsV3 {
		r, _ := signedV3(i)
		f.Add(r.Header.Get("Authorization"))
	}
	f.Add("ACS3-HMAC-SHA256")
	f.Add("ACS3-HMAC-SHA256 Credential=a,SignedHeaders=;;;,Signature=")
	f.Fuzz(func(t *testing.T, text string) {
		r, body := signedV3(0)
		good := maps.Clone(r.Header)
		r.Header.Set("Authorization", text)
		_, err := signature.VerifyV3(r, body, lookup)
		if err == nil {
			if !strings.Contains(strings.ToLower(text), vectorsV3[0].want) {
				t.Fatalf("%q passed, signed is %q", text, good.Get("Authorization"))
			}
			return
		}
		if _, ok := errors.AsType[*signature.Error](err); !ok {
			t.Fatalf("%q: %v is no *Error", text, err)
		}
	})
}
