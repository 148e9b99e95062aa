package identity

import (
	"errors"
	"fmt"
	"strings"

	"fleetmint/platform"
)

// The values of the authType parameter. A device that connects with its
// DeviceSecret sends none.
const (
	AuthTypeRegister = "register" // dynamic registration of a registered DeviceName
	AuthTypeRegnwl   = "regnwl"   // preregistration-free registration
	AuthTypeConnwl   = "connwl"   // connection with a DeviceToken after regnwl
)

// The values of the securemode parameter that the platform documents.
const (
	SecureModeTLS          = "2"  // direct connection over TLS
	SecureModePlain        = "3"  // direct connection without TLS
	SecureModeUnregistered = "-2" // preregistration-free, over TLS
)

// Names of CONNECT parameters.
const (
	paramAuthType      = "authType"
	paramAutoSubscribe = "_ss"
	paramInstanceID    = "instanceId"
	paramRandom        = "random"
	paramSecureMode    = "securemode"
	paramSignMethod    = "signmethod"
	paramTimestamp     = "timestamp"
)

// Limits of ParseConnect in bytes. The cloud documents 64 characters for the id
// alone, yet official SDKs exceed that, so only the absurd is refused.
const (
	maxClientID = 4096
	maxUsername = 256
)

// What ParseConnect wraps.
var (
	ErrClientID = errors.New("invalid clientId")
	ErrUsername = errors.New("invalid username")
)

// ConnectParams is what an MQTT CONNECT says about the device:
//
//	clientId: {ID}|name=value,name=value|
//	username: {DeviceName}&{ProductKey}
type ConnectParams struct {
	ID         string            // the clientId up to the first |
	Params     map[string]string // between the two |; unknown names included
	DeviceName string
	ProductKey string

	clientID string // as sent, to recognise a device that signed all of it
}

// ParseConnect takes clientId and username apart. It allows what official SDKs
// do: blanks and line breaks around names and values, empty items and unknown
// parameters. Of a repeated parameter the last one counts, since SDKs append
// what their user adds. Nothing is looked up or verified.
//
// Errors wrap ErrClientID or ErrUsername and say what is wrong.
func ParseConnect(clientID, username string) (ConnectParams, error) {
	p := ConnectParams{clientID: clientID}
	if len(clientID) > maxClientID {
		return ConnectParams{}, fmt.Errorf("%w: longer than %d bytes", ErrClientID, maxClientID)
	}
	id, rest, found := strings.Cut(clientID, "|")
	if !found {
		return ConnectParams{}, fmt.Errorf("%w: no parameters between | and |", ErrClientID)
	}
	if strings.TrimSpace(id) == "" {
		return ConnectParams{}, fmt.Errorf("%w: nothing before the first |", ErrClientID)
	}
	list, tail, found := strings.Cut(rest, "|")
	if !found {
		return ConnectParams{}, fmt.Errorf("%w: the closing | is missing", ErrClientID)
	}
	if tail != "" {
		return ConnectParams{}, fmt.Errorf("%w: text after the closing |", ErrClientID)
	}
	p.ID = id
	params, err := parseParams(list)
	if err != nil {
		return ConnectParams{}, err
	}
	p.Params = params

	if len(username) > maxUsername {
		return ConnectParams{}, fmt.Errorf("%w: longer than %d bytes", ErrUsername, maxUsername)
	}
	// Neither part can hold an &, so that cutting at the last one only decides
	// which part of a malformed username will not be found.
	i := strings.LastIndexByte(username, '&')
	if i <= 0 || i == len(username)-1 {
		return ConnectParams{}, fmt.Errorf("%w: not of the form DeviceName&ProductKey", ErrUsername)
	}
	p.DeviceName, p.ProductKey = username[:i], username[i+1:]
	return p, nil
}

func parseParams(list string) (map[string]string, error) {
	params := make(map[string]string, min(strings.Count(list, ",")+1, 16))
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		name, value, found := strings.Cut(item, "=")
		name = strings.TrimSpace(name)
		if !found || name == "" {
			return nil, fmt.Errorf("%w: parameter %q is not of the form name=value", ErrClientID, clip(item))
		}
		params[name] = strings.TrimSpace(value)
	}
	return params, nil
}

