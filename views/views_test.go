package views

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"fleetmint/platform"
)

func TestEmptyConsoleSaysWhatToDo(t *testing.T) {
	s := newStage(t)
	shown := at[*productsScreen](s)
	if got := shown.table.EmptyTitle(); got != "No products yet" {
		t.Errorf("the empty table says %q", got)
	}
	s.Navigate(Route{Screen: ScreenDevices})
	if got := at[*devicesScreen](s).table.EmptyTitle(); got != "There is no product to hold devices" {
		t.Errorf("the empty device table says %q", got)
	}
}

func TestCreateProduct(t *testing.T) {
	s := newStage(t)
	at[*productsScreen](s).page.create()
	guide := at[*createProductScreen](s)
	if s.Window.Canvas().Focused() != guide.name {
		t.Error("the name has no focus when the guide opens")
	}

	test.Type(guide.name, "a b")
	if guide.nameField.Error() == "" {
		t.Error("a name with a blank is not refused while typing")
	}
	guide.save()
	if len(s.fake.products) != 0 {
		t.Fatal("a product with a wrong name was created")
	}

	guide.name.SetText("Street-Lamp")
	if got := guide.nameField.Error(); got != "" {
		t.Errorf("a right name is refused: %s", got)
	}
	guide.choose(platform.PerDevice)
	test.Tap(guide.submit)
	s.mustCall("CreateProduct Street-Lamp PerDevice 0")
	s.mustCall("SetDynamicRegistration a1000000000 false")
	if p := at[*productScreen](s).product; p.Name != "Street-Lamp" || p.DynamicRegistration {
		t.Errorf("the product's screen shows %+v", p)
	}
	s.Back()
	at[*productsScreen](s) // not the finished guide
}

func TestCreateProductKeepsWhatWasTypedWhenRefused(t *testing.T) {
	s := newStage(t)
	s.Navigate(Route{Screen: ScreenCreateProduct, Method: platform.PerProductPreregistered})
	guide := at[*createProductScreen](s)
	guide.name.SetText("Street-Lamp")
	s.fake.fail = &platform.Error{Op: "create product", Kind: platform.ErrAlreadyExists, Field: platform.FieldProductName, Code: "iot.prod.AlreadyExistedProductName", RequestID: "R7"}
	test.Tap(guide.submit)
	if at[*createProductScreen](s) != guide || guide.name.Text != "Street-Lamp" || guide.submit.Disabled() {
		t.Error("the guide did not stay as it was")
	}
	message := guide.nameField.Error()
	for _, want := range []string{"already a product", "iot.prod.AlreadyExistedProductName", "R7", "Choose another name"} {
		if !strings.Contains(message, want) {
			t.Errorf("the message %q does not say %q", message, want)
		}
	}
}

func TestDynamicRegistrationAsksFirst(t *testing.T) {
	s := newStage(t)
	p := s.product(platform.PerDevice)
	s.Navigate(Route{Screen: ScreenProduct, ProductKey: p.ProductKey})
	shown := at[*productScreen](s)

	shown.registration.Toggle()
	s.mustNotCall("SetDynamicRegistration " + p.ProductKey + " false")
	if !shown.registration.On() {
		t.Error("the switch moved before the platform answered")
	}
	s.question.Cancel()
	s.mustNotCall("SetDynamicRegistration " + p.ProductKey + " false")

	shown.registration.Toggle()
	s.question.Confirm()
	s.mustCall("SetDynamicRegistration " + p.ProductKey + " false")
	if shown.registration.On() || !strings.HasPrefix(shown.consequence.Text(), "Off:") {
		t.Errorf("the switch does not show off; the consequence reads %q", shown.consequence.Text())
	}
}

func TestRegisterOne(t *testing.T) {
	s := newStage(t)
	p := s.product(platform.PerDevice)
	s.Navigate(Route{Screen: ScreenRegisterDevices, ProductKey: p.ProductKey})
	form := at[*registerDevicesScreen](s)
	test.Type(form.name, "ab")
	if form.nameRule.Error() == "" {
		t.Error("a short DeviceName is not refused while typing")
	}
	test.Tap(form.submit)
	if len(s.fake.devices[p.ProductKey]) != 0 {
		t.Fatal("a device with a wrong name was registered")
	}
	form.name.SetText("SN-00001")
	test.Tap(form.submit)
	s.mustCall("RegisterDevice SN-00001")
	if !form.done {
		t.Error("nothing says that it worked")
	}

	s.Navigate(Route{Screen: ScreenRegisterDevices, ProductKey: p.ProductKey})
	form = at[*registerDevicesScreen](s)
	form.name.SetText("SN-00001")
	test.Tap(form.submit)
	if !strings.Contains(form.nameRule.Error(), "already registered") || form.done {
		t.Errorf("a taken DeviceName is answered with %q", form.nameRule.Error())
	}
}

