package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	console "fleetmint/views/theme"
)

// Paragraph is text that wraps. Unlike a label it has no inset of its own, so
// that it lines up with what stands above it.
type Paragraph struct {
	widget.BaseWidget
	label *widget.Label
}

// NewParagraph wraps words.
func NewParagraph(words string) *Paragraph {
	p := &Paragraph{label: widget.NewLabel(words)}
	p.label.Wrapping = fyne.TextWrapWord
	p.ExtendBaseWidget(p)
	return p
}

// SetText replaces the words.
func (p *Paragraph) SetText(words string) { p.label.SetText(words) }

// Text returns the words.
func (p *Paragraph) Text() string { return p.label.Text }

// CreateRenderer implements fyne.Widget.
func (p *Paragraph) CreateRenderer() fyne.WidgetRenderer {
	inset := theme.InnerPadding()
	return widget.NewSimpleRenderer(Pad(p.label, -inset+2, -inset+2, -inset, -inset))
}

// Text is one line of text with a colour and a size from the theme.
type Text struct {
	widget.BaseWidget
	text  string
	color fyne.ThemeColorName
	size  fyne.ThemeSizeName
	style fyne.TextStyle
	// cut lets the text be narrower than its words; an ellipsis then ends it.
	cut bool
}

func newText(s string, color fyne.ThemeColorName, size fyne.ThemeSizeName, style fyne.TextStyle) *Text {
	t := &Text{text: s, color: color, size: size, style: style}
	t.ExtendBaseWidget(t)
	return t
}

// NewText is plain text.
func NewText(s string) *Text {
	return newText(s, theme.ColorNameForeground, theme.SizeNameText, fyne.TextStyle{})
}

// NewMuted is text of the second strength, such as a hint.
func NewMuted(s string) *Text {
	t := newText(s, console.ColorNameMuted, console.SizeNameSmall, fyne.TextStyle{})
	t.cut = true
	return t
}

// NewHeading heads a section.
func NewHeading(s string) *Text {
	t := newText(s, theme.ColorNameForeground, console.SizeNameHead, fyne.TextStyle{Bold: true})
	t.cut = true
	return t
}

// NewTitle heads a screen.
func NewTitle(s string) *Text {
	t := newText(s, theme.ColorNameForeground, console.SizeNameTitle, fyne.TextStyle{Bold: true})
	t.cut = true
	return t
}

// NewMono is text such as a key, which is cut where it does not fit.
func NewMono(s string) *Text {
	t := newText(s, theme.ColorNameForeground, theme.SizeNameText, fyne.TextStyle{Monospace: true})
	t.cut = true
	return t
}

// NewSidebarTitle is strong text on the sidebar.
func NewSidebarTitle(s string) *Text {
	return newText(s, console.ColorNameSidebarStrong, console.SizeNameHead, fyne.TextStyle{Bold: true})
}

// NewSidebarText is small text on the sidebar.
func NewSidebarText(s string) *Text {
	return newText(s, console.ColorNameSidebarText, console.SizeNameSmall, fyne.TextStyle{})
}

// SetText replaces the words.
func (t *Text) SetText(s string) {
	if t.text != s {
		t.text = s
		t.Refresh()
	}
}

// Text returns the words, uncut.
func (t *Text) Text() string { return t.text }

// SetColor replaces the colour.
func (t *Text) SetColor(c fyne.ThemeColorName) {
	t.color = c
	t.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (t *Text) CreateRenderer() fyne.WidgetRenderer {
	r := &textRenderer{t: t, line: canvas.NewText("", color.Transparent)}
	r.Refresh()
	return r
}

type textRenderer struct {
	t    *Text
	line *canvas.Text
}

func (r *textRenderer) Layout(size fyne.Size) {
	r.line.Resize(size)
	if r.t.cut {
		fit(r.line, r.t.text, size.Width)
	}
}

func (r *textRenderer) MinSize() fyne.Size {
	size := fyne.MeasureText(r.t.text, r.line.TextSize, r.line.TextStyle)
	if r.t.cut {
		size.Width = min(size.Width, 40)
	}
	return size
}

func (r *textRenderer) Refresh() {
	r.line.Color = theme.Color(r.t.color)
	r.line.TextSize = theme.Size(r.t.size)
	r.line.TextStyle = r.t.style
	r.line.Text = r.t.text
	if r.t.cut && r.t.Size().Width > 0 {
		fit(r.line, r.t.text, r.t.Size().Width)
	}
	r.line.Refresh()
}

func (r *textRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.line} }
func (r *textRenderer) Destroy()                     {}

// fit cuts a line to a width and ends it with an ellipsis.
func fit(line *canvas.Text, s string, width float32) {
	line.Text = cutTo(s, width, line.TextSize, line.TextStyle)
}

const ellipsis = "…"

func cutTo(s string, width, size float32, style fyne.TextStyle) string {
	measure := func(s string) float32 { return fyne.MeasureText(s, size, style).Width }
	if s == "" || measure(s) <= width {
		return s
	}
	runes := []rune(s)
	low, high := 0, len(runes) // the longest prefix that fits lies in [low, high)
	for low+1 < high {
		middle := (low + high) / 2
		if measure(string(runes[:middle])+ellipsis) <= width {
			low = middle
		} else {
			high = middle
		}
	}
	return string(runes[:low]) + ellipsis
}
