package assets_test

import (
	"bytes"
	"encoding/json"
	"image/color"
	"image/png"
	"maps"
	"regexp"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"github.com/go-text/typesetting/font"

	"fleetmint/assets"
)

// texts reads a language: every text by key, plural forms one after the other.
func texts(t *testing.T, language string) map[string]string {
	t.Helper()
	file, err := assets.Translations.ReadFile("lang/" + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]any
	if err := json.Unmarshal(file, &raw); err != nil {
		t.Fatalf("%s: %v", language, err)
	}
	result := map[string]string{}
	for key, v := range raw {
		switch v := v.(type) {
		case string:
			result[key] = v
		case map[string]any:
			other, ok := v["other"].(string)
			if !ok {
				t.Errorf("%s: %s has no form for other numbers", language, key)
			}
			result[key] = other
		default:
			t.Errorf("%s: %s is a %T", language, key, v)
		}
	}
	return result
}

func TestLanguagesHaveTheSameTexts(t *testing.T) {
	place := regexp.MustCompile(`\{\{\.\w+\}\}`)
	en, zh := texts(t, "en"), texts(t, "zh-Hans")
	for _, key := range slices.Sorted(maps.Keys(en)) {
		words, ok := zh[key]
		if !ok {
			t.Errorf("zh-Hans lacks %s", key)
			continue
		}
		want, got := place.FindAllString(en[key], -1), place.FindAllString(words, -1)
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s has places %q in English and %q in Chinese", key, want, got)
		}
		if words == "" || en[key] == "" {
			t.Errorf("%s is empty", key)
		}
	}
	for key := range zh {
		if _, ok := en[key]; !ok {
			t.Errorf("en lacks %s", key)
		}
	}
}

func TestFontHasEveryChineseCharacter(t *testing.T) {
	face, err := font.ParseTTF(bytes.NewReader(assets.CJK().Content()))
	if err != nil {
		t.Fatal(err)
	}
	has := func(r rune) bool {
		_, ok := face.NominalGlyph(r)
		return ok
	}
	for key, words := range texts(t, "zh-Hans") {
		for _, r := range words {
			if r >= 0x2e80 && !has(r) {
				t.Errorf("%s uses %c, which the font lacks", key, r)
			}
		}
	}
	// A blank after Chinese text is taken from the same font; letters must not
	// be, or they lose their bold and monospace.
	if !has(' ') || has('A') || has('7') {
		t.Errorf("the font has blank: %t, A: %t, 7: %t", has(' '), has('A'), has('7'))
	}
}

func TestIconIsSquare(t *testing.T) {
	icon, err := png.DecodeConfig(bytes.NewReader(assets.Icon().Content()))
	if err != nil {
		t.Fatal(err)
	}
	if icon.Width != 512 || icon.Height != 512 {
		t.Errorf("the icon is %d by %d", icon.Width, icon.Height)
	}
}

// The toolkit recolours what an SVG fills and nothing else: a stroke stays
// black, and what it does not know stays blank, both without a word.
func TestIconsTakeTheColorTheyAreAskedFor(t *testing.T) {
	test.NewTempApp(t)
	for name, icon := range map[string]func() fyne.Resource{
		"activity": assets.ActivityIcon, "add": assets.AddIcon, "back": assets.BackIcon, "delete": assets.DeleteIcon,
		"devices": assets.DevicesIcon, "export": assets.ExportIcon, "factory": assets.FactoryIcon, "folder": assets.FolderIcon,
		"gateway": assets.GatewayIcon, "key": assets.KeyIcon, "methods": assets.MethodsIcon, "overview": assets.OverviewIcon,
		"products": assets.ProductsIcon, "qr": assets.QRIcon, "refresh": assets.RefreshIcon, "settings": assets.SettingsIcon,
		"simulator": assets.SimulatorIcon,
	} {
		image := canvas.NewImageFromResource(theme.NewColoredResource(icon(), theme.ColorNameError))
		image.FillMode = canvas.ImageFillContain
		image.SetMinSize(fyne.NewSquareSize(48))
		picture := test.NewTempWindow(t, image).Canvas().Capture()
		red, black := 0, 0
		for y := range picture.Bounds().Dy() {
			for x := range picture.Bounds().Dx() {
				switch c := color.NRGBAModel.Convert(picture.At(x, y)).(color.NRGBA); {
				case c.R > 180 && c.G < 120:
					red++
				case c.R < 60 && c.G < 60 && c.B < 60:
					black++
				}
			}
		}
		if red < 60 || black > 0 {
			t.Errorf("%s has %d coloured and %d black pixels", name, red, black)
		}
	}
}
