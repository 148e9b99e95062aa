package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	console "fleetmint/views/theme"
)

// Switch turns something on or off. It asks rather than moves: the owner calls
// SetOn when it is done.
type Switch struct {
	widget.BaseWidget
	label   string
	on      bool
	focused bool
	onAsk   func(on bool)
}

// NewSwitch is off. onAsk is told which state is wanted.
func NewSwitch(label string, onAsk func(on bool)) *Switch {
	s := &Switch{label: label, onAsk: onAsk}
	s.ExtendBaseWidget(s)
	return s
}

// SetOn shows a state.
func (s *Switch) SetOn(on bool) {
	if s.on != on {
		s.on = on
		s.Refresh()
	}
}

// On is the shown state.
func (s *Switch) On() bool { return s.on }

// Toggle asks for the other state.
func (s *Switch) Toggle() { s.onAsk(!s.on) }

// Tapped implements fyne.Tappable.
func (s *Switch) Tapped(*fyne.PointEvent) { s.Toggle() }

// Cursor implements desktop.Cursorable.
func (s *Switch) Cursor() desktop.Cursor { return desktop.PointerCursor }

// FocusGained implements fyne.Focusable.
func (s *Switch) FocusGained() { s.focused = true; s.Refresh() }

// FocusLost implements fyne.Focusable.
func (s *Switch) FocusLost() { s.focused = false; s.Refresh() }

// TypedRune implements fyne.Focusable.
func (s *Switch) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (s *Switch) TypedKey(k *fyne.KeyEvent) {
	if presses(k) {
		s.Toggle()
		return
	}
	passKey(s, k)
}

// CreateRenderer implements fyne.Widget.
func (s *Switch) CreateRenderer() fyne.WidgetRenderer {
	r := &switchRenderer{s: s, track: newSurface(console.ColorNameIdle, "", canvas.RadiusMaximum), knob: newSurface(console.ColorNameSurface, "", canvas.RadiusMaximum)}
	r.track.min = fyne.NewSize(trackWidth, trackHeight)
	r.root = HStack(10, container.NewCenter(container.New(knobLayout{s}, r.track, r.knob)), container.NewCenter(NewText(s.label)))
	r.Refresh()
	return r
}

const (
	trackWidth  = 40
	trackHeight = 22
	knobInset   = 3
)

type knobLayout struct{ s *Switch }

func (l knobLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	o[0].Resize(size)
	knob := size.Height - 2*knobInset
	x := float32(knobInset)
	if l.s.on {
		x = size.Width - knob - knobInset
	}
	o[1].Move(fyne.NewPos(x, knobInset))
	o[1].Resize(fyne.NewSquareSize(knob))
}

func (knobLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(trackWidth, trackHeight)
}

type switchRenderer struct {
	s           *Switch
	track, knob *surface
	root        *fyne.Container
}

func (r *switchRenderer) Layout(size fyne.Size)        { r.root.Resize(size) }
func (r *switchRenderer) MinSize() fyne.Size           { return r.root.MinSize() }
func (r *switchRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.root} }
func (r *switchRenderer) Destroy()                     {}

func (r *switchRenderer) Refresh() {
	r.track.fill = console.ColorNameIdle
	if r.s.on {
		r.track.fill = theme.ColorNamePrimary
	}
	r.track.stroke = ""
	if r.s.focused {
		r.track.stroke = theme.ColorNameForeground
	}
	r.root.Refresh()
	r.track.Refresh()
	knobs := r.root.Objects[0].(*fyne.Container).Objects[0].(*fyne.Container)
	knobs.Layout.Layout(knobs.Objects, knobs.Size())
	r.knob.Refresh()
}
