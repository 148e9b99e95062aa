// Package platform is the domain of Fleetmint: products, devices, the four
// verification methods, and the one interface through which the console talks
// to a platform, be it the embedded local platform or Alibaba Cloud IoT
// Platform.
//
// The package holds values and contracts only. It starts no goroutines and has
// no global state; every value type may be copied, and every implementation of
// Platform must be safe for concurrent use.
package platform

import "context"

// Platform is an IoT platform as the console sees it. All methods honour the
// context, return *Error for anything the platform refused (match its kind with
// errors.Is, for example ErrNotFound), and may be called concurrently.
type Platform interface {
	// Products returns one page of products, newest first. ProductSecret is
	// empty in a listing: the cloud's QueryProductList leaves it out.
	Products(ctx context.Context, page Page) (ProductPage, error)
	// Product returns one product with its ProductSecret. ErrNotFound when the
	// ProductKey is unknown.
	Product(ctx context.Context, productKey string) (Product, error)
	// CreateProduct creates a product and stores its verification method with
	// it. ErrInvalid names the rule that was broken, ErrAlreadyExists means the
	// name is taken.
	CreateProduct(ctx context.Context, product NewProduct) (Product, error)
	// DeleteProduct removes a product without devices. ErrConflict when it
	// still has devices.
	DeleteProduct(ctx context.Context, productKey string) error
	// SetDynamicRegistration opens or closes dynamic registration for a
	// product. ErrUnsupported on platforms that have no API for it.
	SetDynamicRegistration(ctx context.Context, productKey string, enabled bool) error

	// Devices returns one page of a product's devices, newest first.
	Devices(ctx context.Context, productKey string, page Page) (DevicePage, error)
	// FindDevices is Devices for those that a filter lets through. Platforms
	// that cannot search return ErrUnsupported.
	FindDevices(ctx context.Context, productKey string, filter DeviceFilter, page Page) (DevicePage, error)
	// Device returns one device with its DeviceSecret. ErrNotFound when the
	// product or the device is unknown.
	Device(ctx context.Context, ref DeviceRef) (Device, error)
	// DevicesNamed returns the named devices of one product in the order of
	// names, leaving out those that do not exist.
	DevicesNamed(ctx context.Context, productKey string, names []string) ([]Device, error)
	// RegisterDevice registers one device. An empty DeviceName lets the
	// platform choose one. ErrInvalid for a name that breaks the rule,
	// ErrAlreadyExists for one that is taken.
	RegisterDevice(ctx context.Context, device NewDevice) (Device, error)
	// RegisterDevices registers many devices and reports progress. What was
	// acknowledged before an error or a cancelled context stays registered and
	// is in the returned result.
	RegisterDevices(ctx context.Context, batch Batch, progress func(Progress)) (BatchResult, error)
	// DeleteDevice removes a device; its certificate cannot be recovered.
	DeleteDevice(ctx context.Context, ref DeviceRef) error
	// Statistics counts the devices of one product, or of all products when
	// productKey is empty.
	Statistics(ctx context.Context, productKey string) (Statistics, error)
}

// Page asks for one page of a listing. Number counts from 1.
type Page struct {
	Number int
	Size   int
}

// Progress is how far a long operation has come, counted in its own items.
type Progress struct {
	Done  int
	Total int
}

// Statistics are counts of devices.
type Statistics struct {
	Devices int64 // registered
	Active  int64 // connected at least once
	Online  int64 // connected now
}
