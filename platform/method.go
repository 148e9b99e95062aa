package platform

// Method is one of the four ways a device with Authentication Mode Device
// Secret is verified.
type Method string

// The verification methods. The text is what is stored with a product.
const (
	MethodUnknown           Method = ""
	PerDevice               Method = "PerDevice"
	PerProductPreregistered Method = "PerProductPreregistered"
	PerProductUnregistered  Method = "PerProductUnregistered"
	SubDevice               Method = "SubDevice"
)

// TagMethod is the key of the product tag that keeps a product's verification
// method on the platform; its value is the text of the Method.
const TagMethod = "fleetmint.method"

// Methods returns the four methods in the order in which they are compared.
func Methods() []Method {
	return []Method{PerDevice, PerProductPreregistered, PerProductUnregistered, SubDevice}
}

// Known reports whether m is one of the four methods.
func (m Method) Known() bool {
	for _, known := range Methods() {
		if m == known {
			return true
		}
	}
	return false
}

// NeedsDynamicRegistration reports whether devices of this method register
// themselves at run time, so that the product's switch must be on.
func (m Method) NeedsDynamicRegistration() bool {
	return m == PerProductPreregistered || m == PerProductUnregistered || m == SubDevice
}

// NeedsRegisteredName reports whether the DeviceName must be registered before
// the device first appears.
func (m Method) NeedsRegisteredName() bool {
	return m == PerDevice || m == PerProductPreregistered || m == SubDevice
}

// BurnsProductSecret reports whether the product certificate, rather than a
// device certificate, goes into the firmware.
func (m Method) BurnsProductSecret() bool {
	return m == PerProductPreregistered || m == PerProductUnregistered
}

// SubDevicesPerGateway is how many sub-devices may register through one
// gateway.
const SubDevicesPerGateway = 1500

// ClientIDsPerDevice is how many physical devices may share one DeviceName
// without pre-registration.
const ClientIDsPerDevice = 5

// Requirements are the answers from which Advise recommends a method.
type Requirements struct {
	// BehindGateway: the device reaches the platform only through a gateway.
	BehindGateway bool
	// DistinctCertificates: the line can burn a different certificate to every
	// unit.
	DistinctCertificates bool
	// NamesKnown: serial numbers or MAC addresses are known beforehand.
	NamesKnown bool
	// MQTTOverTLS: the device speaks MQTT over TLS.
	MQTTOverTLS bool
}

// Reason says why a method was advised, for the view to put into words.
type Reason string

// The reasons Advise gives.
const (
	ReasonBehindGateway        Reason = "behind-gateway"
	ReasonDistinctCertificates Reason = "distinct-certificates"
	ReasonNamesKnown           Reason = "names-known"
	ReasonNamesUnknown         Reason = "names-unknown"
	ReasonNothingFits          Reason = "nothing-fits"
)

// Advise recommends a method. Where the device cannot use any of the
// self-registering methods it falls back to PerDevice with
// ReasonNothingFits: that one asks least of the device.
func Advise(r Requirements) (Method, Reason) {
	switch {
	case r.BehindGateway:
		return SubDevice, ReasonBehindGateway
	case r.DistinctCertificates:
		return PerDevice, ReasonDistinctCertificates
	case r.NamesKnown:
		return PerProductPreregistered, ReasonNamesKnown
	case r.MQTTOverTLS:
		return PerProductUnregistered, ReasonNamesUnknown
	default:
		return PerDevice, ReasonNothingFits
	}
}
