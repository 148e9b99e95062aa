package broker

import (
	"errors"
	"fmt"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"fleetmint/platform"
	"fleetmint/platform/identity"
)

// returnCode is a CONNACK return code of MQTT 3.1.1.
type returnCode byte

const (
	codeVersion       returnCode = 1 // protocol version not supported
	codeIdentifier    returnCode = 2 // clientId malformed or asking for what is not supported
	codeUnavailable   returnCode = 3 // our own failure
	codeCredentials   returnCode = 4 // username malformed, password missing or wrong
	codeNotAuthorized returnCode = 5 // no such product or device, or disabled
)

// v5 returns the reason code that means the same in MQTT 5.
func (c returnCode) v5() byte {
	switch c {
	case codeVersion:
		return packets.ErrUnsupportedProtocolVersion.Code
	case codeIdentifier:
		return packets.ErrClientIdentifierNotValid.Code
	case codeCredentials:
		return packets.ErrBadUsernameOrPassword.Code
	case codeNotAuthorized:
		return packets.ErrNotAuthorized.Code
	default:
		return packets.ErrServerUnavailable.Code
	}
}

// refusal is a CONNECT that is not let through.
type refusal struct {
	code   returnCode
	reason string // for the operator; not sent to the device
}

func refuse(code returnCode, format string, args ...any) *refusal {
	return &refusal{code: code, reason: fmt.Sprintf(format, args...)}
}

// Keep-alive interval that the cloud accepts, in seconds.
const (
	keepaliveMin = 30
	keepaliveMax = 1200
)

// admit decides about a CONNECT. Nil means that the connection has its session;
// the packet is then rewritten to what the MQTT library should see.
func (b *Broker) admit(c *conn, cl *mqtt.Client, pk *packets.Packet) *refusal {
	if !supportedVersion(pk) {
		r := refuse(codeVersion, "MQTT protocol %.16q version %d is not supported, 3.1, 3.1.1 and 5.0 are", pk.Connect.ProtocolName, pk.ProtocolVersion)
		b.recordVerification(c, platform.DeviceRef{}, platform.MethodUnknown, r)
		return r
	}
	params, err := identity.ParseConnect(pk.Connect.ClientIdentifier, string(pk.Connect.Username))
	if err != nil {
		code := codeIdentifier
		if errors.Is(err, identity.ErrUsername) {
			code = codeCredentials
		}
		r := refuse(code, "%v", err)
		b.recordVerification(c, platform.DeviceRef{}, platform.MethodUnknown, r)
		return r
	}

	var (
		method platform.Method
		r      *refusal
	)
	switch authType := params.AuthType(); authType {
	case "":
		method = platform.PerDevice
		r = b.admitDevice(c, cl, pk, params)
	default:
		r = refuse(codeIdentifier, "authType %.32q is not supported over MQTT", authType)
	}
	b.recordVerification(c, params.Ref(), method, r)
	if r != nil {
		return r
	}

	c.session.established = true
	b.recordOnline(c.session)
	// Takeover and persistent sessions go by device. Wills are not supported.
	pk.Connect.ClientIdentifier = sessionID(c.session.ref)
	pk.Connect.WillFlag, pk.Connect.WillRetain, pk.Connect.WillQos = false, false, 0
	pk.Connect.WillTopic, pk.Connect.WillPayload = "", nil
	return nil
}

func supportedVersion(pk *packets.Packet) bool {
	switch string(pk.Connect.ProtocolName) {
	case "MQIsdp":
		return pk.ProtocolVersion == 3
	case "MQTT":
		return pk.ProtocolVersion == 4 || pk.ProtocolVersion == 5
	default:
		return false
	}
}

// admitDevice verifies a device by its DeviceSecret and makes its session.
func (b *Broker) admitDevice(c *conn, cl *mqtt.Client, pk *packets.Packet, params identity.ConnectParams) *refusal {
	if keepalive := pk.Connect.Keepalive; keepalive < keepaliveMin || keepalive > keepaliveMax {
		return refuse(codeIdentifier, "the keep-alive interval of %d s is outside %d to %d s", keepalive, keepaliveMin, keepaliveMax)
	}
	if r := b.verifyDevice(params, string(pk.Connect.Password)); r != nil {
		return r
	}

	s := &session{
		ref: params.Ref(), conn: c, client: cl, clean: pk.Connect.Clean,
		autoSubscribe: params.AutoSubscribe(), done: make(chan struct{}),
	}
	// An older connection of the device may take its time to end.
	_ = c.SetDeadline(time.Time{})
	if inherited, ok := b.registry.claim(s); !ok {
		if inherited {
			b.disconnected(s.ref)
		}
		return refuse(codeUnavailable, "the local platform is shutting down")
	}
	c.session = s // from here on the end of the connection ends the session
	// Whoever disabled or deleted the device meanwhile found no session to end.
	if r := b.verifyDevice(params, string(pk.Connect.Password)); r != nil {
		return r
	}
	switch err := b.connect(s); {
	case err == nil:
		return nil
	case errors.Is(err, platform.ErrNotFound):
		return refuse(codeNotAuthorized, "the device was deleted while it connected")
	default:
		b.log.Error("cannot mark a device online", "productKey", s.ref.ProductKey, "deviceName", s.ref.DeviceName, "error", err)
		return refuse(codeUnavailable, "the platform could not store that the device is online")
	}
}

// verifyDevice checks the signature first: what a disabled device is told only
// its owner shall learn.
func (b *Broker) verifyDevice(params identity.ConnectParams, password string) *refusal {
	method, err := params.SignMethod()
	if err != nil {
		return refuse(codeIdentifier, "%v", err)
	}
	if password == "" {
		return refuse(codeCredentials, "the password is missing: it must be the signature")
	}
	device, ok := b.store.Verification(params.ProductKey, params.DeviceName)
	if !ok {
		if _, ok := b.store.ProductVerification(params.ProductKey); !ok {
			return refuse(codeNotAuthorized, "no product has this ProductKey; check what was burned to the device")
		}
		return refuse(codeNotAuthorized, "the product has no device of this name; register it first")
	}
	if !identity.Verify(method, device.DeviceSecret, params.Content(), password) {
		product, _ := b.store.ProductVerification(params.ProductKey)
		return refuse(codeCredentials, "%s", identity.MismatchReason(params, method, password, identity.Secrets{
			DeviceSecret: device.DeviceSecret, ProductSecret: product.ProductSecret,
		}))
	}
	if device.Disabled {
		return refuse(codeNotAuthorized, "the device is disabled; enable it to let it connect")
	}
	return nil
}

func (b *Broker) recordVerification(c *conn, ref platform.DeviceRef, method platform.Method, r *refusal) {
	a := platform.Activity{
		Kind: platform.ActivityVerification, Outcome: platform.Accepted, Method: method,
		ProductKey: ref.ProductKey, DeviceName: ref.DeviceName, Remote: c.remote,
	}
	if r != nil {
		a.Outcome, a.Reason = platform.Refused, r.reason
	}
	b.record(a)
}

func (b *Broker) recordOnline(s *session) {
	b.record(platform.Activity{
		Kind: platform.ActivityConnection, Outcome: platform.Accepted, Reason: "came online",
		ProductKey: s.ref.ProductKey, DeviceName: s.ref.DeviceName, Remote: s.conn.remote,
	})
}
