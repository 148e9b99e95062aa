package platform

import (
	"strings"
	"time"
)

// Status is a device's state as the platform reports it, spelled as on the wire.
type Status string

// The four device states.
const (
	StatusUnactive Status = "UNACTIVE" // has never connected
	StatusOnline   Status = "ONLINE"
	StatusOffline  Status = "OFFLINE"
	StatusDisabled Status = "DISABLE" // refused until enabled again
)

// DeviceRef names one device: a DeviceName is unique only within its product.
type DeviceRef struct {
	ProductKey string
	DeviceName string
}

// Certificate is what is burned to a device for unique-certificate-per-device
// verification. It is a secret as a whole.
type Certificate struct {
	ProductKey   string
	DeviceName   string
	DeviceSecret string
}

// Device is one device of a product. A zero time means that it never happened.
type Device struct {
	DeviceRef
	DeviceSecret string
	IotID        string // the platform's opaque, unique id
	Nickname     string
	Status       Status
	Created      time.Time
	Activated    time.Time
	LastOnline   time.Time
	Address      string // remote address of the last connection, may be empty
}

// Certificate returns the device's certificate.
func (d Device) Certificate() Certificate {
	return Certificate{ProductKey: d.ProductKey, DeviceName: d.DeviceName, DeviceSecret: d.DeviceSecret}
}

// NewDevice is a device to be registered.
type NewDevice struct {
	ProductKey string
	DeviceName string // empty: the platform chooses
	Nickname   string
}

// DeviceFilter narrows a listing of devices. The zero value lets all through.
type DeviceFilter struct {
	Contains string // part of the DeviceName, in any letter case
	Status   Status // empty for any
}

// DevicePage is one page of devices. Total counts all that the listing was of.
type DevicePage struct {
	Devices []Device
	Total   int
}

// Batch asks for many devices of one product: the given names, or Count names
// of the platform's choosing where Names is empty.
type Batch struct {
	ProductKey string
	Names      []string
	Count      int
}

// BatchResult is what a batch registration achieved.
type BatchResult struct {
	Devices  []Device
	Rejected []RejectedName // with the reason, in the order given
}

// RejectedName is a DeviceName that could not be registered.
type RejectedName struct {
	DeviceName string
	Reason     error // ErrInvalid or ErrAlreadyExists
}

// Limits of DeviceName, from the cloud's RegisterDevice.
const (
	DeviceNameMin = 4
	DeviceNameMax = 32
)

// ValidateDeviceName checks the cloud's rule: 4 to 32 of A-Z a-z 0-9 - _ @ . :
// (names are case-sensitive).
func ValidateDeviceName(name string) error {
	valid := len(name) >= DeviceNameMin && len(name) <= DeviceNameMax
	for i := 0; valid && i < len(name); i++ {
		valid = isLetterOrDigit(name[i]) || strings.IndexByte("-_@.:", name[i]) >= 0
	}
	if !valid {
		return &Error{
			Op: "check DeviceName", Kind: ErrInvalid, Field: FieldDeviceName, Value: name,
			Message: "a DeviceName has 4 to 32 letters, digits and - _ @ . :",
		}
	}
	return nil
}
