package views

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"fleetmint/assets"
	"fleetmint/platform"
	"fleetmint/views/kit"
	"fleetmint/views/theme"
)

// devicesPage is how many devices are fetched at once.
const devicesPage = 200

// devicesScreen lists the devices of one product.
type devicesScreen struct {
	*visit
	page     *page
	product  *widget.Select
	search   *widget.Entry
	status   *kit.Chips
	table    *kit.DataTable
	summary  *kit.Text
	export   *kit.Button
	remove   *kit.Button
	register *kit.Button

	products   []platform.Product
	productKey string
	rows       *deviceRows
	selected   []string
}

func newDevices(v *visit, productKey string) *devicesScreen {
	s := &devicesScreen{visit: v, productKey: productKey, summary: kit.NewText("")}
	s.rows = newDeviceRows(v, func(err error) { s.arrived(err) })
	s.product = widget.NewSelect(nil, s.choose)
	s.search = widget.NewEntry()
	s.search.SetPlaceHolder(text("devices.search"))
	s.search.OnChanged = func(string) { s.find() }
	s.status = kit.NewChips([]kit.Chip{
		{ID: "", Label: text("devices.any-status")},
		{ID: string(platform.StatusOnline), Label: text("status.ONLINE")},
		{ID: string(platform.StatusOffline), Label: text("status.OFFLINE")},
		{ID: string(platform.StatusUnactive), Label: text("status.UNACTIVE")},
		{ID: string(platform.StatusDisabled), Label: text("status.DISABLE")},
	}, func(string) { s.find() })
	s.table = kit.NewDataTable(kit.TableConfig{
		Columns: []kit.Column{
			{ID: "name", Title: text("devices.column-name"), Mono: true, Cell: s.cell(func(d platform.Device) kit.Cell { return kit.Cell{Text: d.DeviceName} })},
			{ID: "status", Title: text("devices.column-status"), Width: 140, Cell: s.cell(func(d platform.Device) kit.Cell {
				word, color := statusWord(d.Status)
				return kit.Cell{Text: word, Color: color, Pill: true}
			})},
			{ID: "nickname", Title: text("devices.column-nickname"), Width: 150, Cell: s.cell(func(d platform.Device) kit.Cell {
				return kit.Cell{Text: orDash(d.Nickname), Color: theme.ColorNameMuted}
			})},
			{ID: "created", Title: text("devices.column-created"), Width: 165, Cell: s.cell(func(d platform.Device) kit.Cell {
				return kit.Cell{Text: moment(d.Created), Color: theme.ColorNameMuted}
			})},
		},
		Length: func() int { return s.rows.total },
		Key: func(row int) string {
			d, _ := s.rows.at(row)
			return d.DeviceName
		},
		Loaded: s.rows.loaded,
	})
	s.table.OnActivated = func(row int) {
		if d, ok := s.rows.at(row); ok {
			v.Navigate(Route{Screen: ScreenDevice, ProductKey: d.ProductKey, DeviceName: d.DeviceName})
		}
	}
	s.table.OnSelectionChanged = s.selection

	s.register = primary(text("devices.register"), assets.AddIcon(), func() {
		v.Navigate(Route{Screen: ScreenRegisterDevices, ProductKey: s.productKey})
	})
	s.export = secondary(text("devices.export"), assets.ExportIcon(), func() {
		v.Navigate(Route{Screen: ScreenExport, ProductKey: s.productKey, Names: s.selected})
	})
	s.remove = danger("", assets.DeleteIcon(), s.askDelete)
	s.remove.Hide()

	sized := func(width float32, o fyne.CanvasObject) fyne.CanvasObject {
		return container.NewGridWrap(fyne.NewSize(width, max(s.product.MinSize().Height, s.search.MinSize().Height)), o)
	}
	bar := kit.HStack(10, sized(290, kit.NewFrame(s.product)), sized(190, s.search), container.NewCenter(s.status))
	s.page = newPage(text("devices.title"), " ",
		kit.NewCard(container.NewBorder(kit.Pad(bar, 0, 10, 0, 0), kit.Pad(s.summary, 8, 0, 4, 4), nil, nil, s.table), 14),
		s.remove, s.export, s.register)
	s.page.create, s.page.refresh, s.page.search, s.page.focus = s.register.OnTapped, s.reload, s.search, s.table.Focusable()
	s.table.SetLoading(text("common.loading"))
	s.reload()
	v.Schedule.every(v.ctx, s.reload)
	return s
}

func (s *devicesScreen) content() *page { return s.page }

func (s *devicesScreen) cell(f func(platform.Device) kit.Cell) func(int) kit.Cell {
	return func(row int) kit.Cell {
		d, ok := s.rows.at(row)
		if !ok {
			return kit.Cell{Text: "…", Color: theme.ColorNameMuted}
		}
		return f(d)
	}
}

