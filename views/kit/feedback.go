package kit

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	console "fleetmint/views/theme"
)

// Banner is a tinted line above or between other things: it informs, warns or
// says what went wrong. It is hidden until it has something to say.
type Banner struct {
	widget.BaseWidget
	ground *surface
	words  *widget.Label
	action *Button
	close  *Button
}

// NewBanner is hidden.
func NewBanner() *Banner {
	b := &Banner{ground: newSurface(console.ColorNameInfo, "", 8), words: widget.NewLabel("")}
	b.action = NewButton("", nil, widget.MediumImportance, nil)
	b.action.Hide()
	b.close = newIconButton(theme.CancelIcon(), nil)
	b.close.Hide()
	b.ground.tint = true
	b.words.Wrapping = fyne.TextWrapWord
	b.words.Selectable = true
	b.ExtendBaseWidget(b)
	b.Hide()
	return b
}

// ShowInfo tells something harmless.
func (b *Banner) ShowInfo(words string) { b.show(words, console.ColorNameInfo) }

// ShowWarn tells a consequence.
func (b *Banner) ShowWarn(words string) { b.show(words, console.ColorNameWarn) }

// ShowBad tells what went wrong.
func (b *Banner) ShowBad(words string) { b.show(words, console.ColorNameBad) }

// SetAction offers what can be done about it; an empty label offers nothing.
func (b *Banner) SetAction(label string, do func()) {
	b.action.SetText(label)
	b.action.OnTapped = do
	b.action.Hidden = label == ""
	b.Refresh()
}

// SetDismiss lets a person close the banner; do, where not nil, is then told.
func (b *Banner) SetDismiss(do func()) {
	b.close.OnTapped = func() {
		b.Hide()
		if do != nil {
			do()
		}
	}
	b.close.Show()
}

// Words are what the banner says.
func (b *Banner) Words() string { return b.words.Text }

func (b *Banner) show(words string, c fyne.ThemeColorName) {
	b.ground.fill = c
	b.words.SetText(words)
	b.Show()
	b.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (b *Banner) CreateRenderer() fyne.WidgetRenderer {
	right := Pad(HStack(6, container.NewCenter(b.action), container.NewCenter(b.close)), 3, 3, 0, 0)
	return widget.NewSimpleRenderer(container.NewStack(b.ground, Pad(container.NewBorder(nil, nil, nil, right, container.New(middle{}, b.words)), 2, 2, 8, 8)))
}

// toastTime is how long a toast stays: long enough to read two lines.
const toastTime = 5 * time.Second

// Toasts shows one message at a time over the window's foot, and takes it away
// again. It takes no clicks but on the message itself.
type Toasts struct {
	widget.BaseWidget
	// After is the clock that takes messages away; nil: the system's.
	After After

	banner *Banner
	shown  int // counts messages, so that an old timer leaves a new message alone
}

// NewToasts shows nothing yet.
func NewToasts() *Toasts {
	t := &Toasts{banner: NewBanner()}
	t.ExtendBaseWidget(t)
	return t
}

// Tell tells of a success.
func (t *Toasts) Tell(words string) { t.show(func() { t.banner.ShowInfo(words) }) }

// TellBad tells of a failure.
func (t *Toasts) TellBad(words string) { t.show(func() { t.banner.ShowBad(words) }) }

// Words are what is told now; empty when nothing is.
func (t *Toasts) Words() string {
	if !t.banner.Visible() {
		return ""
	}
	return t.banner.Words()
}

func (t *Toasts) show(f func()) {
	f()
	t.shown++
	mine := t.shown
	t.Refresh()
	t.After.or()(toastTime, func() {
		if t.shown == mine {
			t.banner.Hide()
			t.Refresh()
		}
	})
}

// CreateRenderer implements fyne.Widget.
func (t *Toasts) CreateRenderer() fyne.WidgetRenderer {
	opaque := container.NewStack(newSurface(console.ColorNameSurface, console.ColorNameBorder, 8), t.banner)
	return &toastsRenderer{t: t, message: opaque}
}

type toastsRenderer struct {
	t       *Toasts
	message *fyne.Container
}

func (r *toastsRenderer) Layout(size fyne.Size) {
	words := fyne.MeasureText(r.t.banner.Words(), theme.TextSize(), fyne.TextStyle{}).Width
	width := min(size.Width-48, words+56, 560)
	r.message.Resize(fyne.NewSize(width, r.message.MinSize().Height))
	height := r.message.MinSize().Height
	r.message.Resize(fyne.NewSize(width, height))
	r.message.Move(fyne.NewPos(size.Width-width-24, size.Height-height-24))
}

func (r *toastsRenderer) MinSize() fyne.Size { return fyne.Size{} }
func (r *toastsRenderer) Destroy()           {}

func (r *toastsRenderer) Refresh() {
	r.message.Hidden = !r.t.banner.Visible()
	r.Layout(r.t.Size())
	r.message.Refresh()
}

func (r *toastsRenderer) Objects() []fyne.CanvasObject {
	if !r.t.banner.Visible() {
		return nil
	}
	return []fyne.CanvasObject{r.message}
}

// NewEmptyState says what is missing, why, and offers the one thing to do. An
// empty label leaves the button out.
func NewEmptyState(icon fyne.Resource, title, hint, label string, do func()) fyne.CanvasObject {
	body := VStack(8)
	if icon != nil {
		image := widget.NewIcon(theme.NewColoredResource(icon, console.ColorNameMuted))
		body.Add(container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(40), image)))
	}
	heading := newText(title, theme.ColorNameForeground, console.SizeNameHead, fyne.TextStyle{Bold: true})
	body.Add(container.NewCenter(heading))
	if hint != "" {
		words := widget.NewLabel(hint)
		words.Wrapping = fyne.TextWrapWord
		words.Alignment = fyne.TextAlignCenter
		body.Add(narrow(460, words))
	}
	if label != "" {
		body.Add(container.NewCenter(NewButton(label, nil, widget.HighImportance, do)))
	}
	return container.NewCenter(body)
}

