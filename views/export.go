package views

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"fleetmint/assets"
	"fleetmint/platform"
	"fleetmint/platform/factory"
	"fleetmint/views/kit"
)

// exportScreen writes certificates to files: of chosen devices, of all devices
// of a product, or the product certificate.
type exportScreen struct {
	*visit
	page    *page
	route   Route
	product platform.Product
	total   int // certificates to be written

	formats []*formatChoice
	warning *fyne.Container
	confirm *widget.Check
	folder  *widget.Entry
	secrets *kit.Banner
	problem *kit.Banner
	submit  *kit.Button
	form    fyne.CanvasObject
	place   *fyne.Container
	result  factory.Result
}

// formatChoice is one thing that can be written.
type formatChoice struct {
	format factory.Format
	check  *widget.Check
}

func newExport(v *visit, r Route) *exportScreen {
	s := &exportScreen{visit: v, route: r, problem: kit.NewBanner(), secrets: kit.NewBanner(), total: len(r.Names)}
	if r.ProductCertificate {
		s.total = 1
	}
	choices := kit.VStack(6)
	for _, f := range factory.Formats() {
		key := "export." + string(f)
		hint := key + "-hint"
		if r.ProductCertificate {
			hint += "-product"
		}
		choice := &formatChoice{format: f}
		choice.check = widget.NewCheck(text(key), func(bool) { s.changed() })
		s.formats = append(s.formats, choice)
		choices.Add(choice.check)
		choices.Add(kit.Pad(kit.NewMuted(text(hint)), 0, 6, 32, 0))
	}
	s.confirm = widget.NewCheck(text("export.qr-secret-confirm"), func(bool) { s.changed() })
	danger := kit.NewBanner()
	danger.ShowBad(text("export.qr-secret-warning"))
	s.warning = container.NewVBox(danger, s.confirm)

	s.folder = widget.NewEntry()
	s.folder.SetText(suggestedFolder(r))
	s.folder.OnSubmitted = func(string) { s.save() }
	browse := secondary(text("export.browse"), assets.FolderIcon(), s.browse)
	s.submit = primary(text("export.submit"), assets.ExportIcon(), s.save)
	s.form = kit.VStack(gap, s.problem,
		kit.NewSection(text("export.what"), kit.VStack(10, choices, s.warning)),
		kit.NewSection(text("export.where"), kit.VStack(14,
			kit.NewField(text("export.folder"), container.NewBorder(nil, nil, nil, browse, s.folder), text("export.folder-hint")),
			s.secrets,
			kit.HStack(8, s.submit, secondary(text("common.cancel"), nil, v.Back)))))
	s.place = container.NewStack(s.form)
	s.page = newScrollPage(text("export.title"), " ", s.place)
	s.page.focus = s.folder
	s.formats[0].check.SetChecked(true)
	s.formats[1].check.SetChecked(true)
	s.changed()
	load(v, func(ctx context.Context) (platform.Product, error) { return s.Platform.Product(ctx, r.ProductKey) }, s.arrived)
	return s
}

func (s *exportScreen) content() *page { return s.page }

func (s *exportScreen) arrived(p platform.Product, err error) {
	if err != nil {
		s.problem.ShowBad(explain(err).line())
		s.submit.Disable()
		return
	}
	s.product = p
	if !s.route.ProductCertificate && len(s.route.Names) == 0 {
		s.total = p.DeviceCount
	}
	v := values{"Name": p.Name}
	switch {
	case s.route.ProductCertificate:
		s.page.header.SetSubtitle(text("export.subtitle-product", v))
	case len(s.route.Names) > 0:
		s.page.header.SetSubtitle(plural("export.subtitle-selected", int64(s.total), v))
	default:
		s.page.header.SetSubtitle(plural("export.subtitle-all", int64(s.total), v))
	}
	if !s.route.ProductCertificate && p.Method == platform.PerProductUnregistered {
		s.problem.ShowWarn(text("export.unregistered"))
	}
	s.changed()
}

func (s *exportScreen) chosen() []factory.Format {
	var formats []factory.Format
	for _, f := range s.formats {
		if f.check.Checked {
			formats = append(formats, f.format)
		}
	}
	return formats
}

// changed keeps the warning and the count of secrets true to what is chosen.
func (s *exportScreen) changed() {
	secrets, pictures := false, false
	for _, f := range s.chosen() {
		secrets = secrets || f.HoldsSecrets()
		pictures = pictures || f == factory.FormatQRSecret
	}
	if pictures {
		s.warning.Show()
	} else {
		s.confirm.Checked = false
		s.warning.Hide()
	}
	if secrets {
		s.secrets.ShowWarn(plural("export.secrets", int64(s.total), nil))
	} else {
		s.secrets.ShowInfo(text("export.no-secrets"))
	}
	s.place.Refresh() // what appears pushes down what is below
}

