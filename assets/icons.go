package assets

import "fyne.io/fyne/v2"

// OverviewIcon stands for the overview of a platform.
func OverviewIcon() fyne.Resource { return filled("overview") }

// FactoryIcon stands for certificates for production.
func FactoryIcon() fyne.Resource { return filled("factory") }

// SimulatorIcon stands for simulated devices.
func SimulatorIcon() fyne.Resource { return filled("simulator") }

// ActivityIcon stands for what devices and administrators did.
func ActivityIcon() fyne.Resource { return filled("activity") }

// GatewayIcon stands for gateways.
func GatewayIcon() fyne.Resource { return filled("gateway") }

// KeyIcon stands for secrets and credentials.
func KeyIcon() fyne.Resource { return filled("key") }

// QRIcon stands for QR codes.
func QRIcon() fyne.Resource { return filled("qr") }
