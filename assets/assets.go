// Package assets holds what is built into the program: icon, sidebar icons,
// translations and the font of Chinese characters.
//
// Everything is read-only and safe for concurrent use.
package assets

import (
	"embed"
	_ "embed" // for the files below

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Translations are the texts by language in the folder lang: en.json and
// zh-Hans.json, one object of keys each.
//
//go:embed lang/*.json
var Translations embed.FS

//go:embed icon.png
var icon []byte

//go:embed fonts/NotoSansSC-subset.otf
var cjk []byte

//go:embed icons/*.svg
var icons embed.FS

// Icon is the program's icon, 512 pixels square.
func Icon() fyne.Resource { return fyne.NewStaticResource("fleetmint.png", icon) }

// CJK is Noto Sans SC reduced to the characters of GB 2312 and the texts of
// this program. It has no Latin letters, which therefore come from the
// toolkit's own fonts in all their styles.
func CJK() fyne.Resource { return cjkResource }

// One value for all: the toolkit caches faces by resource.
var cjkResource = fyne.NewStaticResource("NotoSansSC-subset.otf", cjk)

// Icons are line icons that take the colour of the theme.
var Icons = struct {
	Overview, Products, Devices, Methods, Settings fyne.Resource // areas of the console
	Factory, Simulator, Activity                   fyne.Resource
	Add, Back, Close, Copy, Delete, Export, Folder fyne.Resource // what can be done
	Refresh, Eye, EyeOff                           fyne.Resource
	Gateway, Key, QR                               fyne.Resource // what there is
}{
	Overview: line("overview"), Products: line("products"), Devices: line("devices"), Methods: line("methods"), Settings: line("settings"),
	Factory: line("factory"), Simulator: line("simulator"), Activity: line("activity"),
	Add: line("add"), Back: line("back"), Close: line("close"), Copy: line("copy"), Delete: line("delete"), Export: line("export"), Folder: line("folder"),
	Refresh: line("refresh"), Eye: line("eye"), EyeOff: line("eye-off"),
	Gateway: line("gateway"), Key: line("key"), QR: line("qr"),
}

func line(name string) fyne.Resource {
	svg, err := icons.ReadFile("icons/" + name + ".svg")
	if err != nil { // a file that is missing from the build
		panic(err)
	}
	return theme.NewThemedResource(fyne.NewStaticResource(name+".svg", svg))
}
