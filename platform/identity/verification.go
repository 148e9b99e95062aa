package identity

// DeviceVerification is what a face of the local platform needs to verify
// one device. It is a copy: the holder may keep it, the stored value does not
// change with it.
type DeviceVerification struct {
	// DeviceSecret is the key of the device's signatures.
	DeviceSecret string
	// Disabled says that the device may not connect or register.
	Disabled bool
	// Active says that the device has connected at least once since it was
	// created or reset. An active device does not register again.
	Active bool
}

// ProductVerification is what a face of the local platform needs to verify
// a device of one product by the secret of the product.
type ProductVerification struct {
	// ProductSecret is the key of registration signatures.
	ProductSecret string
	// DynamicRegistration says whether devices of the product may register
	// themselves.
	DynamicRegistration bool
}