// AuthType returns how the device wants to be verified: one of the AuthType
// constants, or "" for verification by DeviceSecret.
func (p ConnectParams) AuthType() string { return p.Params[paramAuthType] }

// SecureMode returns the transport the device believes to use, see the
// SecureMode constants. It is not signed.
func (p ConnectParams) SecureMode() string { return p.Params[paramSecureMode] }

// SignMethod returns the method of the signature, HMACMD5 where the device
// names none. The error wraps ErrSignMethod.
func (p ConnectParams) SignMethod() (SignMethod, error) {
	return ParseSignMethod(p.Params[paramSignMethod])
}

// Timestamp returns the timestamp as sent and whether there is one. It may be
// seconds, milliseconds, an uptime or a constant: it is signed, never judged.
func (p ConnectParams) Timestamp() (string, bool) {
	timestamp, ok := p.Params[paramTimestamp]
	return timestamp, ok
}

// Random returns the random value of a registration, "" where there is none.
// Some SDKs always send the same one.
func (p ConnectParams) Random() string { return p.Params[paramRandom] }

// InstanceID returns the instance that the device addresses, "" where it names
// none.
func (p ConnectParams) InstanceID() string { return p.Params[paramInstanceID] }

// AutoSubscribe reports whether the device expects its replies and downlinks
// without ever subscribing to them (_ss=1).
func (p ConnectParams) AutoSubscribe() bool { return p.Params[paramAutoSubscribe] == "1" }

// Ref returns the device that the CONNECT speaks for.
func (p ConnectParams) Ref() platform.DeviceRef {
	return platform.DeviceRef{ProductKey: p.ProductKey, DeviceName: p.DeviceName}
}

// Content returns what a device signs with its DeviceSecret to connect:
// clientId (only the ID), deviceName, productKey and, only when it is sent,
// timestamp. No other parameter is ever signed.
func (p ConnectParams) Content() string {
	timestamp, ok := p.Timestamp()
	return connectContent(p.ID, p.DeviceName, p.ProductKey, timestamp, ok)
}

// RegistrationContent returns what a device signs with the ProductSecret to
// register over MQTT.
func (p ConnectParams) RegistrationContent() string {
	return RegistrationContent(p.ProductKey, p.DeviceName, p.Random())
}

func connectContent(id, deviceName, productKey, timestamp string, withTimestamp bool) string {
	if withTimestamp {
		return "clientId" + id + "deviceName" + deviceName + "productKey" + productKey + "timestamp" + timestamp
	}
	return "clientId" + id + "deviceName" + deviceName + "productKey" + productKey
}

// Connect is what a device puts into its MQTT CONNECT.
type Connect struct {
	ClientID string
	Username string
	Password string
}

// Options are the choices a device has when it connects with its DeviceSecret.
type Options struct {
	// ClientID is the id part of the clientId, at most 64 characters without |.
	// Empty means ProductKey&DeviceName.
	ClientID string
	// SignMethod is empty for HMACSHA256.
	SignMethod SignMethod
	// Timestamp is sent and signed only where it is not empty.
	Timestamp string
	// SecureMode is empty for SecureModeTLS.
	SecureMode string
}

// BuildConnect returns the CONNECT fields of a device that connects with its
// own certificate. The password is empty when o.SignMethod is not supported.
func BuildConnect(cert platform.Certificate, o Options) Connect {
	if o.ClientID == "" {
		o.ClientID = cert.ProductKey + "&" + cert.DeviceName
	}
	if o.SignMethod == "" {
		o.SignMethod = HMACSHA256
	}
	if o.SecureMode == "" {
		o.SecureMode = SecureModeTLS
	}
	withTimestamp := o.Timestamp != ""
	clientID := o.ClientID + "|" + paramSecureMode + "=" + o.SecureMode + "," + paramSignMethod + "=" + string(o.SignMethod)
	if withTimestamp {
		clientID += "," + paramTimestamp + "=" + o.Timestamp
	}
	content := connectContent(o.ClientID, cert.DeviceName, cert.ProductKey, o.Timestamp, withTimestamp)
	return Connect{
		ClientID: clientID + "|",
		Username: cert.DeviceName + "&" + cert.ProductKey,
		Password: Sign(o.SignMethod, cert.DeviceSecret, content),
	}
}