// Problem is an error in words: what failed, the platform's code, what to do.
type Problem struct{ Title, What, Code, Advice string }

// NewErrorState shows a problem in place of what could not be shown.
func NewErrorState(p Problem, retry string, do func()) fyne.CanvasObject {
	icon := widget.NewIcon(theme.NewColoredResource(theme.ErrorIcon(), console.ColorNameBad))
	body := VStack(8, container.NewCenter(container.NewGridWrap(fyne.NewSquareSize(32), icon)))
	if p.Title != "" {
		body.Add(container.NewCenter(newText(p.Title, theme.ColorNameForeground, console.SizeNameHead, fyne.TextStyle{Bold: true})))
	}
	lines := VStack(0)
	for _, line := range []string{p.What, p.Code, p.Advice} {
		if line == "" {
			continue
		}
		words := widget.NewLabel(line)
		words.Wrapping = fyne.TextWrapWord
		words.Alignment = fyne.TextAlignCenter
		words.Selectable = true
		lines.Add(Pad(narrow(520, words), -4, -4, 0, 0))
	}
	body.Add(Pad(lines, 0, 6, 0, 0))
	body.Add(container.NewCenter(NewButton(retry, nil, widget.MediumImportance, do)))
	return container.NewCenter(body)
}

// NewLoading says that something is on its way.
func NewLoading(title, hint string) fyne.CanvasObject {
	bar := widget.NewProgressBarInfinite()
	return container.NewCenter(VStack(10,
		container.NewCenter(newText(title, theme.ColorNameForeground, console.SizeNameHead, fyne.TextStyle{Bold: true})),
		container.NewCenter(newText(hint, console.ColorNameMuted, console.SizeNameSmall, fyne.TextStyle{})),
		narrow(320, bar)))
}

// Progress is a long operation that can be cancelled.
type Progress struct {
	widget.BaseWidget
	title  string
	bar    *bar
	detail *Text
	cancel *Button
}

// NewProgress starts at nothing done.
func NewProgress(title, cancelLabel string, cancel func()) *Progress {
	p := &Progress{title: title, bar: newBar(), detail: NewMuted("")}
	p.cancel = NewButton(cancelLabel, nil, widget.MediumImportance, func() {
		p.cancel.Disable()
		cancel()
	})
	p.ExtendBaseWidget(p)
	return p
}

// Set shows the done fraction, 0 to 1, and a detail in words.
func (p *Progress) Set(fraction float64, detail string) {
	p.bar.set(fraction)
	p.detail.SetText(detail)
}

// CreateRenderer implements fyne.Widget.
func (p *Progress) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(VStack(12, NewHeading(p.title), p.bar, p.detail, HStack(8, p.cancel)))
}

// bar is a slim bar; the words beside it say how far it is.
type bar struct {
	widget.BaseWidget
	done        float32 // 0 to 1
	track, fill *surface
}

func newBar() *bar {
	b := &bar{
		track: newSurface(theme.ColorNameButton, "", canvas.RadiusMaximum),
		fill:  newSurface(theme.ColorNamePrimary, "", canvas.RadiusMaximum),
	}
	b.ExtendBaseWidget(b)
	return b
}

func (b *bar) set(done float64) {
	b.done = float32(max(0, min(done, 1)))
	b.Refresh()
}

func (b *bar) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.New(barLayout{b}, b.track, b.fill))
}

type barLayout struct{ b *bar }

const barHeight = 8

func (l barLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	l.b.track.Resize(size)
	l.b.fill.Hidden = l.b.done == 0
	l.b.fill.Resize(fyne.NewSize(max(size.Width*l.b.done, size.Height), size.Height))
}

func (barLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(80, barHeight) }
