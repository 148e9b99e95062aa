package kit

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	console "fleetmint/views/theme"
)

// Field is an input with its label above and its rule below. A broken rule
// shows in place of the hint.
type Field struct {
	widget.BaseWidget
	label   *Text
	input   fyne.CanvasObject
	note    *Paragraph
	hint    string
	problem string
}

// NewField frames an input; the hint states the rule.
func NewField(label string, input fyne.CanvasObject, hint string) *Field {
	f := &Field{label: newText(label, theme.ColorNameForeground, theme.SizeNameText, fyne.TextStyle{Bold: true}), input: input, hint: hint}
	f.note = NewParagraph(hint)
	f.note.label.SizeName = console.SizeNameSmall
	f.note.label.Importance = widget.LowImportance
	f.ExtendBaseWidget(f)
	return f
}

// SetError shows what is wrong; empty brings the hint back.
func (f *Field) SetError(problem string) {
	f.problem = problem
	f.show()
}

// Error is what SetError set.
func (f *Field) Error() string { return f.problem }

// SetHint replaces the hint.
func (f *Field) SetHint(hint string) {
	f.hint = hint
	f.show()
}

// Hint is the hint, shown or not.
func (f *Field) Hint() string { return f.hint }

func (f *Field) show() {
	words, importance := f.hint, widget.LowImportance
	if f.problem != "" {
		words, importance = f.problem, widget.DangerImportance
	}
	f.note.label.Importance = importance
	f.note.SetText(words)
}

// CreateRenderer implements fyne.Widget.
func (f *Field) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(VStack(5, f.label, f.input, f.note))
}

// KeyValue is a name and its value on one line, with a copy button where the
// value is worth copying.
type KeyValue struct {
	widget.BaseWidget
	name  *Text
	value *Text
	copy  *Button
}

const keyWidth = 128

// NewKeyValue has no value yet.
func NewKeyValue(name string) *KeyValue {
	k := &KeyValue{name: newText(name, console.ColorNameMuted, theme.SizeNameText, fyne.TextStyle{}), value: NewText("")}
	k.name.cut, k.value.cut = true, true
	k.copy = newIconButton(theme.ContentCopyIcon(), nil)
	k.copy.Hide()
	k.ExtendBaseWidget(k)
	return k
}

// SetValue replaces the value.
func (k *KeyValue) SetValue(s string) { k.value.SetText(s) }

// Value is the whole value, even where it is cut on screen.
func (k *KeyValue) Value() string { return k.value.Text() }

// SetCopy offers a button that hands the value to f, and sets the value in
// monospace.
func (k *KeyValue) SetCopy(f func(string)) {
	k.value.style.Monospace = true
	k.value.Refresh()
	k.copy.OnTapped = func() { f(k.value.Text()) }
	k.copy.Show()
}

// CreateRenderer implements fyne.Widget.
func (k *KeyValue) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(line(k.name, k.value, k.copy))
}

// line lays a name, a value and buttons out as all such lines are.
func line(name, value fyne.CanvasObject, buttons ...fyne.CanvasObject) fyne.CanvasObject {
	right := HStack(2, buttons...)
	return container.New(lineLayout{}, name, value, right)
}

type lineLayout struct{}

const lineHeight = 30

func (lineLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	buttons := o[2].MinSize()
	place := func(o fyne.CanvasObject, x, width float32) {
		height := o.MinSize().Height
		o.Move(fyne.NewPos(x, (size.Height-height)/2))
		o.Resize(fyne.NewSize(width, height))
	}
	place(o[0], 0, keyWidth)
	place(o[1], keyWidth+8, size.Width-keyWidth-16-buttons.Width)
	place(o[2], size.Width-buttons.Width, buttons.Width)
}

func (lineLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(keyWidth+8+80+8+o[2].MinSize().Width, lineHeight)
}

// SecretConfig is what a SecretField needs.
type SecretConfig struct {
	Title  string
	Secret func() string // read only when it is shown or copied
	OnCopy func(secret string)
	// OnReveal, where set, is told that the secret was shown.
	OnReveal func()
	// After is the clock that masks a revealed secret again; nil: the system's.
	After After
}

// revealTime is how long a revealed secret stays on screen.
const revealTime = 30 * time.Second

// mask has a fixed length, so that it does not tell the secret's.
const mask = "••••••••••••"

// SecretField shows a secret masked, reveals it for a while, and copies it
// without revealing it.
type SecretField struct {
	widget.BaseWidget
	config   SecretConfig
	name     *Text
	value    *Text
	reveal   *Button
	copy     *Button
	revealed int // counts reveals, so that an old timer leaves a new one alone
	shown    bool
}

// NewSecretField is masked.
func NewSecretField(config SecretConfig) *SecretField {
	s := &SecretField{
		config: config,
		name:   newText(config.Title, console.ColorNameMuted, theme.SizeNameText, fyne.TextStyle{}),
		value:  newText(mask, theme.ColorNameForeground, theme.SizeNameText, fyne.TextStyle{Monospace: true}),
	}
	s.name.cut, s.value.cut = true, true
	s.reveal = newIconButton(theme.VisibilityIcon(), s.toggle)
	s.copy = newIconButton(theme.ContentCopyIcon(), s.Copy)
	s.ExtendBaseWidget(s)
	return s
}

func (s *SecretField) toggle() {
	if s.shown {
		s.Mask()
		return
	}
	s.Reveal()
}

// Reveal shows the secret for 30 seconds.
func (s *SecretField) Reveal() {
	s.shown = true
	s.revealed++
	mine := s.revealed
	s.value.SetText(s.config.Secret())
	s.reveal.SetIcon(theme.VisibilityOffIcon())
	if s.config.OnReveal != nil {
		s.config.OnReveal()
	}
	s.config.After.or()(revealTime, func() {
		if s.revealed == mine {
			s.Mask()
		}
	})
}

// Shown reports whether the secret is on screen.
func (s *SecretField) Shown() bool { return s.shown }

// Mask hides the secret again.
func (s *SecretField) Mask() {
	s.shown = false
	s.revealed++ // the timer of this reveal has nothing left to do
	s.value.SetText(mask)
	s.reveal.SetIcon(theme.VisibilityIcon())
}

// Copy hands the secret on without showing it.
func (s *SecretField) Copy() { s.config.OnCopy(s.config.Secret()) }

// CreateRenderer implements fyne.Widget.
func (s *SecretField) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(line(s.name, s.value, s.reveal, s.copy))
}
