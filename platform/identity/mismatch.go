package identity

import (
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"
)

// Secrets are the secrets that may have made a signature. Either may be empty
// where it is not known.
type Secrets struct {
	DeviceSecret  string
	ProductSecret string
}

// sdkTimestamp is the constant that the official C SDKs sign as timestamp.
const sdkTimestamp = "2524608000000"

// MismatchReason explains why the password of a CONNECT did not verify under
// method m, in a sentence a person can act on. With the true secrets it tries
// the mistakes that devices make, and names the one that gives this password.
// It covers connections by DeviceSecret and, by their authType, registrations.
//
// The sentence never holds a secret or a signature. It is for the operator: do
// not send it to the device. Expect some dozens of HMACs per call.
func MismatchReason(p ConnectParams, m SignMethod, password string, s Secrets) string {
	d := diagnosis{sign: password, method: m, named: p.Params[paramSignMethod] != ""}
	switch p.AuthType() {
	case AuthTypeRegister, AuthTypeRegnwl:
		d.keys = registrationKeys(s)
		d.contents = []content{
			{text: p.RegistrationContent(), over: "deviceName, productKey, random"},
			{text: p.Content(), mistake: "signed what is signed to connect instead of deviceName, productKey, random"},
		}
	default:
		d.keys = []key{
			{secret: s.DeviceSecret, name: "DeviceSecret"},
			{secret: s.ProductSecret, name: "ProductSecret"},
		}
		d.contents = connectContents(p)
	}
	return d.reason()
}

// RegistrationMismatchReason is MismatchReason for a registration over HTTPS.
func RegistrationMismatchReason(productKey, deviceName, random string, m SignMethod, sign string, s Secrets) string {
	text := RegistrationContent(productKey, deviceName, random)
	return diagnosis{
		sign: sign, method: m, named: true,
		keys: registrationKeys(s),
		contents: []content{
			{text: text, over: "deviceName, productKey, random"},
			{
				text:    text + paramSignMethod + string(m),
				mistake: "included the sign method in the signed content, which is deviceName, productKey, random",
			},
			{
				text:    text + "signMethod" + string(m),
				mistake: "included signMethod in the signed content, which is deviceName, productKey, random",
			},
			{
				text:    "productKey" + productKey + "deviceName" + deviceName + "random" + random,
				mistake: "signed in the order of sending instead of deviceName, productKey, random",
			},
		},
	}.reason()
}

func registrationKeys(s Secrets) []key {
	return []key{
		{secret: s.ProductSecret, name: "ProductSecret"},
		{secret: s.DeviceSecret, name: "DeviceSecret"},
	}
}

func connectContents(p ConnectParams) []content {
	timestamp, hasTimestamp := p.Timestamp()
	over := "clientId, deviceName, productKey"
	if hasTimestamp {
		over += ", timestamp"
	}
	contents := []content{{text: p.Content(), over: over}}
	if hasTimestamp {
		contents = append(contents, content{
			text:    connectContent(p.ID, p.DeviceName, p.ProductKey, "", false),
			mistake: "left timestamp out of the signed content although its clientId carries one",
		})
	} else {
		contents = append(contents, content{
			text:    connectContent(p.ID, p.DeviceName, p.ProductKey, sdkTimestamp, true),
			mistake: "signed a timestamp that its clientId does not carry",
		})
	}
	const whole = `signed the whole clientId instead of the part before the first "|"`
	if p.clientID != "" {
		contents = append(contents,
			content{text: connectContent(p.clientID, p.DeviceName, p.ProductKey, timestamp, hasTimestamp), mistake: whole})
		if hasTimestamp {
			contents = append(contents, content{
				text:    connectContent(p.clientID, p.DeviceName, p.ProductKey, "", false),
				mistake: whole + ", and left timestamp out",
			})
		}
	}
	return append(contents,
		content{
			text:    connectContent(p.ID, p.ProductKey, p.DeviceName, timestamp, hasTimestamp),
			mistake: "signed with DeviceName and ProductKey exchanged",
		},
		content{
			text:    p.RegistrationContent(),
			mistake: "signed what is signed to register, although its clientId does not say authType=register",
		},
	)
}

// key is a secret that may have been used, the right one first.
type key struct {
	secret string
	name   string
}

// content is a text that may have been signed, the right one first.
type content struct {
	text    string
	over    string // of the right one: the names it is made of
	mistake string // of a wrong one: what the device did, as "signed …"
}

// diagnosis searches for the mistake behind a signature. The first key and the
// first content are the right ones.
type diagnosis struct {
	sign     string
	method   SignMethod
	named    bool // the device named its method, rather than leaving the default
	keys     []key
	contents []content
}

const mismatch = "signature does not match: "

func (d diagnosis) reason() string {
	if d.sign == "" {
		return "signature is missing: the device sent an empty one"
	}
	for _, k := range d.keys {
		if k.secret != "" && subtle.ConstantTimeCompare([]byte(k.secret), []byte(d.sign)) == 1 {
			return mismatch + "the device sent the " + k.name + " itself instead of a signature made with it"
		}
	}
	for _, c := range d.contents {
		for _, k := range d.keys {
			for _, m := range SignMethods() {
				if Verify(m, k.secret, c.text, d.sign) {
					if mistakes := d.mistakes(m, k, c); mistakes != "" {
						return mismatch + "the device " + mistakes
					}
				}
			}
		}
	}
	expected := fmt.Sprintf("%s with the %s over %s", d.method, d.keys[0].name, d.contents[0].over)
	if digits := hex.EncodedLen(len(sum(nil, d.method, "", ""))); len(d.sign) != digits || !isHex(d.sign) {
		return fmt.Sprintf("%sexpected %d hex digits, which is %s, but the device sent something else", mismatch, digits, expected)
	}
	return mismatch + "expected " + expected + "; check that the device holds its current " + d.keys[0].name
}

// mistakes lists how the signature that was found differs from the right one.
func (d diagnosis) mistakes(m SignMethod, k key, c content) string {
	var list []string
	switch {
	case m == d.method:
	case d.named:
		list = append(list, fmt.Sprintf("signed with %s although it says %s", m, d.method))
	default:
		list = append(list, fmt.Sprintf("signed with %s although it names no method, which means %s", m, d.method))
	}
	if k != d.keys[0] {
		list = append(list, fmt.Sprintf("signed with the %s instead of the %s", k.name, d.keys[0].name))
	}
	if c.mistake != "" {
		list = append(list, c.mistake)
	}
	return strings.Join(list, ", and ")
}

func isHex(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil
}