func TestRegisterPattern(t *testing.T) {
	s := newStage(t)
	p := s.product(platform.PerDevice)
	s.device(p.ProductKey, "SN-00002")
	s.Navigate(Route{Screen: ScreenRegisterDevices, ProductKey: p.ProductKey})
	form := at[*registerDevicesScreen](s)
	form.how.SetSelected(text("register.pattern"))
	form.pattern.SetText("SN-{00005..00002}")
	if !strings.Contains(form.patRule.Error(), "{00005..00002}") {
		t.Errorf("a wrong range is answered with %q", form.patRule.Error())
	}
	form.pattern.SetText("SN-{00001..00004}")
	if got := form.patRule.Hint(); got != "4 names: SN-00001 … SN-00004" {
		t.Errorf("the preview reads %q", got)
	}
	test.Tap(form.submit)
	if n := len(s.fake.devices[p.ProductKey]); n != 4 {
		t.Errorf("the platform has %d devices, want 4", n)
	}
	if !form.done {
		t.Error("nothing says what was registered and what was refused")
	}
}

func TestDevicesSelectAndDelete(t *testing.T) {
	s := newStage(t)
	p := s.product(platform.PerDevice)
	for _, name := range []string{"dev-01", "dev-02", "dev-03"} {
		s.device(p.ProductKey, name)
	}
	s.Navigate(Route{Screen: ScreenDevices})
	shown := at[*devicesScreen](s)
	if shown.rows.total != 3 || shown.remove.Visible() {
		t.Fatalf("the table has %d rows, and the delete button shows: %t", shown.rows.total, shown.remove.Visible())
	}
	shown.table.SelectRows(0, 2)
	if want := []string{"dev-01", "dev-03"}; !slices.Equal(shown.selected, want) {
		t.Fatalf("selected %q, want %q", shown.selected, want)
	}
	test.Tap(shown.remove)
	s.mustNotCall("DeleteDevice dev-01")
	s.question.Confirm()
	s.mustCall("DeleteDevice dev-01")
	s.mustCall("DeleteDevice dev-03")
	s.mustNotCall("DeleteDevice dev-02")
	if shown.rows.total != 1 || len(shown.selected) != 0 {
		t.Errorf("afterwards the table has %d rows, %d selected", shown.rows.total, len(shown.selected))
	}
}

func TestDevicesSearchAndFilter(t *testing.T) {
	s := newStage(t)
	p := s.product(platform.PerDevice)
	for _, name := range []string{"lamp-01", "lamp-02", "door-01"} {
		s.device(p.ProductKey, name)
	}
	s.fake.devices[p.ProductKey][1].Status = platform.StatusOnline
	s.Navigate(Route{Screen: ScreenDevices})
	shown := at[*devicesScreen](s)
	shown.table.SelectRows(2)
	test.Type(shown.search, "lamp")
	if shown.rows.total != 2 || len(shown.selected) != 0 {
		t.Errorf("searching shows %d rows with %d selected", shown.rows.total, len(shown.selected))
	}
	shown.status.Choose(string(platform.StatusOnline))
	shown.find()
	if d, _ := shown.rows.at(0); shown.rows.total != 1 || d.DeviceName != "lamp-02" {
		t.Errorf("online lamps: %d, the first %q", shown.rows.total, d.DeviceName)
	}
	shown.search.SetText("nothing")
	if got := shown.table.EmptyTitle(); got != "No device matches" {
		t.Errorf("a search without result says %q", got)
	}
	shown.clearFilter()
	if shown.rows.total != 3 || !shown.table.Ready() {
		t.Errorf("clearing the filter shows %d rows", shown.rows.total)
	}
}

func TestDeviceFollowsItsStatus(t *testing.T) {
	s := newStage(t)
	p := s.product(platform.PerDevice)
	s.device(p.ProductKey, "dev-01")
	s.Navigate(Route{Screen: ScreenDevice, ProductKey: p.ProductKey, DeviceName: "dev-01"})
	shown := at[*deviceScreen](s)
	if got := shown.status.Word(); got != "Not activated" {
		t.Errorf("the status reads %q", got)
	}
	s.fake.devices[p.ProductKey][0].Status = platform.StatusOnline
	shown.page.refresh()
	if got := shown.status.Word(); got != "Online" {
		t.Errorf("after connecting the status reads %q", got)
	}
}

func TestSecretsAreMaskedUntilRevealed(t *testing.T) {
	s := newStage(t)
	p := s.product(platform.PerDevice)
	d := s.device(p.ProductKey, "dev-01")
	for _, row := range []struct {
		route  Route
		secret string
	}{
		{Route{Screen: ScreenProduct, ProductKey: p.ProductKey}, p.ProductSecret},
		{Route{Screen: ScreenDevice, ProductKey: p.ProductKey, DeviceName: "dev-01"}, d.DeviceSecret},
	} {
		s.Navigate(row.route)
		if strings.Contains(test.RenderToMarkup(s.Window.Canvas()), row.secret) {
			t.Errorf("%s shows its secret unasked", row.route.Screen)
		}
	}
	shown := at[*deviceScreen](s)
	shown.secret.Reveal()
	if !strings.Contains(test.RenderToMarkup(s.Window.Canvas()), d.DeviceSecret) {
		t.Error("the revealed secret does not show")
	}
	shown.secret.Copy()
	if got := s.App.Clipboard().Content(); got != d.DeviceSecret {
		t.Error("the copied secret is not on the clipboard")
	}
}

