package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Mint is the one accent; greys lean to the blue of the sidebar.

func lightPalette(name fyne.ThemeColorName) (color.Color, bool) {
	switch name {
	case theme.ColorNameBackground:
		return hex(0xf4f6f8), true
	case theme.ColorNameForeground:
		return hex(0x12202b), true
	case theme.ColorNamePrimary:
		return hex(0x0b7a66), true
	case theme.ColorNameForegroundOnPrimary, ColorNameSurface, theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground,
		theme.ColorNameInputBackground, theme.ColorNameForegroundOnError, theme.ColorNameForegroundOnSuccess,
		theme.ColorNameForegroundOnWarning:
		return hex(0xffffff), true
	case theme.ColorNameButton:
		return hex(0xe9edf1), true
	case theme.ColorNameInputBorder:
		return hex(0xcbd3db), true
	case theme.ColorNamePlaceHolder, theme.ColorNameDisabled:
		return hex(0x5f6b77), true
	case theme.ColorNameSeparator:
		return hex(0xe6eaee), true
	case theme.ColorNameHover:
		return faint(0x12202b, 0x0c), true
	case theme.ColorNameSelection:
		return faint(0x0b7a66, 0x26), true
	case theme.ColorNameFocus:
		return faint(0x0b7a66, 0x38), true
	case theme.ColorNameScrollBar:
		return faint(0x12202b, 0x50), true
	case theme.ColorNameShadow:
		return faint(0x12202b, 0x22), true
	case theme.ColorNameError, ColorNameBad:
		return hex(0xb91c1c), true
	case ColorNameBorder:
		return hex(0xdfe4e9), true
	case ColorNameMuted:
		return hex(0x5a6774), true
	case ColorNameRowHover:
		return hex(0xf3f7f8), true
	case ColorNameRowSelected:
		return hex(0xdff2ee), true
	case ColorNameOK, theme.ColorNameSuccess:
		return hex(0x116b3a), true
	case ColorNameWarn, theme.ColorNameWarning:
		return hex(0x8f4a00), true
	case ColorNameIdle:
		return hex(0x55616d), true
	case ColorNameInfo, theme.ColorNameHyperlink:
		return hex(0x0b6a8a), true
	}
	return sidebar(name)
}

func darkPalette(name fyne.ThemeColorName) (color.Color, bool) {
	switch name {
	case theme.ColorNameBackground:
		return hex(0x0d141a), true
	case theme.ColorNameForeground:
		return hex(0xe6ecf0), true
	case theme.ColorNamePrimary:
		return hex(0x35c2a4), true
	case theme.ColorNameForegroundOnPrimary:
		return hex(0x04231d), true
	case ColorNameSurface, theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground:
		return hex(0x141d25), true
	case theme.ColorNameInputBackground:
		return hex(0x0f171e), true
	case theme.ColorNameButton:
		return hex(0x22303b), true
	case theme.ColorNameInputBorder:
		return hex(0x33424f), true
	case theme.ColorNamePlaceHolder, theme.ColorNameDisabled:
		return hex(0x8999a6), true
	case theme.ColorNameSeparator:
		return hex(0x22303b), true
	case theme.ColorNameHover:
		return faint(0xffffff, 0x10), true
	case theme.ColorNameSelection:
		return faint(0x35c2a4, 0x33), true
	case theme.ColorNameFocus:
		return faint(0x35c2a4, 0x44), true
	case theme.ColorNameScrollBar:
		return faint(0xffffff, 0x44), true
	case theme.ColorNameShadow:
		return faint(0x000000, 0x66), true
	case theme.ColorNameError, ColorNameBad:
		return hex(0xff8a80), true
	case theme.ColorNameForegroundOnError, theme.ColorNameForegroundOnSuccess, theme.ColorNameForegroundOnWarning:
		return hex(0x330605), true
	case ColorNameBorder:
		return hex(0x25323d), true
	case ColorNameMuted:
		return hex(0x93a3b0), true
	case ColorNameRowHover:
		return hex(0x19242d), true
	case ColorNameRowSelected:
		return hex(0x11352f), true
	case ColorNameOK, theme.ColorNameSuccess:
		return hex(0x4fd18b), true
	case ColorNameWarn, theme.ColorNameWarning:
		return hex(0xf2b15c), true
	case ColorNameIdle:
		return hex(0xa4b2be), true
	case ColorNameInfo, theme.ColorNameHyperlink:
		return hex(0x6cc7e8), true
	}
	return sidebar(name)
}

// sidebar is dark in both variants.
func sidebar(name fyne.ThemeColorName) (color.Color, bool) {
	switch name {
	case ColorNameSidebar:
		return hex(0x0c1c24), true
	case ColorNameSidebarText:
		return hex(0xa9bac4), true
	case ColorNameSidebarStrong:
		return hex(0xffffff), true
	case ColorNameSidebarSelected:
		return hex(0x17323c), true
	case ColorNameSidebarAccent:
		return hex(0x35c2a4), true
	case ColorNameSidebarOK:
		return hex(0x4fd18b), true
	case ColorNameSidebarBad:
		return hex(0xff8a80), true
	}
	return nil, false
}
