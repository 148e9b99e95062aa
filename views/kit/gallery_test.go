package kit

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"fleetmint/assets"
	console "fleetmint/views/theme"
)

// galleryFolder is the variable that names a folder for pictures of the
// widgets, to be looked at.
const galleryFolder = "FLEETMINT_GALLERY"

// A page of the gallery holds widgets in the states that people meet.
type galleryPage struct {
	name string
	make func() fyne.CanvasObject
}

func galleryPages() []galleryPage {
	return []galleryPage{{"table", galleryTable}, {"parts", galleryParts}, {"methods", galleryMethods}, {"states", galleryStates}}
}

func galleryTable() fyne.CanvasObject {
	type state struct {
		word  string
		color fyne.ThemeColorName
	}
	states := []state{
		{"Online", console.ColorNameOK},
		{"Online", console.ColorNameOK},
		{"Offline", console.ColorNameWarn},
		{"Not activated", console.ColorNameIdle},
		{"Disabled", console.ColorNameBad},
	}
	table := NewDataTable(TableConfig{
		Columns: []Column{
			{ID: "name", Title: "DeviceName", Mono: true, Cell: func(row int) Cell { return Cell{Text: fmt.Sprintf("SN-%05d", 40-row)} }},
			{ID: "status", Title: "Status", Width: 140, Cell: func(row int) Cell {
				s := states[row%len(states)]
				return Cell{Text: s.word, Color: s.color, Pill: true}
			}},
			{ID: "nickname", Title: "Nickname", Width: 170, Cell: func(row int) Cell {
				words := []string{"Harbour lamp", "北京仓库 三号网关", "–", "A nickname that is too long for its column"}
				return Cell{Text: words[row%len(words)], Color: console.ColorNameMuted}
			}},
			{ID: "messages", Title: "Messages", Width: 100, Align: fyne.TextAlignTrailing, Cell: func(row int) Cell { return Cell{Text: fmt.Sprintf("%d", 1299*row)} }},
			{ID: "created", Title: "Created", Width: 165, Cell: func(int) Cell { return Cell{Text: "2026-03-05 10:24:31", Color: console.ColorNameMuted} }},
		},
		Length: func() int { return 40 },
		Key:    func(row int) string { return fmt.Sprint(row) },
	})
	table.SetReady()
	table.SelectRows(2, 3)
	table.cursor, table.list.focused = 3, true

	chips := NewChips([]Chip{{"all", "All", "40"}, {"online", "Online", "16"}, {"offline", "Offline", "8"}, {"unactive", "Not activated", ""}}, nil)
	search := widget.NewEntry()
	search.SetPlaceHolder("Filter by DeviceName")
	bar := container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(260, search.MinSize().Height), search), container.NewCenter(chips))
	body := NewCard(container.NewBorder(Pad(bar, 0, 10, 0, 0), Pad(NewMuted("40 devices · 2 selected"), 8, 0, 8, 8), nil, nil, table), 14)
	header := NewHeader("Devices", "Street-Lamp · a1TpOuPDswm",
		NewButton("Export certificates", assets.ExportIcon(), widget.MediumImportance, nil), NewButton("Register devices", assets.AddIcon(), widget.HighImportance, nil))
	toasts := NewToasts()
	toasts.After = new(clock).after
	toasts.Tell("Copied. The clipboard is cleared in 20 s.")
	page := container.NewBorder(Pad(header, 20, 14, 24, 24), nil, nil, nil, Pad(body, 0, 24, 24, 24))
	return container.NewStack(container.NewBorder(nil, nil, gallerySidebar(), nil, page), toasts)
}