func TestExport(t *testing.T) {
	s := newStage(t)
	p := s.product(platform.PerDevice)
	s.device(p.ProductKey, "dev-01")
	s.device(p.ProductKey, "dev-02")
	s.Navigate(Route{Screen: ScreenExport, ProductKey: p.ProductKey})
	form := at[*exportScreen](s)
	out := filepath.Join(t.TempDir(), "out")
	form.folder.SetText(out)

	form.formats[2].check.SetChecked(true) // codes with secrets, not yet confirmed
	test.Tap(form.submit)
	if _, err := os.Stat(out); err == nil {
		t.Fatal("secrets were written without the confirmation")
	}
	form.confirm.SetChecked(true)
	test.Tap(form.submit)
	csv, err := os.ReadFile(filepath.Join(out, "devices.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(csv, []byte("\n")); lines != 3 {
		t.Errorf("devices.csv has %d lines, want 3", lines)
	}
	if n := len(form.result.Files); n != 5 {
		t.Errorf("%d files are reported, want 5: %q", n, form.result.Files)
	}

	s.Navigate(Route{Screen: ScreenExport, ProductKey: p.ProductKey, Names: []string{"dev-02"}})
	form = at[*exportScreen](s)
	form.folder.SetText(out)
	test.Tap(form.submit)
	if !form.problem.Visible() || len(form.result.Files) != 0 {
		t.Error("writing over an earlier export is not refused on screen")
	}
}

func TestExportNeedsAChoice(t *testing.T) {
	s := newStage(t)
	p := s.product(platform.PerDevice)
	s.Navigate(Route{Screen: ScreenExport, ProductKey: p.ProductKey, ProductCertificate: true})
	form := at[*exportScreen](s)
	for _, f := range form.formats {
		f.check.SetChecked(false)
	}
	test.Tap(form.submit)
	if !form.problem.Visible() {
		t.Error("exporting nothing is not answered")
	}
}

func TestPlatformFailureIsShownWithARetry(t *testing.T) {
	s := newStage(t)
	s.fake.fail = &platform.Error{Op: "list products", Kind: platform.ErrUnavailable, Err: errors.New("connection refused")}
	shown := at[*productsScreen](s)
	shown.page.refresh()
	if !strings.Contains(test.RenderToMarkup(s.Window.Canvas()), "cannot be reached") {
		t.Error("the failure is not on the screen")
	}
	s.fake.fail = nil
	s.product(platform.PerDevice)
	shown.page.refresh()
	if !shown.table.Ready() {
		t.Error("the table did not recover")
	}
}

func TestEveryScreenOpens(t *testing.T) {
	s := newStage(t)
	p := s.product(platform.SubDevice)
	s.device(p.ProductKey, "dev-01")
	for _, r := range []Route{
		{Screen: ScreenProducts},
		{Screen: ScreenCreateProduct},
		{Screen: ScreenProduct, ProductKey: p.ProductKey},
		{Screen: ScreenDevices},
		{Screen: ScreenRegisterDevices, ProductKey: p.ProductKey},
		{Screen: ScreenExport, ProductKey: p.ProductKey},
		{Screen: ScreenExport, ProductKey: p.ProductKey, ProductCertificate: true},
		{Screen: ScreenDevice, ProductKey: p.ProductKey, DeviceName: "dev-01"},
		{Screen: ScreenMethods},
		{Screen: ScreenSettings},
		{Screen: ScreenProduct, ProductKey: "unknown"},
		{Screen: ScreenDevice, ProductKey: p.ProductKey, DeviceName: "unknown"},
	} {
		s.Navigate(r)
		if min := s.Content().MinSize(); min.Width > 1280 || min.Height > 800 {
			t.Errorf("%+v needs a window of %v", r, min)
		}
		if markup := test.RenderToMarkup(s.Window.Canvas()); untranslated(markup) != "" {
			t.Errorf("%+v shows the text key %q", r, untranslated(markup))
		}
	}
}

// untranslated finds a text key that is shown instead of its words.
func untranslated(markup string) string {
	for _, key := range shownKeys {
		if strings.Contains(markup, ">"+key) {
			return key
		}
	}
	return ""
}

var shownKeys = []string{
	"nav.", "common.", "products.", "node.", "method.", "methods.", "row.", "advise.", "reason.", "create.", "product.",
	"devices.", "status.", "register.", "export.", "device.", "settings.", "problem.", "advice.",
}

func TestKeyboardOpensScreens(t *testing.T) {
	s := newStage(t)
	s.product(platform.PerDevice)
	s.Navigate(Route{Screen: ScreenMethods})
	s.Window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyF5})
	s.Navigate(Route{Screen: ScreenCreateProduct})
	s.Window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
	at[*methodsScreen](s)
}
