package views

import (
	"context"
	"errors"

	"fleetmint/assets"
	"fleetmint/platform"
	"fleetmint/views/kit"
)

// productScreen shows one product: its certificate, its dynamic registration
// switch, its devices and the next step.
type productScreen struct {
	*visit
	page    *page
	product platform.Product
	problem *kit.Banner

	name, key, created, node, method, description *kit.KeyValue
	secret                                        *kit.SecretField
	registration                                  *kit.Switch
	consequence                                   *kit.Paragraph
	counts                                        *kit.Paragraph
	next                                          *kit.Paragraph
}

func newProduct(v *visit, productKey string) *productScreen {
	s := &productScreen{visit: v, product: platform.Product{ProductKey: productKey}, problem: kit.NewBanner()}
	s.name = kit.NewKeyValue(text("product.name"))
	s.key = kit.NewKeyValue(text("products.column-key"))
	s.key.SetCopy(v.copyText)
	s.created = kit.NewKeyValue(text("product.created"))
	s.node = kit.NewKeyValue(text("product.node"))
	s.method = kit.NewKeyValue(text("product.method"))
	s.description = kit.NewKeyValue(text("product.description"))
	s.secret = v.newSecretField("ProductSecret", func() string { return s.product.ProductSecret })
	s.registration = kit.NewSwitch(text("product.registration"), s.askRegistration)
	s.consequence, s.counts, s.next = kit.NewParagraph(""), kit.NewParagraph(""), kit.NewParagraph("")

	devices := func() { v.Navigate(Route{Screen: ScreenDevices, ProductKey: productKey}) }
	register := func() { v.Navigate(Route{Screen: ScreenRegisterDevices, ProductKey: productKey}) }
	export := func() { v.Navigate(Route{Screen: ScreenExport, ProductKey: productKey, ProductCertificate: true}) }

	s.page = newScrollPage(" ", " ", kit.VStack(gap,
		s.problem,
		kit.Columns(gap,
			kit.NewSection(text("product.certificate"), kit.VStack(10,
				s.key, s.secret, kit.NewParagraph(text("product.secret-note")),
				kit.HStack(8, secondary(text("product.export"), assets.ExportIcon(), export)))),
			kit.NewSection(text("product.registration"), kit.VStack(10, s.registration, s.consequence)),
		),
		kit.Columns(gap,
			kit.NewSection(text("product.devices"), kit.VStack(10, s.counts, s.next,
				kit.HStack(8,
					secondary(text("product.show-devices"), assets.DevicesIcon(), devices),
					secondary(text("devices.export"), assets.ExportIcon(), func() { v.Navigate(Route{Screen: ScreenExport, ProductKey: productKey}) })))),
			kit.NewSection(text("product.facts"), kit.VStack(10, s.name, s.method, s.node, s.description, s.created,
				kit.HStack(8, danger(text("product.delete"), assets.DeleteIcon(), s.askDelete)))),
		),
	),
		secondary(text("common.back"), assets.BackIcon(), v.Back),
		primary(text("product.register-devices"), assets.AddIcon(), register))
	s.page.create, s.page.refresh = register, s.load
	s.load()
	v.Schedule.every(v.ctx, s.load)
	return s
}

func (s *productScreen) content() *page { return s.page }

// productFacts is what one refresh of the screen brings.
type productFacts struct {
	product    platform.Product
	statistics platform.Statistics
}

func (s *productScreen) load() {
	productKey := s.product.ProductKey
	load(s.visit, func(ctx context.Context) (f productFacts, err error) {
		if f.product, err = s.Platform.Product(ctx, productKey); err != nil {
			return f, err
		}
		f.statistics, err = s.Platform.Statistics(ctx, productKey)
		return f, err
	}, func(f productFacts, err error) {
		if err != nil {
			s.problem.ShowBad(explain(err).line())
			return
		}
		s.problem.Hide()
		s.show(f)
	})
}

func (s *productScreen) show(f productFacts) {
	p := f.product
	s.product = p
	s.page.header.SetTitle(p.Name)
	s.page.header.SetSubtitle(text("product.subtitle", values{"Method": methodName(p.Method), "Node": nodeName(p.NodeType)}))
	s.key.SetValue(p.ProductKey)
	s.name.SetValue(p.Name)
	s.method.SetValue(methodName(p.Method))
	s.node.SetValue(nodeName(p.NodeType))
	s.description.SetValue(orDash(p.Description))
	s.created.SetValue(moment(p.Created))
	s.registration.SetOn(p.DynamicRegistration)
	s.consequence.SetText(registrationConsequence(p))
	s.counts.SetText(text("product.devices-count", values{
		"Devices": count(f.statistics.Devices), "Active": count(f.statistics.Active), "Online": count(f.statistics.Online),
	}))
	s.next.SetText(nextStep(p, f.statistics))
}

func registrationConsequence(p platform.Product) string {
	if !p.DynamicRegistrationKnown {
		return text("product.registration-unknown")
	}
	words := text("product.registration-off")
	if p.DynamicRegistration {
		words = text("product.registration-on")
	}
	switch {
	case p.Method.NeedsDynamicRegistration():
		words += " " + text("product.registration-needed")
	case p.Method.Known():
		words += " " + text("product.registration-unneeded")
	}
	return words
}

// nextStep is the one thing to do now.
func nextStep(p platform.Product, s platform.Statistics) string {
	switch {
	case p.Method == platform.PerProductUnregistered:
		return text("product.next-product-certificate")
	case s.Devices == 0:
		return text("product.next-register")
	case p.Method.BurnsProductSecret():
		return text("product.next-product-certificate")
	default:
		return text("product.next-export")
	}
}

// askRegistration states the consequence before the switch moves; until the platform has
// answered it stays where it was.
func (s *productScreen) askRegistration(on bool) {
	name := values{"Name": s.product.Name}
	question := kit.Question{
		Title: text("product.switch-off-title", name), Body: text("product.switch-off-body"),
		Verb: text("product.switch-off"), Cancel: text("common.cancel"),
	}
	if on {
		question = kit.Question{
			Title: text("product.switch-on-title", name), Body: text("product.switch-on-body"),
			Verb: text("product.switch-on"), Cancel: text("common.cancel"), Destructive: true,
		}
		if s.product.Method == platform.PerProductUnregistered {
			question.Body = text("product.switch-on-body-unregistered")
		}
	}
	s.ask(question, func() { s.setRegistration(on) })
}

func (s *productScreen) setRegistration(on bool) {
	productKey := s.product.ProductKey
	load(s.visit, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.Platform.SetDynamicRegistration(ctx, productKey, on)
	}, func(_ struct{}, err error) {
		if err != nil {
			s.report(err)
		}
		s.load()
	})
}

func (s *productScreen) askDelete() {
	s.ask(kit.Question{
		Title: text("product.delete-title", values{"Name": s.product.Name}), Body: text("product.delete-body"),
		Objects: []string{s.product.Name + "  " + s.product.ProductKey},
		Verb:    text("product.delete"), Cancel: text("common.cancel"), Destructive: true,
	}, s.delete)
}

func (s *productScreen) delete() {
	product := s.product
	load(s.visit, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, s.Platform.DeleteProduct(ctx, product.ProductKey)
	}, func(_ struct{}, err error) {
		switch {
		case errors.Is(err, platform.ErrConflict), err != nil:
			s.report(err)
		default:
			s.toast(text("product.deleted", values{"Name": product.Name}))
			s.replace(Route{Screen: ScreenProducts})
		}
	})
}

func methodName(m platform.Method) string {
	if !m.Known() {
		return text("method.short.")
	}
	return text("method." + string(m))
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