// reload asks again for the products and for what the table shows.
func (s *devicesScreen) reload() {
	load(s.visit, func(ctx context.Context) (platform.ProductPage, error) {
		return s.Platform.Products(ctx, platform.Page{Number: 1, Size: 200})
	}, func(p platform.ProductPage, err error) {
		if err != nil {
			s.failed(err)
			return
		}
		s.setProducts(p.Products)
	})
}

func (s *devicesScreen) setProducts(products []platform.Product) {
	s.products = products
	if len(products) == 0 {
		s.export.Hide()
		s.register.Hide()
		s.table.SetEmpty(assets.DevicesIcon(), text("devices.no-product"), text("devices.no-product-hint"),
			text("products.create"), func() { s.Navigate(Route{Screen: ScreenCreateProduct}) })
		return
	}
	options := make([]string, len(products))
	chosen := 0
	for i, p := range products {
		options[i] = p.Name + "  ·  " + p.ProductKey
		if p.ProductKey == s.productKey {
			chosen = i
		}
	}
	s.productKey = products[chosen].ProductKey
	s.product.Options = options
	s.product.Selected = options[chosen]
	s.product.Refresh()
	s.rows.load(s.productKey, s.filter())
}

func (s *devicesScreen) filter() platform.DeviceFilter {
	return platform.DeviceFilter{Contains: strings.TrimSpace(s.search.Text), Status: platform.Status(s.status.Chosen())}
}

// find asks for what search and status let through; what was selected before may
// not be among it.
func (s *devicesScreen) find() {
	s.table.ClearSelection()
	if s.productKey != "" {
		s.rows.load(s.productKey, s.filter())
	}
}

func (s *devicesScreen) choose(option string) {
	for i, o := range s.product.Options {
		if o == option && s.products[i].ProductKey != s.productKey {
			s.productKey = s.products[i].ProductKey
			s.table.ClearSelection()
			s.table.SetLoading(text("common.loading"))
			s.rows.load(s.productKey, s.filter())
		}
	}
}

// arrived shows what the rows have, or why they have nothing.
func (s *devicesScreen) arrived(err error) {
	if err != nil {
		s.failed(err)
		return
	}
	s.summary.SetText(plural("devices.summary", int64(s.rows.total), nil))
	s.page.header.SetSubtitle(s.product.Selected)
	if s.rows.total == 0 && s.rows.filter != (platform.DeviceFilter{}) {
		s.table.SetEmpty(assets.DevicesIcon(), text("devices.nothing-matches"), text("devices.nothing-matches-hint"),
			text("products.clear-filter"), s.clearFilter)
		return
	}
	if s.rows.total == 0 {
		s.table.SetEmpty(assets.DevicesIcon(), text("devices.empty"), text("devices.empty-hint"),
			text("devices.register"), s.register.OnTapped)
		return
	}
	s.table.SetReady()
}

func (s *devicesScreen) clearFilter() {
	s.status.Choose("")
	s.search.SetText("")
	s.find()
}

func (s *devicesScreen) failed(err error) {
	s.table.SetError(explain(err).state(), text("common.retry"), s.reload)
}

func (s *devicesScreen) selection() {
	s.selected = s.table.Selection()
	n := int64(len(s.selected))
	if len(s.selected) == 0 {
		s.export.SetText(text("devices.export"))
		s.remove.Hide()
		return
	}
	s.export.SetText(plural("devices.export-selected", n, nil))
	s.remove.SetText(plural("devices.delete", n, nil))
	s.remove.Show()
}

func (s *devicesScreen) askDelete() {
	names, productKey := s.selected, s.productKey
	n := int64(len(names))
	s.ask(kit.Question{
		Title: plural("devices.delete-title", n, nil), Body: text("devices.delete-body"), Objects: names,
		Verb: plural("devices.delete-verb", n, nil), Cancel: text("common.cancel"), Destructive: true,
	}, func() {
		load(s.visit, func(ctx context.Context) (int, error) {
			for i, name := range names {
				if err := s.Platform.DeleteDevice(ctx, platform.DeviceRef{ProductKey: productKey, DeviceName: name}); err != nil {
					return i, err
				}
			}
			return len(names), nil
		}, func(deleted int, err error) {
			if err != nil {
				s.report(err)
			}
			s.toast(plural("devices.deleted", int64(deleted), nil))
			s.table.ClearSelection()
			s.reload()
		})
	})
}

// statusWord is a device state in words with its colour; the word alone is
// enough to tell.
func statusWord(status platform.Status) (string, fyne.ThemeColorName) {
	word := text("status." + string(status))
	switch status {
	case platform.StatusOnline:
		return word, theme.ColorNameOK
	case platform.StatusOffline:
		return word, theme.ColorNameWarn
	case platform.StatusDisabled:
		return word, theme.ColorNameBad
	default:
		return word, theme.ColorNameIdle
	}
}