func gallerySidebar() fyne.CanvasObject {
	brand := HStack(12, container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(28), widget.NewIcon(assets.Icon()))), container.NewCenter(NewSidebarTitle("Fleetmint")))
	s := NewSidebar(brand, []SidebarItem{
		{ID: "overview", Label: "Overview", Icon: assets.OverviewIcon()},
		{ID: "products", Label: "Products", Icon: assets.ProductsIcon(), Badge: "38"},
		{ID: "devices", Label: "Devices", Icon: assets.DevicesIcon(), Badge: "1.0 M"},
		{ID: "methods", Label: "Methods", Icon: assets.MethodsIcon()},
		{ID: "factory", Label: "Factory", Icon: assets.FactoryIcon()},
		{ID: "simulator", Label: "Simulator", Icon: assets.SimulatorIcon()},
		{ID: "activity", Label: "Activity", Icon: assets.ActivityIcon(), Shortcut: "Ctrl+7"},
		{ID: "settings", Label: "Settings", Icon: assets.SettingsIcon()},
	}, func(string) {})
	s.Select("devices")
	s.entries[6].MouseIn(nil)
	s.SetFooter(HStack(10, container.NewCenter(NewDot(console.ColorNameSidebarOK)),
		VStack(0, NewSidebarTitle("Local platform"), NewSidebarText("Running on this machine"))))
	return s
}

func galleryParts() fyne.CanvasObject {
	secret := func(shown bool) *SecretField {
		s := NewSecretField(SecretConfig{Title: "DeviceSecret", Secret: func() string { return "5f0c2a9be1d84377a06f3cc1d2e49b58" }, After: new(clock).after})
		if shown {
			s.Reveal()
		}
		return s
	}
	value := func(name, words string) *KeyValue {
		k := NewKeyValue(name)
		k.SetValue(words)
		k.SetCopy(func(string) {})
		return k
	}
	certificate := VStack(0, value("ProductKey", "a1TpOuPDswm"), NewRule(), value("DeviceName", "SN-00040"), NewRule(), secret(false), NewRule(), secret(true))

	on, focused := NewSwitch("Dynamic registration", nil), NewSwitch("With the focus", nil)
	on.SetOn(true)
	focused.focused = true
	pills := HStack(8)
	for _, p := range []struct {
		word  string
		color fyne.ThemeColorName
	}{{"Online", console.ColorNameOK}, {"Offline", console.ColorNameWarn}, {"Disabled", console.ColorNameBad}, {"Not activated", console.ColorNameIdle}, {"Registering", console.ColorNameInfo}} {
		pill := NewStatusPill()
		pill.Set(p.word, p.color)
		pills.Add(pill)
	}
	switches := VStack(14, HStack(24, on, NewSwitch("Off", nil), focused), pills)

	name := widget.NewEntry()
	name.SetText("ab")
	wrong := NewField("DeviceName", name, "")
	wrong.SetError("A DeviceName has 4 to 32 characters.")
	chooser := widget.NewSelect([]string{"Street-Lamp · a1TpOuPDswm"}, nil)
	chooser.SetSelectedIndex(0)
	fields := VStack(14, wrong, NewField("Product", NewFrame(chooser), "Devices belong to one product."))

	progress := NewProgress("Registering devices", "Cancel", func() {})
	progress.Set(0.42, "420 of 1,000 · about 3 s left")

	info, warn, bad := NewBanner(), NewBanner(), NewBanner()
	info.ShowInfo("The platform is shared with another window.")
	info.SetDismiss(nil)
	warn.ShowWarn("The sealing key is a file in the data folder.")
	warn.SetAction("Open folder", func() {})
	bad.ShowBad("SN-00040 was not deleted: the platform did not answer.")

	buttons := HStack(8, NewButton("Register", assets.AddIcon(), widget.HighImportance, nil), NewButton("Export", assets.ExportIcon(), widget.MediumImportance, nil),
		NewButton("Delete 2 devices", assets.DeleteIcon(), widget.DangerImportance, nil))
	icons := HStack(14)
	for _, icon := range []fyne.Resource{assets.QRIcon(), assets.KeyIcon(), assets.GatewayIcon(), assets.SimulatorIcon(), assets.ActivityIcon()} {
		icons.Add(container.NewGridWrap(fyne.NewSquareSize(20), widget.NewIcon(theme.NewColoredResource(icon, console.ColorNameMuted))))
	}
	left := VStack(16, NewSection("Certificate", certificate), NewSection("Registration", switches), NewSection("Actions", VStack(16, buttons, icons)))
	right := VStack(16, NewSection("Register a device", fields), NewSection("Progress", progress), info, warn, bad)
	return Pad(VStack(14, NewHeader("SN-00040", "Street-Lamp · a1TpOuPDswm"), Columns(16, left, right), layout.NewSpacer()), 20, 24, 24, 24)
}

