package views

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"fleetmint/assets"
	"fleetmint/platform"
	"fleetmint/views/kit"
)

// registerDevicesScreen registers one device, a number of them, or a pattern of
// names.
type registerDevicesScreen struct {
	*visit
	page       *page
	productKey string

	how      *widget.RadioGroup
	name     *widget.Entry
	nameRule *kit.Field
	nickname *widget.Entry
	number   *widget.Entry
	numRule  *kit.Field
	pattern  *widget.Entry
	patRule  *kit.Field
	forms    map[string]fyne.CanvasObject
	submit   *kit.Button
	form     fyne.CanvasObject
	problem  *kit.Banner
	progress *kit.Progress
	place    *fyne.Container
	done     bool // the result is shown
}

func newRegisterDevices(v *visit, productKey string) *registerDevicesScreen {
	s := &registerDevicesScreen{visit: v, productKey: productKey, problem: kit.NewBanner()}
	entry := func(check func()) *widget.Entry {
		e := widget.NewEntry()
		e.OnChanged = func(string) { check() }
		e.OnSubmitted = func(string) { s.save() }
		return e
	}
	s.name, s.nickname = entry(s.check), entry(s.check)
	s.number, s.pattern = entry(s.check), entry(s.check)
	s.number.Text = "10"
	s.pattern.SetPlaceHolder("SN-{00001..00100}")
	s.nameRule = kit.NewField(text("register.name"), s.name, text("register.name-hint"))
	s.numRule = kit.NewField(text("register.number"), s.number, text("register.number-hint"))
	s.patRule = kit.NewField(text("register.pattern-label"), s.pattern, text("register.pattern-hint"))
	s.forms = map[string]fyne.CanvasObject{
		text("register.one"):     kit.Columns(gap, s.nameRule, kit.NewField(text("register.nickname"), s.nickname, text("register.nickname-hint"))),
		text("register.count"):   s.numRule,
		text("register.pattern"): s.patRule,
	}
	inputs := container.NewStack()
	s.how = widget.NewRadioGroup([]string{text("register.one"), text("register.count"), text("register.pattern")}, func(choice string) {
		inputs.Objects = []fyne.CanvasObject{s.forms[choice]}
		inputs.Refresh()
	})
	s.how.Required = true
	s.submit = primary(text("register.submit"), assets.AddIcon(), s.save)
	s.form = kit.VStack(gap, s.problem,
		kit.NewSection(text("register.how"), s.how),
		kit.NewCard(kit.VStack(14, inputs, kit.HStack(8, s.submit, secondary(text("common.cancel"), nil, v.Back))), 18))
	s.place = container.NewStack(s.form)
	s.page = newScrollPage(text("register.title"), productKey, s.place)
	s.page.focus = s.name
	s.how.SetSelected(text("register.one"))
	load(v, func(ctx context.Context) (platform.Product, error) { return s.Platform.Product(ctx, productKey) },
		func(p platform.Product, err error) {
			if err != nil {
				s.problem.ShowBad(explain(err).line())
				return
			}
			s.page.header.SetSubtitle(text("register.subtitle", values{"Name": p.Name, "Key": p.ProductKey}))
		})
	return s
}

func (s *registerDevicesScreen) content() *page { return s.page }

// check shows a broken rule while it is typed, and what a pattern makes.
func (s *registerDevicesScreen) check() {
	s.nameRule.SetError("")
	if s.name.Text != "" && platform.ValidateDeviceName(s.name.Text) != nil {
		s.nameRule.SetError(text("register.name-hint"))
	}
	s.numRule.SetError("")
	if _, err := s.amount(); err != nil {
		s.numRule.SetError(text("register.number-invalid"))
	}
	s.patRule.SetError("")
	s.patRule.SetHint(text("register.pattern-hint"))
	if s.pattern.Text == "" {
		return
	}
	p, err := platform.ParsePattern(s.pattern.Text)
	if err != nil {
		s.patRule.SetError(patternProblem(err))
		return
	}
	v := values{"Count": count(int64(p.Len())), "First": p.Name(0), "Last": p.Name(p.Len() - 1)}
	if p.Len() == 1 {
		s.patRule.SetHint(text("register.preview-one", v))
		return
	}
	s.patRule.SetHint(text("register.preview", v))
}

var errAmount = errors.New("not a number of devices")

func (s *registerDevicesScreen) amount() (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(s.number.Text))
	if err != nil || n < 1 || n > platform.BatchMax {
		return 0, errAmount
	}
	return n, nil
}

func patternProblem(err error) string {
	var p *platform.PatternError
	if !errors.As(err, &p) {
		return explain(err).what
	}
	switch {
	case errors.Is(err, platform.ErrNoRange):
		return text("pattern.no-range")
	case errors.Is(err, platform.ErrTooManyNames):
		return text("pattern.too-many", values{"Max": count(platform.BatchMax)})
	default:
		return text("pattern.bad-range", values{"Range": "{" + p.Range + "}"})
	}
}

