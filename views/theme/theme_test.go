package theme_test

import (
	"fmt"
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	toolkit "fyne.io/fyne/v2/theme"

	"fleetmint/views/theme"
)

// readable is the contrast that WCAG 2.1 asks of text of normal size.
const readable = 4.5

// A pair is text on the ground that it stands on.
type pair struct {
	text    fyne.ThemeColorName
	grounds []fyne.ThemeColorName
}

func pairs() []pair {
	cards := []fyne.ThemeColorName{
		theme.ColorNameSurface, toolkit.ColorNameBackground, theme.ColorNameRowHover, theme.ColorNameRowSelected,
	}
	sidebar := []fyne.ThemeColorName{theme.ColorNameSidebar, theme.ColorNameSidebarSelected}
	return []pair{
		{toolkit.ColorNameForeground, append(cards, toolkit.ColorNameButton, toolkit.ColorNameInputBackground, toolkit.ColorNameOverlayBackground)},
		{theme.ColorNameMuted, cards},
		{toolkit.ColorNamePlaceHolder, []fyne.ThemeColorName{toolkit.ColorNameInputBackground, theme.ColorNameSurface}},
		{toolkit.ColorNamePrimary, cards},
		{toolkit.ColorNameForegroundOnPrimary, []fyne.ThemeColorName{toolkit.ColorNamePrimary}},
		{toolkit.ColorNameForegroundOnError, []fyne.ThemeColorName{toolkit.ColorNameError}},
		{toolkit.ColorNameForegroundOnSuccess, []fyne.ThemeColorName{toolkit.ColorNameSuccess}},
		{toolkit.ColorNameForegroundOnWarning, []fyne.ThemeColorName{toolkit.ColorNameWarning}},
		{toolkit.ColorNameError, cards},
		{toolkit.ColorNameHyperlink, cards},
		{theme.ColorNameSidebarText, sidebar},
		{theme.ColorNameSidebarStrong, sidebar},
		{theme.ColorNameSidebarOK, sidebar},
		{theme.ColorNameSidebarBad, sidebar},
	}
}

func variants() map[string]fyne.ThemeVariant {
	return map[string]fyne.ThemeVariant{"light": toolkit.VariantLight, "dark": toolkit.VariantDark}
}

func TestTextIsReadable(t *testing.T) {
	for name, variant := range variants() {
		look := theme.New(theme.FollowSystem)
		for _, p := range pairs() {
			for _, ground := range p.grounds {
				c := contrast(look.Color(p.text, variant), look.Color(ground, variant))
				if c < readable {
					t.Errorf("%s: %s on %s has a contrast of %.2f", name, p.text, ground, c)
				}
			}
		}
	}
}

// A pill's word stands on its own colour, made faint, over a card or a row.
func TestPillsAreReadable(t *testing.T) {
	for name, variant := range variants() {
		look := theme.New(theme.FollowSystem)
		for _, word := range []fyne.ThemeColorName{theme.ColorNameOK, theme.ColorNameWarn, theme.ColorNameBad, theme.ColorNameIdle, theme.ColorNameInfo} {
			for _, ground := range []fyne.ThemeColorName{theme.ColorNameSurface, theme.ColorNameRowHover, theme.ColorNameRowSelected} {
				text := look.Color(word, variant)
				c := contrast(text, over(theme.Tint(text), look.Color(ground, variant)))
				if c < readable {
					t.Errorf("%s: a %s pill on %s has a contrast of %.2f", name, word, ground, c)
				}
				// Banners set plain text on the same tint.
				c = contrast(look.Color(toolkit.ColorNameForeground, variant), over(theme.Tint(text), look.Color(ground, variant)))
				if c < readable {
					t.Errorf("%s: text on a %s banner has a contrast of %.2f", name, word, c)
				}
			}
		}
	}
}

func TestChoiceBeatsTheSystem(t *testing.T) {
	test.NewTempApp(t) // the toolkit's own colours ask for its settings
	for _, c := range []struct {
		choice  theme.Choice
		variant fyne.ThemeVariant
		like    fyne.ThemeVariant
	}{
		{theme.FollowSystem, toolkit.VariantLight, toolkit.VariantLight},
		{theme.FollowSystem, toolkit.VariantDark, toolkit.VariantDark},
		{theme.Light, toolkit.VariantDark, toolkit.VariantLight},
		{theme.Dark, toolkit.VariantLight, toolkit.VariantDark},
	} {
		t.Run(fmt.Sprintf("%s on %d", c.choice, c.variant), func(t *testing.T) {
			if theme.ParseChoice(c.choice.String()) != c.choice {
				t.Errorf("%q is not read back", c.choice)
			}
			want := theme.New(theme.FollowSystem)
			for _, name := range []fyne.ThemeColorName{toolkit.ColorNameBackground, theme.ColorNameSurface, toolkit.ColorNamePressed} {
				if got := theme.New(c.choice).Color(name, c.variant); got != want.Color(name, c.like) {
					t.Errorf("%s is %v", name, got)
				}
			}
		})
	}
	if got := theme.ParseChoice("sepia"); got != theme.FollowSystem {
		t.Errorf("an unknown choice reads as %s", got)
	}
}

// contrast is the WCAG 2.1 ratio of two opaque colours, 1 to 21.
func contrast(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(c color.Color) float64 {
	linear := func(v uint32) float64 {
		x := float64(v) / 0xffff
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	r, g, b, _ := c.RGBA()
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

// over is a translucent colour on an opaque one.
func over(top, bottom color.Color) color.Color {
	tr, tg, tb, ta := top.RGBA()
	br, bg, bb, _ := bottom.RGBA()
	mix := func(t, b uint32) uint16 { return uint16(t + b*(0xffff-ta)/0xffff) }
	return color.NRGBA64{R: mix(tr, br), G: mix(tg, bg), B: mix(tb, bb), A: 0xffff}
}
