package kit

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// presses reports whether a key acts on the widget that has the focus, as a
// click does.
func presses(k *fyne.KeyEvent) bool {
	return k.Name == fyne.KeySpace || k.Name == fyne.KeyReturn || k.Name == fyne.KeyEnter
}

// passKey hands a key that a focused widget has no use for to the window, which
// otherwise hears only of keys that are typed while nothing has the focus.
func passKey(from fyne.CanvasObject, k *fyne.KeyEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(from); c != nil {
		if f := c.OnTypedKey(); f != nil {
			f(k)
		}
	}
}

// passShortcut does the same with shortcuts: a focused widget that takes any
// gets all of them in place of the window.
func passShortcut(from fyne.CanvasObject, s fyne.Shortcut) {
	if c, ok := fyne.CurrentApp().Driver().CanvasForObject(from).(fyne.Shortcutable); ok {
		c.TypedShortcut(s)
	}
}

// currentModifiers are the modifier keys held now: a key event does not carry
// them.
func currentModifiers() fyne.KeyModifier {
	if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return d.CurrentKeyModifiers()
	}
	return 0
}

// After runs f on the UI goroutine when d has passed.
type After func(d time.Duration, f func())

// or is the clock of the system where none is given.
func (a After) or() After {
	if a != nil {
		return a
	}
	return func(d time.Duration, f func()) { time.AfterFunc(d, func() { fyne.Do(f) }) }
}

// Button is Fyne's button with the keys that people expect of one: Enter as
// well as Space presses it, and the window hears of keys that it has no use for.
type Button struct {
	widget.Button
	// OnEscape, where set, is what Escape does in place of what the window does.
	OnEscape func()
}

// NewButton makes a button; its icon may be nil.
func NewButton(label string, icon fyne.Resource, importance widget.Importance, do func()) *Button {
	b := &Button{Button: widget.Button{Text: label, Icon: icon, Importance: importance, OnTapped: do}}
	b.ExtendBaseWidget(b)
	return b
}

// TypedKey implements fyne.Focusable.
func (b *Button) TypedKey(k *fyne.KeyEvent) {
	switch {
	case presses(k):
		b.Tapped(nil)
	case k.Name == fyne.KeyEscape && b.OnEscape != nil:
		b.OnEscape()
	default:
		passKey(b, k)
	}
}

func newIconButton(icon fyne.Resource, do func()) *Button {
	return NewButton("", icon, widget.LowImportance, do)
}
