// Package assets holds what is built into the program: icon, sidebar icons,
// translations and the font of Chinese characters.
//
// Everything is read-only and safe for concurrent use.
package assets

//go:generate go run ./internal/iconmaker internal/iconmaker/strokes icons

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

// Icons are filled shapes that take the colour of the theme: the toolkit
// recolours fills, not strokes. The sidebar's are ours, the actions' the
// toolkit's.
var Icons = struct {
	Products, Devices, Methods, Settings, Export, Add, Back, Delete, Folder, Refresh fyne.Resource
}{
	Products: filled("products"), Devices: filled("devices"), Methods: filled("methods"), Settings: filled("settings"),
	Export: theme.DownloadIcon(), Add: theme.ContentAddIcon(), Back: theme.NavigateBackIcon(),
	Delete: theme.DeleteIcon(), Folder: theme.FolderOpenIcon(), Refresh: theme.ViewRefreshIcon(),
}

func filled(name string) fyne.Resource {
	svg, err := icons.ReadFile("icons/" + name + ".svg")
	if err != nil { // a file that is missing from the build
		panic(err)
	}
	return theme.NewThemedResource(fyne.NewStaticResource(name+".svg", svg))
}
