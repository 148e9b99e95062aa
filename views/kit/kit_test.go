package kit

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"fleetmint/assets"
	console "fleetmint/views/theme"
)

// find is the first visible widget of a type.
func find[T fyne.CanvasObject](t testing.TB, in fyne.CanvasObject) T {
	t.Helper()
	for _, o := range test.LaidOutObjects(in) {
		if found, ok := o.(T); ok && o.Visible() {
			return found
		}
	}
	var none T
	t.Fatalf("there is no %T", none)
	return none
}

func show(t testing.TB, o fyne.CanvasObject) fyne.Window {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(console.New(console.Light))
	w := test.NewTempWindow(t, o)
	w.Resize(fyne.NewSize(700, 500))
	return w
}

func press(f fyne.Focusable, keys ...fyne.KeyName) {
	for _, k := range keys {
		f.TypedKey(&fyne.KeyEvent{Name: k})
	}
}

// clock keeps what is to run later.
type clock struct{ timers []func() }

func (c *clock) after(_ time.Duration, f func()) { c.timers = append(c.timers, f) }

func TestSecretField(t *testing.T) {
	const secret = "0123456789abcdef"
	var c clock
	var copied []string
	revealed := 0
	s := NewSecretField(SecretConfig{
		Title: "DeviceSecret", Secret: func() string { return secret },
		OnCopy: func(v string) { copied = append(copied, v) }, OnReveal: func() { revealed++ }, After: c.after,
	})
	show(t, s)
	if s.value.Text() != mask || len([]rune(mask)) == len(secret) {
		t.Fatalf("masked as %q", s.value.Text())
	}
	test.Tap(s.copy)
	if len(copied) != 1 || copied[0] != secret || s.Shown() || revealed != 0 {
		t.Errorf("copied %d times, shown %t, revealed %d times", len(copied), s.Shown(), revealed)
	}

	press(s.reveal, fyne.KeyReturn)
	if s.value.Text() != secret || revealed != 1 {
		t.Error("Enter does not reveal")
	}
	press(s.reveal, fyne.KeySpace)
	if s.Shown() || s.value.Text() != mask {
		t.Error("Space does not mask again")
	}
	s.Reveal()
	c.timers[0]() // of the first reveal
	if !s.Shown() {
		t.Error("an old timer masked a new reveal")
	}
	c.timers[1]()
	if s.Shown() || s.value.Text() != mask {
		t.Error("the secret is still shown when its time is over")
	}
}

func TestAsk(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*Dialog)
		done bool
	}{
		{"confirm", func(d *Dialog) { press(d.verb, fyne.KeyReturn) }, true},
		{"cancel", func(d *Dialog) { press(d.cancel, fyne.KeyReturn) }, false},
		{"escape", func(d *Dialog) { press(d.cancel, fyne.KeyEscape) }, false},
		{"escape on the verb", func(d *Dialog) { press(d.verb, fyne.KeyEscape) }, false},
		{"twice", func(d *Dialog) { d.Confirm(); d.Cancel(); d.Confirm() }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			opener := widget.NewEntry()
			w := show(t, opener)
			w.Canvas().Focus(opener)
			done := 0
			names := strings.Fields(strings.Repeat("SN-00001 ", 20))
			d := Ask(w, Question{Title: "Delete", Body: "They are gone for good.", Objects: names, Verb: "Delete 20 devices", Cancel: "Cancel", Destructive: true}, func() {
				done++
				if w.Canvas().Overlays().Top() != nil {
					t.Error("the question is still there when the work begins")
				}
			})
			if w.Canvas().Focused() != d.cancel {
				t.Error("Cancel has no focus")
			}
			c.end(d)
			if (done == 1) != c.done || done > 1 {
				t.Errorf("done %d times", done)
			}
			if w.Canvas().Focused() != opener {
				t.Error("the focus did not return")
			}
		})
	}
}

