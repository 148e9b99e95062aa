package views

import "fleetmint/platform"

// Screen names one of the console's screens.
type Screen string

// The screens.
const (
	ScreenProducts        Screen = "products"
	ScreenCreateProduct   Screen = "create-product"
	ScreenProduct         Screen = "product"
	ScreenDevices         Screen = "devices"
	ScreenRegisterDevices Screen = "register-devices"
	ScreenExport          Screen = "export"
	ScreenDevice          Screen = "device"
	ScreenMethods         Screen = "methods"
	ScreenSettings        Screen = "settings"
)

// Route is a place in the console: a screen and what it shows.
type Route struct {
	Screen     Screen
	ProductKey string
	DeviceName string
	// Names are the devices an export is for; none means all of the product.
	Names []string
	// ProductCertificate makes an export be of the product certificate.
	ProductCertificate bool
	// Method is what the create-product guide starts with.
	Method platform.Method
}

// section is the sidebar entry under which a screen belongs.
func (r Route) section() Screen {
	switch r.Screen {
	case ScreenCreateProduct, ScreenProduct:
		return ScreenProducts
	case ScreenRegisterDevices, ScreenExport, ScreenDevice:
		return ScreenDevices
	default:
		return r.Screen
	}
}

// screen is what the console shows in its content area. It is built for one
// visit: enter is called once, with a context that ends when the screen is
// left.
type screen interface {
	content() *page
}

// newScreen builds the screen of a route.
func (c *Console) newScreen(v *visit, r Route) screen {
	switch r.Screen {
	case ScreenCreateProduct:
		return newCreateProduct(v, r.Method)
	case ScreenProduct:
		return newProduct(v, r.ProductKey)
	case ScreenDevices:
		return newDevices(v, r.ProductKey)
	case ScreenRegisterDevices:
		return newRegisterDevices(v, r.ProductKey)
	case ScreenExport:
		return newExport(v, r)
	case ScreenDevice:
		return newDevice(v, platform.DeviceRef{ProductKey: r.ProductKey, DeviceName: r.DeviceName})
	case ScreenMethods:
		return newMethods(v)
	case ScreenSettings:
		return newSettings(v)
	default:
		return newProducts(v)
	}
}
