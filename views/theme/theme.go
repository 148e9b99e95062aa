// Package theme is the console's look: colour, size and font tokens, light and
// dark, over Fyne's default theme.
//
// A theme is immutable and safe for concurrent use; the package has no state
// and no goroutines.
package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"fleetmint/assets"
)

// Colour tokens beside Fyne's own. Widgets ask for tokens, never for colours.
const (
	ColorNameSurface         fyne.ThemeColorName = "fleetmint-surface"          // cards
	ColorNameBorder          fyne.ThemeColorName = "fleetmint-border"           // hairlines
	ColorNameMuted           fyne.ThemeColorName = "fleetmint-muted"            // second strength of text
	ColorNameSidebar         fyne.ThemeColorName = "fleetmint-sidebar"          // ground of the sidebar
	ColorNameSidebarText     fyne.ThemeColorName = "fleetmint-sidebar-text"     // its entries
	ColorNameSidebarStrong   fyne.ThemeColorName = "fleetmint-sidebar-strong"   // its selected entry
	ColorNameSidebarSelected fyne.ThemeColorName = "fleetmint-sidebar-selected" // ground of that entry
	ColorNameSidebarAccent   fyne.ThemeColorName = "fleetmint-sidebar-accent"   // bar beside that entry
	ColorNameSidebarOK       fyne.ThemeColorName = "fleetmint-sidebar-ok"
	ColorNameSidebarBad      fyne.ThemeColorName = "fleetmint-sidebar-bad"
	ColorNameRowHover        fyne.ThemeColorName = "fleetmint-row-hover"
	ColorNameRowSelected     fyne.ThemeColorName = "fleetmint-row-selected"
	ColorNameOK              fyne.ThemeColorName = "fleetmint-ok"
	ColorNameWarn            fyne.ThemeColorName = "fleetmint-warn"
	ColorNameBad             fyne.ThemeColorName = "fleetmint-bad"
	ColorNameIdle            fyne.ThemeColorName = "fleetmint-idle"
	ColorNameInfo            fyne.ThemeColorName = "fleetmint-info"
)

// Size tokens beside Fyne's own.
const (
	SizeNameSmall fyne.ThemeSizeName = "fleetmint-small" // captions and hints
	SizeNameTitle fyne.ThemeSizeName = "fleetmint-title" // screen titles
	SizeNameHead  fyne.ThemeSizeName = "fleetmint-head"  // section titles

	SizeNameMetric fyne.ThemeSizeName = "fleetmint-metric" // one number that stands alone
)

// Choice is the appearance a person chose.
type Choice int

// The choices.
const (
	FollowSystem Choice = iota
	Light
	Dark
)

// ParseChoice reads what String wrote; anything else follows the system.
func ParseChoice(text string) Choice {
	switch text {
	case "light":
		return Light
	case "dark":
		return Dark
	default:
		return FollowSystem
	}
}

// String is the choice as preferences keep it.
func (c Choice) String() string {
	switch c {
	case Light:
		return "light"
	case Dark:
		return "dark"
	default:
		return "system"
	}
}

// New returns the console's theme for a choice.
func New(c Choice) fyne.Theme { return console{theme.DefaultTheme(), c} }

type console struct {
	fyne.Theme
	choice Choice
}

func (t console) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	switch t.choice {
	case Light:
		variant = theme.VariantLight
	case Dark:
		variant = theme.VariantDark
	}
	palette := lightPalette
	if variant == theme.VariantDark {
		palette = darkPalette
	}
	if c, ok := palette(name); ok {
		return c
	}
	return t.Theme.Color(name, variant)
}

// Font adds the glyphs of Chinese to every style. The subset has no Latin
// letters, so these fall through to Fyne's own regular, bold and monospace.
func (t console) Font(style fyne.TextStyle) fyne.Resource {
	if style.Symbol {
		return t.Theme.Font(style)
	}
	return assets.CJK()
}

func (t console) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameText:
		return 13
	case SizeNameSmall:
		return 11.5
	case SizeNameHead:
		return 14
	case SizeNameTitle:
		return 22
	case SizeNameMetric:
		return 26
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return 7
	case theme.SizeNameInputBorder:
		return 1
	case theme.SizeNameInlineIcon:
		return 17
	case theme.SizeNameInnerPadding:
		return 7
	case theme.SizeNameScrollBarSmall:
		return 4
	}
	return t.Theme.Size(name)
}

func hex(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xff}
}

func faint(v uint32, alpha uint8) color.NRGBA {
	c := hex(v)
	c.A = alpha
	return c
}

// Tint is the ground of a pill or banner: the colour of its text, faint.
func Tint(c color.Color) color.Color {
	r, g, b, _ := c.RGBA()
	return color.NRGBA{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8), A: 0x1a}
}