// save registers what the form says. A rule that is broken stays on screen and
// takes the focus.
func (s *registerDevicesScreen) save() {
	s.check()
	switch s.how.Selected {
	case text("register.one"):
		if s.name.Text != "" && platform.ValidateDeviceName(s.name.Text) != nil {
			s.Window.Canvas().Focus(s.name)
			return
		}
		s.registerOne()
	case text("register.count"):
		n, err := s.amount()
		if err != nil {
			s.Window.Canvas().Focus(s.number)
			return
		}
		s.registerBatch(platform.Batch{ProductKey: s.productKey, Count: n}, n)
	default:
		p, err := platform.ParsePattern(s.pattern.Text)
		if err != nil {
			s.patRule.SetError(patternProblem(err))
			s.Window.Canvas().Focus(s.pattern)
			return
		}
		s.registerBatch(platform.Batch{ProductKey: s.productKey, Names: p.Names()}, p.Len())
	}
}

func (s *registerDevicesScreen) registerOne() {
	device := platform.NewDevice{ProductKey: s.productKey, DeviceName: s.name.Text, Nickname: s.nickname.Text}
	s.submit.Disable()
	load(s.visit, func(ctx context.Context) (platform.Device, error) { return s.Platform.RegisterDevice(ctx, device) },
		func(d platform.Device, err error) {
			s.submit.Enable()
			var refused *platform.Error
			switch {
			case err == nil:
				s.finish(platform.BatchResult{Devices: []platform.Device{d}}, nil)
			case errors.As(err, &refused) && refused.Field != platform.FieldNickname &&
				(errors.Is(err, platform.ErrAlreadyExists) || errors.Is(err, platform.ErrInvalid)):
				s.nameRule.SetError(explain(err).line())
				s.Window.Canvas().Focus(s.name)
			default:
				s.problem.ShowBad(explain(err).line())
			}
		})
}

// registerBatch shows progress in place of the form. Cancelling keeps what the
// platform has acknowledged.
func (s *registerDevicesScreen) registerBatch(batch platform.Batch, total int) {
	ctx, cancel := context.WithCancel(s.ctx)
	s.progress = kit.NewProgress(text("register.running"), text("common.cancel"), cancel)
	s.progress.Set(0, text("register.progress", values{"Done": "0", "Total": count(int64(total))}))
	s.set(kit.NewCard(s.progress, 18))
	s.submit.Disable()
	// The job runs under its own context, but its answer is shown for as long as
	// the screen is: a cancelled job still says what it achieved.
	load(s.visit, func(context.Context) (platform.BatchResult, error) {
		defer cancel()
		return s.Platform.RegisterDevices(ctx, batch, func(p platform.Progress) {
			s.Schedule.Do(func() {
				s.progress.Set(float64(p.Done)/float64(max(p.Total, 1)),
					text("register.progress", values{"Done": count(int64(p.Done)), "Total": count(int64(p.Total))}))
			})
		})
	}, func(result platform.BatchResult, err error) {
		s.submit.Enable()
		s.finish(result, err)
	})
}

func (s *registerDevicesScreen) set(o fyne.CanvasObject) {
	s.place.Objects = []fyne.CanvasObject{kit.VStack(gap, o)}
	s.place.Refresh()
}

// finish says what was registered, what was refused and why, and offers the
// next step.
func (s *registerDevicesScreen) finish(result platform.BatchResult, err error) {
	if err != nil && len(result.Devices) == 0 && !errors.Is(err, context.Canceled) {
		s.set(s.form)
		s.problem.ShowBad(explain(err).line())
		return
	}
	s.done = true
	n, rejected := int64(len(result.Devices)), values{"Rejected": count(int64(len(result.Rejected)))}
	title := plural("register.done", n, nil)
	switch {
	case errors.Is(err, context.Canceled):
		title = plural("register.cancelled", n, nil)
	case len(result.Rejected) > 0:
		title = plural("register.partly", n, rejected)
	}
	names := make([]string, len(result.Devices))
	for i, d := range result.Devices {
		names[i] = d.DeviceName
	}
	body := kit.VStack(12, kit.NewHeading(title), kit.NewParagraph(listed(names)))
	if err != nil && !errors.Is(err, context.Canceled) {
		body.Add(kit.NewParagraph(explain(err).line()))
	}
	if len(result.Rejected) > 0 {
		var reasons []string
		for _, r := range result.Rejected {
			reasons = append(reasons, r.DeviceName+": "+explain(r.Reason).what)
		}
		body.Add(kit.NewHeading(text("register.refused")))
		body.Add(kit.NewParagraph(strings.Join(firstOf(reasons, 20), "\n")))
	}
	if len(names) > 0 {
		body.Add(kit.NewParagraph(text("register.next")))
		body.Add(kit.HStack(8,
			primary(text("register.export"), assets.ExportIcon(), func() {
				s.replace(Route{Screen: ScreenExport, ProductKey: s.productKey, Names: names})
			}),
			secondary(text("product.show-devices"), assets.DevicesIcon(), func() {
				s.replace(Route{Screen: ScreenDevices, ProductKey: s.productKey})
			})))
	} else {
		body.Add(kit.HStack(8, secondary(text("common.back"), assets.BackIcon(), func() { s.set(s.form) })))
	}
	s.set(kit.NewCard(body, 18))
}

// listed names a few of many.
func listed(names []string) string {
	const most = 12
	if len(names) <= most {
		return strings.Join(names, "   ")
	}
	return strings.Join(names[:most-1], "   ") + "  …  " + names[len(names)-1]
}

func firstOf(lines []string, most int) []string {
	if len(lines) <= most {
		return lines
	}
	return append(lines[:most:most], "…")
}