func galleryMethods() fyne.CanvasObject {
	table := NewComparisonTable("What matters",
		[]string{"Unique certificate per device", "Unique certificate per product, pre-registered", "Unique certificate per product, no pre-registration", "Sub-device"},
		[][]string{
			{"Burned to the device", "ProductKey, DeviceName, DeviceSecret", "ProductKey, ProductSecret", "ProductKey, ProductSecret", "ProductKey"},
			{"Dynamic registration", "Not needed", "On", "On", "On"},
			{"At run time", "Nothing more: it has its DeviceSecret", "Its DeviceSecret, by dynamic registration", "A ClientID and a DeviceToken, by dynamic registration", "Its DeviceSecret, which the gateway asks for"},
			{"Security", "High", "Medium", "Medium", "Medium"},
		})
	table.OnSelected = func(int) {}
	table.Select(0)
	return Pad(container.NewBorder(Pad(NewHeader("Verification methods", "Four ways for a device to prove who it is"), 0, 14, 0, 0), nil, nil, nil,
		container.NewVScroll(NewCard(table, 14))), 20, 24, 24, 24)
}

func galleryStates() fyne.CanvasObject {
	return Pad(Columns(16,
		NewCard(NewEmptyState(assets.DevicesIcon(), "No devices yet", "A device belongs to a product and gets a DeviceSecret of its own.", "Register devices", func() {}), 18),
		NewCard(NewErrorState(Problem{
			Title: "The devices could not be read", What: "Street-Lamp has no answer from the platform.",
			Code: "Code iot.system.SystemException · RequestId 5B7A", Advice: "Try again in a moment.",
		}, "Try again", func() {}), 18)), 24, 24, 24, 24)
}

// picture draws an object as a window of a size shows it.
func picture(t *testing.T, o fyne.CanvasObject) fyne.Window {
	t.Helper()
	w := test.NewTempWindow(t, o)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(1180, 760))
	return w
}

// TestGallery writes the pictures where a folder is named; without one it still
// draws everything once.
func TestGallery(t *testing.T) {
	folder := os.Getenv(galleryFolder)
	for _, choice := range []console.Choice{console.Light, console.Dark} {
		for _, page := range galleryPages() {
			test.NewTempApp(t).Settings().SetTheme(console.New(choice))
			capture := picture(t, page.make()).Canvas().Capture()
			if folder == "" {
				continue
			}
			if err := write(filepath.Join(folder, page.name+"-"+choice.String()+".png"), capture); err != nil {
				t.Error(err)
			}
		}
	}
}

func write(path string, i image.Image) error {
	var b bytes.Buffer
	if err := png.Encode(&b, i); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// A window that is open when the appearance changes must look as if it had been
// opened then: no widget may keep a colour of before.
func TestEveryWidgetFollowsTheTheme(t *testing.T) {
	for _, page := range galleryPages() {
		t.Run(page.name, func(t *testing.T) {
			settings := test.NewTempApp(t).Settings()
			settings.SetTheme(console.New(console.Light))
			open := picture(t, page.make())
			open.Canvas().Capture()
			test.ApplyTheme(t, console.New(console.Dark))
			got := open.Canvas().Capture()
			want := picture(t, page.make()).Canvas().Capture()
			if n := differing(t, got, want); n > 0 {
				t.Errorf("%d bytes differ from a window opened in the dark", n)
				if folder := os.Getenv(galleryFolder); folder != "" {
					if err := write(filepath.Join(folder, page.name+"-switched.png"), got); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

// differing counts the bytes of two pictures that are not the same.
func differing(t *testing.T, a, b image.Image) int {
	t.Helper()
	x, ok := a.(*image.NRGBA)
	y, also := b.(*image.NRGBA)
	if !ok || !also || len(x.Pix) != len(y.Pix) {
		t.Fatalf("pictures of %T %v and %T %v cannot be compared", a, a.Bounds(), b, b.Bounds())
	}
	if bytes.Equal(x.Pix, y.Pix) {
		return 0
	}
	n := 0
	for i := range x.Pix {
		if x.Pix[i] != y.Pix[i] {
			n++
		}
	}
	return n
}
