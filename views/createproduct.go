package views

import (
	"context"
	"errors"
	"unicode/utf8"

	"fyne.io/fyne/v2/widget"

	"fleetmint/assets"
	"fleetmint/platform"
	"fleetmint/views/kit"
)

// createProductScreen guides from a name to a product with its verification
// method, the four methods side by side.
type createProductScreen struct {
	*visit
	page        *page
	name        *widget.Entry
	nameField   *kit.Field
	description *widget.Entry
	descField   *kit.Field
	node        *widget.RadioGroup
	table       *kit.ComparisonTable
	switchOff   *widget.Check
	problem     *kit.Banner
	submit      *kit.Button
	method      platform.Method
}

func newCreateProduct(v *visit, method platform.Method) *createProductScreen {
	s := &createProductScreen{visit: v}
	s.name = widget.NewEntry()
	s.nameField = kit.NewField(text("create.name"), s.name, text("create.name-hint"))
	s.name.OnChanged = func(string) { s.check() }
	s.name.OnSubmitted = func(string) { s.save() }
	s.description = widget.NewEntry()
	s.descField = kit.NewField(text("create.description"), s.description, text("create.description-hint"))
	s.description.OnChanged = func(string) { s.check() }
	s.node = widget.NewRadioGroup([]string{text("node.device"), text("node.gateway")}, nil)
	s.node.Horizontal = true
	s.node.Required = true
	s.node.SetSelected(text("node.device"))
	s.switchOff = widget.NewCheck(text("create.switch-off"), nil)
	s.switchOff.SetChecked(true)
	s.table = newComparison(s.choose)
	s.problem = kit.NewBanner()
	s.submit = primary(text("create.submit"), assets.AddIcon(), s.save)

	s.page = newScrollPage(text("create.title"), text("create.subtitle"),
		kit.VStack(gap,
			s.problem,
			kit.NewCard(kit.Columns(gap, s.nameField, s.descField, kit.NewField(text("create.node"), s.node, "")), 18),
			kit.NewSection(text("create.method"), kit.VStack(12, s.table, s.switchOff)),
			kit.NewSection(text("methods.advisor"), newAdvisor(s.choose).root),
		),
		secondary(text("common.cancel"), nil, v.Back), s.submit)
	s.page.focus = s.name
	if !method.Known() {
		method = platform.PerDevice
	}
	s.choose(method)
	s.check()
	return s
}

func (s *createProductScreen) content() *page { return s.page }

func (s *createProductScreen) choose(m platform.Method) {
	s.method = m
	selectMethod(s.table, m)
	if m.NeedsDynamicRegistration() {
		s.switchOff.Hide()
	} else {
		s.switchOff.Show()
	}
}

func (s *createProductScreen) input() platform.NewProduct {
	node := platform.NodeDevice
	if s.node.Selected == text("node.gateway") {
		node = platform.NodeGateway
	}
	return platform.NewProduct{Name: s.name.Text, Description: s.description.Text, NodeType: node, Method: s.method}
}

// check shows a broken rule as it is typed; an empty name is not yet wrong.
func (s *createProductScreen) check() {
	s.nameField.SetError("")
	s.descField.SetError("")
	if s.name.Text != "" && platform.ValidateProductName(s.name.Text) != nil {
		s.nameField.SetError(text("create.name-hint"))
	}
	if utf8.RuneCountInString(s.description.Text) > platform.ProductDescriptionMax {
		s.descField.SetError(text("create.description-hint"))
	}
}

func (s *createProductScreen) save() {
	product := s.input()
	if err := product.Validate(); err != nil {
		s.fail(err)
		return
	}
	switchOff := s.switchOff.Checked && !product.Method.NeedsDynamicRegistration()
	s.submit.Disable()
	load(s.visit, func(ctx context.Context) (platform.Product, error) {
		created, err := s.Platform.CreateProduct(ctx, product)
		if err != nil || !switchOff {
			return created, err
		}
		err = s.Platform.SetDynamicRegistration(ctx, created.ProductKey, false)
		if errors.Is(err, platform.ErrUnsupported) {
			err = nil // the product's own screen explains the switch
		}
		return created, err
	}, func(created platform.Product, err error) {
		s.submit.Enable()
		if created.ProductKey == "" {
			s.fail(err)
			return
		}
		if err != nil {
			s.report(err) // the product is there; only its switch is not as asked
		} else {
			s.toast(text("create.done", values{"Name": created.Name}))
		}
		s.replace(Route{Screen: ScreenProduct, ProductKey: created.ProductKey})
	})
}

func (s *createProductScreen) fail(err error) {
	var refused *platform.Error
	if errors.As(err, &refused) && refused.Field == platform.FieldProductName {
		s.nameField.SetError(explain(err).line())
		s.Window.Canvas().Focus(s.name)
		return
	}
	s.problem.ShowBad(explain(err).line())
}