// suggestedFolder is named after what is in it.
func suggestedFolder(r Route) string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	name := "certificates-" + r.ProductKey
	switch {
	case r.ProductCertificate:
		name = "product-" + r.ProductKey
	case len(r.Names) == 1:
		name = "device-" + r.ProductKey + "-" + factory.FileName(r.Names[0])
	}
	return filepath.Join(home, "fleetmint", name)
}

func (s *exportScreen) browse() {
	d := dialog.NewFolderOpen(func(u fyne.ListableURI, err error) {
		if err == nil && u != nil {
			s.folder.SetText(filepath.Join(u.Path(), filepath.Base(s.folder.Text)))
		}
	}, s.Window)
	d.Resize(fyne.NewSize(760, 520))
	d.Show()
}

func (s *exportScreen) save() {
	formats := s.chosen()
	folder := strings.TrimSpace(s.folder.Text)
	switch {
	case len(formats) == 0:
		s.problem.ShowBad(text("export.choose-format"))
		return
	case folder == "":
		s.problem.ShowBad(text("export.choose-folder"))
		s.Window.Canvas().Focus(s.folder)
		return
	case s.warning.Visible() && !s.confirm.Checked:
		s.problem.ShowBad(text("export.qr-secret-warning"))
		return
	}
	s.problem.Hide()
	request := factory.Request{
		Product: s.product, ProductCertificate: s.route.ProductCertificate, Formats: formats, Out: folder, Total: s.total,
	}
	ctx, cancel := context.WithCancel(s.ctx)
	progress := kit.NewProgress(text("export.running"), text("common.cancel"), cancel)
	request.Progress = func(p platform.Progress) {
		s.Schedule.Do(func() {
			progress.Set(float64(p.Done)/float64(max(p.Total, 1)),
				text("register.progress", values{"Done": count(int64(p.Done)), "Total": count(int64(p.Total))}))
		})
	}
	s.set(kit.NewCard(progress, 18))
	load(s.visit, func(context.Context) (factory.Result, error) {
		defer cancel()
		devices, err := s.devices(ctx)
		if err != nil {
			return factory.Result{}, err
		}
		request.Devices = devices
		return s.Export(ctx, request)
	}, s.finish)
}

// devices are what is exported: nothing for a product certificate.
func (s *exportScreen) devices(ctx context.Context) (iter.Seq2[platform.Device, error], error) {
	switch {
	case s.route.ProductCertificate:
		return nil, nil
	case len(s.route.Names) == 0:
		return factory.AllDevices(ctx, s.Platform, s.route.ProductKey), nil
	}
	devices, err := s.Platform.DevicesNamed(ctx, s.route.ProductKey, s.route.Names)
	if err != nil {
		return nil, err
	}
	return factory.Listed(s.route.ProductKey, s.route.Names, devices)
}

func (s *exportScreen) set(o fyne.CanvasObject) {
	s.place.Objects = []fyne.CanvasObject{kit.VStack(gap, o)}
	s.place.Refresh()
}

func (s *exportScreen) finish(result factory.Result, err error) {
	if err != nil {
		s.set(s.form)
		if errors.Is(err, context.Canceled) {
			s.problem.ShowInfo(text("export.cancelled"))
			return
		}
		s.problem.ShowBad(explain(err).line())
		return
	}
	s.result = result
	done := max(result.Devices, 1)
	open := secondary(text("export.open"), assets.FolderIcon(), func() {
		if err := s.App.OpenURL(&url.URL{Scheme: "file", Path: filepath.ToSlash(result.Folder)}); err != nil {
			s.report(err)
		}
	})
	body := kit.VStack(12,
		kit.NewHeading(plural("export.done", int64(done), values{"Folder": result.Folder})),
		kit.NewMuted(plural("export.done-files", int64(len(result.Files)), values{"Secrets": count(int64(result.Secrets))})),
		kit.NewParagraph(strings.Join(firstOf(result.Files, 12), "\n")))
	if result.Secrets > 0 {
		warn := kit.NewBanner()
		warn.ShowWarn(plural("export.secrets", int64(result.Secrets), nil))
		body.Add(warn)
	}
	body.Add(kit.HStack(8, open, secondary(text("common.close"), nil, s.Back)))
	s.set(kit.NewCard(body, 18))
}
