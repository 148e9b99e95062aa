package views

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/test"

	"fleetmint/assets"
	"fleetmint/platform"
	"fleetmint/platform/factory"
	"fleetmint/views/theme"
)

// fakePlatform is a platform in memory that records what was asked of it.
type fakePlatform struct {
	calls    []string
	products []platform.Product
	devices  map[string][]platform.Device
	fail     error // what every call answers, where set
}

var _ platform.Platform = (*fakePlatform)(nil)

func (f *fakePlatform) called(format string, args ...any) error {
	f.calls = append(f.calls, fmt.Sprintf(format, args...))
	return f.fail
}

func (f *fakePlatform) Products(context.Context, platform.Page) (platform.ProductPage, error) {
	if err := f.called("Products"); err != nil {
		return platform.ProductPage{}, err
	}
	return platform.ProductPage{Products: slices.Clone(f.products), Total: len(f.products)}, nil
}

func (f *fakePlatform) Product(_ context.Context, productKey string) (platform.Product, error) {
	if err := f.called("Product %s", productKey); err != nil {
		return platform.Product{}, err
	}
	for _, p := range f.products {
		if p.ProductKey == productKey {
			p.DeviceCount = len(f.devices[productKey])
			return p, nil
		}
	}
	return platform.Product{}, &platform.Error{Op: "query product", Kind: platform.ErrNotFound, Code: "iot.prod.NotExistedProduct", RequestID: "R1"}
}

func (f *fakePlatform) CreateProduct(_ context.Context, n platform.NewProduct) (platform.Product, error) {
	if err := f.called("CreateProduct %s %s %d", n.Name, n.Method, n.NodeType); err != nil {
		return platform.Product{}, err
	}
	p := platform.Product{
		ProductKey: fmt.Sprintf("a1%09d", len(f.products)), ProductSecret: "AbCdEfGh12345678", Name: n.Name, Description: n.Description,
		NodeType: n.NodeType, Method: n.Method, DynamicRegistration: true, DynamicRegistrationKnown: true, Created: time.Unix(1700000000, 0),
	}
	f.products = append(f.products, p)
	return p, nil
}

func (f *fakePlatform) DeleteProduct(_ context.Context, productKey string) error {
	if err := f.called("DeleteProduct %s", productKey); err != nil {
		return err
	}
	f.products = slices.DeleteFunc(f.products, func(p platform.Product) bool { return p.ProductKey == productKey })
	return nil
}

func (f *fakePlatform) SetDynamicRegistration(_ context.Context, productKey string, on bool) error {
	if err := f.called("SetDynamicRegistration %s %t", productKey, on); err != nil {
		return err
	}
	for i := range f.products {
		if f.products[i].ProductKey == productKey {
			f.products[i].DynamicRegistration = on
		}
	}
	return nil
}

func (f *fakePlatform) Devices(_ context.Context, productKey string, page platform.Page) (platform.DevicePage, error) {
	if err := f.called("Devices %s %d", productKey, page.Number); err != nil {
		return platform.DevicePage{}, err
	}
	all := f.devices[productKey]
	from := min((page.Number-1)*page.Size, len(all))
	return platform.DevicePage{Devices: slices.Clone(all[from:min(from+page.Size, len(all))]), Total: len(all)}, nil
}

func (f *fakePlatform) FindDevices(_ context.Context, productKey string, filter platform.DeviceFilter, page platform.Page) (platform.DevicePage, error) {
	if err := f.called("FindDevices %s %q %s %d", productKey, filter.Contains, filter.Status, page.Number); err != nil {
		return platform.DevicePage{}, err
	}
	all := slices.DeleteFunc(slices.Clone(f.devices[productKey]), func(d platform.Device) bool {
		return !strings.Contains(d.DeviceName, filter.Contains) || filter.Status != "" && filter.Status != d.Status
	})
	from := min((page.Number-1)*page.Size, len(all))
	return platform.DevicePage{Devices: all[from:min(from+page.Size, len(all))], Total: len(all)}, nil
}

func (f *fakePlatform) Device(_ context.Context, ref platform.DeviceRef) (platform.Device, error) {
	if err := f.called("Device %s", ref.DeviceName); err != nil {
		return platform.Device{}, err
	}
	for _, d := range f.devices[ref.ProductKey] {
		if d.DeviceRef == ref {
			return d, nil
		}
	}
	return platform.Device{}, &platform.Error{Op: "query device", Kind: platform.ErrNotFound}
}

func (f *fakePlatform) DevicesNamed(ctx context.Context, productKey string, names []string) ([]platform.Device, error) {
	var devices []platform.Device
	for _, name := range names {
		if d, err := f.Device(ctx, platform.DeviceRef{ProductKey: productKey, DeviceName: name}); err == nil {
			devices = append(devices, d)
		}
	}
	return devices, nil
}

