package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	console "fleetmint/views/theme"
)

// surface is a rectangle whose colours follow the theme.
type surface struct {
	widget.BaseWidget
	fill, stroke fyne.ThemeColorName // empty: none
	tint         bool                // fill faintly
	radius       float32
	min          fyne.Size
}

func newSurface(fill, stroke fyne.ThemeColorName, radius float32) *surface {
	s := &surface{fill: fill, stroke: stroke, radius: radius}
	s.ExtendBaseWidget(s)
	return s
}

func (s *surface) CreateRenderer() fyne.WidgetRenderer {
	r := &surfaceRenderer{s: s, rectangle: canvas.NewRectangle(color.Transparent)}
	r.Refresh()
	return r
}

type surfaceRenderer struct {
	s         *surface
	rectangle *canvas.Rectangle
}

func (r *surfaceRenderer) Layout(size fyne.Size)        { r.rectangle.Resize(size) }
func (r *surfaceRenderer) MinSize() fyne.Size           { return r.s.min }
func (r *surfaceRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.rectangle} }
func (r *surfaceRenderer) Destroy()                     {}

func (r *surfaceRenderer) Refresh() {
	r.rectangle.FillColor, r.rectangle.StrokeColor, r.rectangle.StrokeWidth = color.Transparent, color.Transparent, 0
	if r.s.fill != "" {
		r.rectangle.FillColor = theme.Color(r.s.fill)
		if r.s.tint {
			r.rectangle.FillColor = console.Tint(r.rectangle.FillColor)
		}
	}
	if r.s.stroke != "" {
		r.rectangle.StrokeColor, r.rectangle.StrokeWidth = theme.Color(r.s.stroke), 1
	}
	r.rectangle.CornerRadius = r.s.radius
	r.rectangle.Refresh()
}

// NewCard is a rounded surface with a hairline border.
func NewCard(o fyne.CanvasObject, padding float32) *fyne.Container {
	return container.NewStack(newSurface(console.ColorNameSurface, console.ColorNameBorder, 10), Pad(o, padding, padding, padding, padding))
}

// NewSection is a card with a heading.
func NewSection(title string, o fyne.CanvasObject) *fyne.Container {
	return NewCard(container.NewBorder(Pad(NewHeading(title), 0, 10, 0, 0), nil, nil, nil, o), 18)
}

// NewFrame gives a borderless input, such as a choice, the frame of an entry.
func NewFrame(input fyne.CanvasObject) *fyne.Container {
	return container.NewStack(newSurface(theme.ColorNameInputBackground, theme.ColorNameInputBorder, theme.InputRadiusSize()), Pad(input, 1, 1, 1, 1))
}

// NewRule is a hairline between groups.
func NewRule() fyne.CanvasObject {
	s := newSurface(theme.ColorNameSeparator, "", 0)
	s.min = fyne.NewSize(1, 1)
	return s
}

// Dot is a small coloured circle; a word beside it says the same.
type Dot struct{ surface }

// NewDot makes a dot of a colour.
func NewDot(c fyne.ThemeColorName) *Dot {
	d := &Dot{surface{fill: c, radius: canvas.RadiusMaximum, min: fyne.NewSquareSize(9)}}
	d.ExtendBaseWidget(d)
	return d
}

// SetColor replaces the colour.
func (d *Dot) SetColor(c fyne.ThemeColorName) {
	d.fill = c
	d.Refresh()
}

// StatusPill is a state as a tinted badge: dot and word of one hue.
type StatusPill struct {
	widget.BaseWidget
	ground *surface
	dot    *Dot
	word   *Text
}

// NewStatusPill is empty until Set.
func NewStatusPill() *StatusPill {
	p := &StatusPill{
		ground: newSurface(console.ColorNameIdle, "", canvas.RadiusMaximum),
		dot:    NewDot(console.ColorNameIdle),
		word:   newText("", console.ColorNameIdle, console.SizeNameSmall, fyne.TextStyle{Bold: true}),
	}
	p.ground.tint = true
	p.dot.min = fyne.NewSquareSize(6)
	p.ExtendBaseWidget(p)
	return p
}

// Set shows a word in a colour.
func (p *StatusPill) Set(word string, c fyne.ThemeColorName) {
	p.ground.fill, p.dot.fill = c, c
	p.word.color = c
	p.word.text = word
	p.Refresh()
}

// Word is the shown word.
func (p *StatusPill) Word() string { return p.word.text }

// CreateRenderer implements fyne.Widget.
func (p *StatusPill) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(p.ground,
		Pad(HStack(6, container.NewCenter(p.dot), p.word), 2, 2, 9, 10)))
}

// Header is the head of a screen: title, subtitle and actions.
type Header struct {
	widget.BaseWidget
	title, subtitle *Text
	actions         []fyne.CanvasObject
}

// NewHeader makes a header; actions stand at the right, the primary one last.
func NewHeader(title, subtitle string, actions ...fyne.CanvasObject) *Header {
	h := &Header{title: NewTitle(title), subtitle: NewMuted(subtitle), actions: actions}
	h.ExtendBaseWidget(h)
	return h
}

// SetTitle replaces the title.
func (h *Header) SetTitle(s string) { h.title.SetText(s) }

// SetSubtitle replaces the subtitle.
func (h *Header) SetSubtitle(s string) { h.subtitle.SetText(s) }

// CreateRenderer implements fyne.Widget.
func (h *Header) CreateRenderer() fyne.WidgetRenderer {
	actions := HStack(8, h.actions...)
	return widget.NewSimpleRenderer(container.NewBorder(nil, nil, nil, container.NewCenter(actions), VStack(2, h.title, h.subtitle)))
}