func TestSidebar(t *testing.T) {
	chosen := ""
	s := NewSidebar(NewSidebarTitle("Fleetmint"), []SidebarItem{
		{ID: "products", Label: "Products", Icon: assets.ProductsIcon(), Shortcut: "Ctrl+1"},
		{ID: "devices", Label: "Devices", Icon: assets.DevicesIcon()},
	}, func(id string) { chosen = id })
	w := show(t, s)
	entry := s.entries[0]
	view := test.WidgetRenderer(entry).(*sidebarEntryRenderer)
	press(entry, fyne.KeyReturn)
	if chosen != "products" {
		t.Errorf("Enter chose %q", chosen)
	}
	test.Tap(s.entries[1])
	if chosen != "devices" {
		t.Errorf("a click chose %q", chosen)
	}
	s.Select("products")
	if !entry.selected || s.entries[1].selected {
		t.Error("the wrong entry is marked")
	}
	s.SetBadge("products", "38")
	if got := view.badge.Text(); got != "38" {
		t.Errorf("the badge reads %q", got)
	}
	w.Canvas().Focus(entry)
	if got := view.badge.Text(); got != "Ctrl+1" {
		t.Errorf("with the focus, the badge reads %q", got)
	}
}

func TestChips(t *testing.T) {
	var told []string
	c := NewChips([]Chip{{ID: "all", Label: "All", Count: "38"}, {ID: "online", Label: "Online"}}, func(id string) { told = append(told, id) })
	show(t, c)
	if c.Chosen() != "all" {
		t.Errorf("%q is chosen at first", c.Chosen())
	}
	press(c.chips[1], fyne.KeySpace)
	test.Tap(c.chips[0])
	c.Choose("online")
	if strings.Join(told, " ") != "online all" || c.Chosen() != "online" {
		t.Errorf("told of %v; chosen is %q", told, c.Chosen())
	}
	c.SetCount("online", "12")
	if got := test.WidgetRenderer(c.chips[1]).(*chipRenderer).count.Text(); got != "12" {
		t.Errorf("the count reads %q", got)
	}
}

func TestSwitchAsksAndDoesNotMove(t *testing.T) {
	var asked []bool
	s := NewSwitch("Dynamic registration", func(on bool) { asked = append(asked, on) })
	show(t, s)
	press(s, fyne.KeySpace, fyne.KeyReturn)
	test.Tap(s)
	if len(asked) != 3 || !asked[0] || s.On() {
		t.Errorf("asked %v; on: %t", asked, s.On())
	}
	s.SetOn(true)
	test.Tap(s)
	if asked[3] {
		t.Error("a switch that is on asks to be on")
	}
}

// What a focused widget has no use for belongs to the window.
func TestWidgetsLeaveOtherKeysToTheWindow(t *testing.T) {
	comparison := NewComparisonTable("", []string{"A"}, nil)
	comparison.OnSelected = func(int) {}
	chips := NewChips([]Chip{{ID: "all", Label: "All"}}, nil)
	bar := NewSidebar(NewText(""), []SidebarItem{{ID: "a", Icon: assets.DevicesIcon()}}, nil)
	w := show(t, VStack(4, comparison, chips, bar))
	heard := 0
	w.Canvas().SetOnTypedKey(func(*fyne.KeyEvent) { heard++ })
	for _, f := range []fyne.Focusable{
		find[*columnHead](t, comparison), chips.chips[0], bar.entries[0], NewSwitch("", nil), NewButton("", nil, widget.MediumImportance, nil),
	} {
		before := heard
		press(f, fyne.KeyF5, fyne.KeyEscape)
		if heard != before+2 {
			t.Errorf("%T swallows keys", f)
		}
	}
}

