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

// The icons below are filled shapes that take the colour of the theme: the
// toolkit recolours fills, not strokes. The sidebar's are ours, the actions'
// the toolkit's. They are looked up when asked for, since the toolkit's want a
// running application.

// ProductsIcon stands for products.
func ProductsIcon() fyne.Resource { return filled("products") }

// DevicesIcon stands for devices.
func DevicesIcon() fyne.Resource { return filled("devices") }

// MethodsIcon stands for the verification methods.
func MethodsIcon() fyne.Resource { return filled("methods") }

// SettingsIcon stands for settings.
func SettingsIcon() fyne.Resource { return filled("settings") }

// ExportIcon stands for writing certificates to files.
func ExportIcon() fyne.Resource { return theme.DownloadIcon() }

// AddIcon stands for creating and registering.
func AddIcon() fyne.Resource { return theme.ContentAddIcon() }

// BackIcon stands for the screen before.
func BackIcon() fyne.Resource { return theme.NavigateBackIcon() }

// DeleteIcon stands for deleting.
func DeleteIcon() fyne.Resource { return theme.DeleteIcon() }

// FolderIcon stands for a folder of this machine.
func FolderIcon() fyne.Resource { return theme.FolderOpenIcon() }

// RefreshIcon stands for asking again.
func RefreshIcon() fyne.Resource { return theme.ViewRefreshIcon() }

func filled(name string) fyne.Resource {
	svg, err := icons.ReadFile("icons/" + name + ".svg")
	if err != nil { // a file that is missing from the build
		panic(err)
	}
	return theme.NewThemedResource(fyne.NewStaticResource(name+".svg", svg))
}