func (f *fakePlatform) RegisterDevice(ctx context.Context, n platform.NewDevice) (platform.Device, error) {
	if err := f.called("RegisterDevice %s", n.DeviceName); err != nil {
		return platform.Device{}, err
	}
	ref := platform.DeviceRef{ProductKey: n.ProductKey, DeviceName: n.DeviceName}
	if ref.DeviceName == "" {
		ref.DeviceName = fmt.Sprintf("generated%04d", len(f.devices[n.ProductKey]))
	}
	for _, d := range f.devices[n.ProductKey] {
		if d.DeviceRef == ref {
			return platform.Device{}, &platform.Error{Op: "register device", Kind: platform.ErrAlreadyExists, Field: platform.FieldDeviceName, Value: n.DeviceName}
		}
	}
	d := platform.Device{
		DeviceRef: ref, DeviceSecret: fmt.Sprintf("%032x", len(f.devices[n.ProductKey])+1),
		Nickname: n.Nickname, Status: platform.StatusUnactive, Created: time.Unix(1700000000, 0),
	}
	f.devices[n.ProductKey] = append(f.devices[n.ProductKey], d)
	return d, nil
}

func (f *fakePlatform) RegisterDevices(ctx context.Context, b platform.Batch, progress func(platform.Progress)) (platform.BatchResult, error) {
	var result platform.BatchResult
	names := b.Names
	if len(names) == 0 {
		names = make([]string, b.Count)
	}
	for i, name := range names {
		d, err := f.RegisterDevice(ctx, platform.NewDevice{ProductKey: b.ProductKey, DeviceName: name})
		if err != nil {
			result.Rejected = append(result.Rejected, platform.RejectedName{DeviceName: name, Reason: err})
			continue
		}
		result.Devices = append(result.Devices, d)
		progress(platform.Progress{Done: i + 1, Total: len(names)})
	}
	return result, nil
}

func (f *fakePlatform) DeleteDevice(_ context.Context, ref platform.DeviceRef) error {
	if err := f.called("DeleteDevice %s", ref.DeviceName); err != nil {
		return err
	}
	f.devices[ref.ProductKey] = slices.DeleteFunc(f.devices[ref.ProductKey], func(d platform.Device) bool { return d.DeviceRef == ref })
	return nil
}

func (f *fakePlatform) Statistics(context.Context, string) (platform.Statistics, error) {
	return platform.Statistics{Devices: 3, Active: 2, Online: 1}, f.fail
}

// stage is a console over a fake platform in a test window.
type stage struct {
	*Console
	t    *testing.T
	fake *fakePlatform
}

func newStage(t *testing.T) *stage {
	t.Helper()
	t.Setenv("LANG", "en_US.UTF-8")
	t.Setenv("LC_ALL", "")
	a := test.NewTempApp(t)
	a.Settings().SetTheme(theme.New(theme.Light))
	if err := lang.AddTranslationsFS(assets.Translations, "lang"); err != nil {
		t.Fatal(err)
	}
	fake := &fakePlatform{devices: map[string][]platform.Device{}}
	w := test.NewTempWindow(t, nil)
	w.SetPadded(false)
	c := New(Config{App: a, Window: w, Schedule: Inline(), Platform: fake, Export: factory.Export, Session: Session{KeyringWorks: true}})
	w.SetContent(c.Content())
	w.Resize(fyne.NewSize(1280, 800))
	c.Start()
	t.Cleanup(c.Close)
	return &stage{Console: c, t: t, fake: fake}
}

// made is a stage with one product.
func (s *stage) product(method platform.Method) platform.Product {
	s.t.Helper()
	p, err := s.fake.CreateProduct(s.t.Context(), platform.NewProduct{Name: "Street-Lamp", Method: method})
	if err != nil {
		s.t.Fatal(err)
	}
	s.fake.calls = nil
	return p
}

func (s *stage) device(productKey, name string) platform.Device {
	s.t.Helper()
	d, err := s.fake.RegisterDevice(s.t.Context(), platform.NewDevice{ProductKey: productKey, DeviceName: name})
	if err != nil {
		s.t.Fatal(err)
	}
	s.fake.calls = nil
	return d
}

// at is the shown screen, which must be of type S.
func at[S screen](s *stage) S {
	s.t.Helper()
	shown, ok := s.screen.(S)
	if !ok {
		s.t.Fatalf("the shown screen is %T", s.screen)
	}
	return shown
}

func (s *stage) mustCall(call string) {
	s.t.Helper()
	if !slices.Contains(s.fake.calls, call) {
		s.t.Errorf("the platform was not asked %q, only %q", call, s.fake.calls)
	}
}

func (s *stage) mustNotCall(call string) {
	s.t.Helper()
	if slices.Contains(s.fake.calls, call) {
		s.t.Errorf("the platform was asked %q", call)
	}
}
