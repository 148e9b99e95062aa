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

// productsAtOnce is how many products the table asks for: an instance of the
// cloud holds at most 1,000.
const productsAtOnce = 1000

// productsScreen lists all products.
type productsScreen struct {
	*visit
	page   *page
	table  *kit.DataTable
	filter *widget.Entry
	all    []platform.Product
	shown  []platform.Product
}

func newProducts(v *visit) *productsScreen {
	s := &productsScreen{visit: v}
	s.filter = widget.NewEntry()
	s.filter.SetPlaceHolder(text("products.search"))
	s.filter.OnChanged = func(string) { s.show() }
	s.table = kit.NewDataTable(kit.TableConfig{
		Columns: []kit.Column{
			{ID: "name", Title: text("products.column-name"), Cell: s.cell(func(p platform.Product) kit.Cell { return kit.Cell{Text: p.Name, Bold: true} })},
			{ID: "key", Title: text("products.column-key"), Width: 130, Mono: true, Cell: s.cell(func(p platform.Product) kit.Cell { return kit.Cell{Text: p.ProductKey} })},
			{ID: "method", Title: text("products.column-method"), Width: 230, Cell: s.cell(func(p platform.Product) kit.Cell {
				return kit.Cell{Text: text("method.short." + string(p.Method)), Color: theme.ColorNameMuted}
			})},
			{ID: "node", Title: text("products.column-node"), Width: 100, Cell: s.cell(func(p platform.Product) kit.Cell {
				return kit.Cell{Text: nodeName(p.NodeType), Color: theme.ColorNameMuted}
			})},
			{ID: "devices", Title: text("products.column-devices"), Width: 90, Align: fyne.TextAlignTrailing, Cell: s.cell(func(p platform.Product) kit.Cell {
				return kit.Cell{Text: count(int64(p.DeviceCount))}
			})},
			{ID: "registration", Title: text("products.column-registration"), Width: 160, Cell: s.cell(registrationCell)},
			{ID: "created", Title: text("products.column-created"), Width: 160, Cell: s.cell(func(p platform.Product) kit.Cell {
				return kit.Cell{Text: moment(p.Created), Color: theme.ColorNameMuted}
			})},
		},
		Length: func() int { return len(s.shown) },
		Key:    func(row int) string { return s.shown[row].ProductKey },
	})
	s.table.OnActivated = func(row int) {
		v.Navigate(Route{Screen: ScreenProduct, ProductKey: s.shown[row].ProductKey})
	}
	s.table.SetLoading(text("common.loading"))

	create := func() { v.Navigate(Route{Screen: ScreenCreateProduct}) }
	bar := container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(320, s.filter.MinSize().Height), s.filter), nil)
	s.page = newPage(text("products.title"), " ",
		kit.NewCard(container.NewBorder(kit.Pad(bar, 0, 10, 0, 0), nil, nil, nil, s.table), 14),
		primary(text("products.create"), assets.AddIcon(), create))
	s.page.create, s.page.refresh, s.page.search, s.page.focus = create, s.load, s.filter, s.table.Focusable()
	s.load()
	v.Schedule.every(v.ctx, s.load)
	return s
}

func (s *productsScreen) content() *page { return s.page }

func (s *productsScreen) cell(f func(platform.Product) kit.Cell) func(int) kit.Cell {
	return func(row int) kit.Cell { return f(s.shown[row]) }
}

func (s *productsScreen) load() {
	load(s.visit, s.fetch, func(products []platform.Product, err error) {
		if err != nil {
			s.table.SetError(explain(err).state(), text("common.retry"), s.load)
			return
		}
		s.all = products
		s.show()
	})
}

// fetch asks for all pages: the cloud gives at most 200 products at once.
func (s *productsScreen) fetch(ctx context.Context) ([]platform.Product, error) {
	const pageSize = 200
	var products []platform.Product
	for number := 1; len(products) < productsAtOnce; number++ {
		p, err := s.Platform.Products(ctx, platform.Page{Number: number, Size: pageSize})
		if err != nil {
			return nil, err
		}
		products = append(products, p.Products...)
		if len(p.Products) == 0 || len(products) >= p.Total {
			break
		}
	}
	return products, nil
}

// show applies the filter and says what to do where nothing is left.
func (s *productsScreen) show() {
	query := strings.ToLower(strings.TrimSpace(s.filter.Text))
	s.shown = s.shown[:0]
	for _, p := range s.all {
		if strings.Contains(strings.ToLower(p.Name), query) || strings.Contains(strings.ToLower(p.ProductKey), query) {
			s.shown = append(s.shown, p)
		}
	}
	s.page.header.SetSubtitle(plural("products.subtitle", int64(len(s.all)), nil))
	switch {
	case len(s.all) == 0:
		s.table.SetEmpty(assets.ProductsIcon(), text("products.empty"), text("products.empty-hint"), text("products.create"), s.page.create)
	case len(s.shown) == 0:
		s.table.SetEmpty(assets.ProductsIcon(), text("products.nothing-matches", values{"Query": s.filter.Text}), "",
			text("products.clear-filter"), func() { s.filter.SetText("") })
	default:
		s.table.SetReady()
	}
}

func nodeName(n platform.NodeType) string {
	if n == platform.NodeGateway {
		return text("node.gateway")
	}
	return text("node.device")
}

// registrationCell warns by word and colour where the switch is on without
// need.
func registrationCell(p platform.Product) kit.Cell {
	switch {
	case !p.DynamicRegistrationKnown:
		return kit.Cell{Text: text("common.unknown"), Color: theme.ColorNameMuted}
	case !p.DynamicRegistration:
		return kit.Cell{Text: text("common.off"), Color: theme.ColorNameIdle, Pill: true}
	case p.Method.Known() && !p.Method.NeedsDynamicRegistration():
		return kit.Cell{Text: text("common.on"), Color: theme.ColorNameWarn, Pill: true}
	default:
		return kit.Cell{Text: text("common.on"), Color: theme.ColorNameOK, Pill: true}
	}
}