func TestBannerAndToasts(t *testing.T) {
	b := NewBanner()
	show(t, b)
	if b.Visible() {
		t.Error("a banner with nothing to say is shown")
	}
	acted, dismissed := 0, 0
	b.ShowWarn("The key is a file in the data folder.")
	b.SetAction("Show folder", func() { acted++ })
	b.SetDismiss(func() { dismissed++ })
	test.Tap(b.action)
	test.Tap(b.close)
	if acted != 1 || dismissed != 1 || b.Visible() {
		t.Errorf("acted %d, dismissed %d, visible %t", acted, dismissed, b.Visible())
	}

	var c clock
	toasts := NewToasts()
	toasts.After = c.after
	show(t, toasts)
	toasts.Tell("Copied")
	toasts.TellBad("Not deleted")
	c.timers[0]()
	if toasts.Words() != "Not deleted" {
		t.Errorf("the first message's timer leaves %q", toasts.Words())
	}
	c.timers[1]()
	if toasts.Words() != "" {
		t.Errorf("%q does not go away", toasts.Words())
	}
}

func TestField(t *testing.T) {
	f := NewField("DeviceName", widget.NewEntry(), "4 to 32 characters")
	show(t, f)
	f.SetError("Too short")
	f.SetHint("4 to 32 letters")
	if f.note.Text() != "Too short" || f.Error() != "Too short" {
		t.Errorf("shows %q", f.note.Text())
	}
	f.SetError("")
	if f.note.Text() != "4 to 32 letters" {
		t.Errorf("shows %q", f.note.Text())
	}
}

func TestProgressCancelsOnce(t *testing.T) {
	cancelled := 0
	p := NewProgress("Registering", "Cancel", func() { cancelled++ })
	show(t, p)
	p.Set(0.4, "400 of 1,000")
	if ratio := p.bar.fill.Size().Width / p.bar.track.Size().Width; ratio < 0.39 || ratio > 0.41 {
		t.Errorf("the bar is filled to %v", ratio)
	}
	press(p.cancel, fyne.KeyReturn, fyne.KeyReturn)
	test.Tap(p.cancel)
	if cancelled != 1 || p.detail.Text() != "400 of 1,000" {
		t.Errorf("cancelled %d times; detail %q", cancelled, p.detail.Text())
	}
}

func TestComparisonTable(t *testing.T) {
	table := NewComparisonTable("", []string{"Per device", "Per product"}, [][]string{{"Security", "high", strings.Repeat("medium ", 40)}})
	chosen := -1
	table.OnSelected = func(column int) { chosen = column; table.Select(column) }
	show(t, table)
	view := test.WidgetRenderer(table).(*comparisonRenderer)
	press(view.heads[1], fyne.KeySpace)
	if chosen != 1 || table.Selected() != 1 || !view.highlight.Visible() {
		t.Errorf("chosen %d, selected %d", chosen, table.Selected())
	}
	if view.cells[1][2].Size().Height < 60 {
		t.Error("a long text does not wrap")
	}
	plain := NewComparisonTable("", []string{"Per device"}, nil)
	show(t, plain)
	for _, o := range test.LaidOutObjects(plain) {
		if _, focusable := o.(*columnHead); focusable {
			t.Error("a head that chooses nothing can have the focus")
		}
	}
}

func TestTextKeepsWhatItCuts(t *testing.T) {
	k := NewKeyValue("Address")
	long := strings.Repeat("iot-", 60)
	k.SetValue(long)
	copied := ""
	k.SetCopy(func(s string) { copied = s })
	w := show(t, k)
	w.Resize(fyne.NewSize(260, 60))
	if shown := test.WidgetRenderer(k.value).(*textRenderer).line.Text; !strings.HasSuffix(shown, ellipsis) {
		t.Errorf("shows %q", shown)
	}
	test.Tap(k.copy)
	if copied != long || k.Value() != long {
		t.Error("the copy is cut")
	}
}

func TestStatusPill(t *testing.T) {
	p := NewStatusPill()
	show(t, p)
	p.Set("Online", console.ColorNameOK)
	if got := test.WidgetRenderer(p.word).(*textRenderer).line.Color; p.Word() != "Online" || got != theme.Color(console.ColorNameOK) {
		t.Errorf("shows %q in %v", p.Word(), got)
	}
}
