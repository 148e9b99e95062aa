package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	console "fleetmint/views/theme"
)

// tableRow is one visible row: plain canvas objects, for speed, filled again
// for every row it comes to show.
type tableRow struct {
	widget.BaseWidget
	t       *DataTable
	row     int
	cells   []Cell
	hovered bool
}

func newTableRow(t *DataTable) *tableRow {
	r := &tableRow{t: t, cells: make([]Cell, len(t.config.Columns))}
	r.ExtendBaseWidget(r)
	return r
}

func (r *tableRow) show(row int) {
	r.row = row
	for i, c := range r.t.config.Columns {
		r.cells[i] = c.Cell(row)
	}
	r.Refresh()
}

// MouseDown selects; the modifiers decide what happens to other rows. The
// second button asks for a menu, when it is released.
func (r *tableRow) MouseDown(e *desktop.MouseEvent) {
	if e.Button != desktop.MouseButtonSecondary {
		r.t.point(r.row, e.Modifier)
	}
	if c := fyne.CurrentApp().Driver().CanvasForObject(r.t.list); c != nil {
		c.Focus(r.t.list)
	}
}

// MouseUp implements desktop.Mouseable.
func (r *tableRow) MouseUp(*desktop.MouseEvent) {}

// TappedSecondary asks for the menu of the row.
func (r *tableRow) TappedSecondary(e *fyne.PointEvent) { r.t.menu(r.row, e.AbsolutePosition) }

// DoubleTapped opens the row.
func (r *tableRow) DoubleTapped(*fyne.PointEvent) { r.t.activate(r.row) }

// MouseIn implements desktop.Hoverable.
func (r *tableRow) MouseIn(*desktop.MouseEvent) { r.hovered = true; r.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (r *tableRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (r *tableRow) MouseOut() { r.hovered = false; r.Refresh() }

// CreateRenderer implements fyne.Widget.
func (r *tableRow) CreateRenderer() fyne.WidgetRenderer {
	v := &tableRowRenderer{r: r, ground: canvas.NewRectangle(color.Transparent), line: canvas.NewRectangle(color.Transparent)}
	v.ground.CornerRadius = 6
	v.objects = append(v.objects, v.ground, v.line)
	for range r.cells {
		c := &cellView{pill: canvas.NewRectangle(color.Transparent), dot: canvas.NewCircle(color.Transparent), text: canvas.NewText("", color.Transparent)}
		c.pill.CornerRadius = canvas.RadiusMaximum
		v.cells = append(v.cells, c)
		v.objects = append(v.objects, c.pill, c.dot, c.text)
	}
	v.Refresh()
	return v
}

type tableRowRenderer struct {
	r            *tableRow
	ground, line *canvas.Rectangle
	cells        []*cellView
	objects      []fyne.CanvasObject
	width        float32 // that spans were computed for
	spans        []span
}

// cellView is a drawn cell and what it was drawn from: to measure, cut and
// paint text again is what makes a table slow.
type cellView struct {
	pill *canvas.Rectangle
	dot  *canvas.Circle
	text *canvas.Text

	drawn cellLook
	size  fyne.Size // of the cut text
}

// cellLook is all that the look of a cell depends on.
type cellLook struct {
	cell     Cell
	color    color.Color
	textSize float32
	style    fyne.TextStyle
	span     span
	height   float32
}

func (v *tableRowRenderer) MinSize() fyne.Size           { return fyne.NewSize(300, rowHeight) }
func (v *tableRowRenderer) Objects() []fyne.CanvasObject { return v.objects }
func (v *tableRowRenderer) Destroy()                     {}

func (v *tableRowRenderer) Layout(size fyne.Size) {
	v.ground.Move(fyne.NewPos(2, 2))
	v.ground.Resize(size.SubtractWidthHeight(4, 4))
	v.line.Move(fyne.NewPos(rowInset, size.Height-1))
	v.line.Resize(fyne.NewSize(size.Width-2*rowInset, 1))
	v.draw(size)
}

func (v *tableRowRenderer) Refresh() {
	r := v.r
	ground, stroke, strokeWidth := color.Color(color.Transparent), color.Color(color.Transparent), float32(0)
	switch {
	case r.t.isSelected(r.row):
		ground = theme.Color(console.ColorNameRowSelected)
	case r.hovered:
		ground = theme.Color(console.ColorNameRowHover)
	}
	if r.t.list.focused && r.row == r.t.cursor {
		stroke, strokeWidth = theme.Color(theme.ColorNamePrimary), 1
	}
	if v.ground.FillColor != ground || v.ground.StrokeColor != stroke {
		v.ground.FillColor, v.ground.StrokeColor, v.ground.StrokeWidth = ground, stroke, strokeWidth
		v.ground.Refresh()
	}
	if line := theme.Color(theme.ColorNameSeparator); v.line.FillColor != line {
		v.line.FillColor = line
		v.line.Refresh()
	}
	v.draw(r.Size())
}

// draw brings every cell that looks different up to date.
func (v *tableRowRenderer) draw(size fyne.Size) {
	if v.width != size.Width || v.spans == nil {
		v.width, v.spans = size.Width, spans(v.r.t.config.Columns, size.Width)
	}
	for i, cell := range v.r.cells {
		name := cell.Color
		if name == "" {
			name = theme.ColorNameForeground
		}
		column := v.r.t.config.Columns[i]
		look := cellLook{
			cell: cell, color: theme.Color(name), textSize: theme.Size(theme.SizeNameText), span: v.spans[i], height: size.Height,
			style: fyne.TextStyle{Bold: cell.Bold || cell.Pill, Monospace: column.Mono},
		}
		if cell.Pill {
			look.textSize = theme.Size(console.SizeNameSmall)
		}
		if c := v.cells[i]; c.drawn != look {
			c.draw(look, column.Align)
		}
	}
}

// draw cuts the text to its column, puts it in place and paints it.
func (c *cellView) draw(look cellLook, align fyne.TextAlign) {
	const dotSize, dotGap, pillPadding = 6, 6, 9
	c.drawn = look
	room, x := look.span.width-2*cellPadding, look.span.x+cellPadding
	extra := float32(0) // that a pill is wider than its word
	if look.cell.Pill {
		extra = 2*pillPadding + dotSize + dotGap
	}
	c.text.Color, c.text.TextSize, c.text.TextStyle = look.color, look.textSize, look.style
	c.text.Text = cutTo(look.cell.Text, room-extra, look.textSize, look.style)
	c.size = fyne.MeasureText(c.text.Text, look.textSize, look.style)
	if align == fyne.TextAlignTrailing {
		x += room - extra - c.size.Width
	}
	c.pill.Hidden, c.dot.Hidden = !look.cell.Pill, !look.cell.Pill
	if look.cell.Pill {
		c.pill.FillColor, c.dot.FillColor = console.Tint(look.color), look.color
		c.pill.Move(fyne.NewPos(x, (look.height-c.size.Height)/2-2))
		c.pill.Resize(fyne.NewSize(c.size.Width+extra, c.size.Height+4))
		c.dot.Move(fyne.NewPos(x+pillPadding, (look.height-dotSize)/2))
		c.dot.Resize(fyne.NewSquareSize(dotSize))
		c.pill.Refresh()
		c.dot.Refresh()
		x += pillPadding + dotSize + dotGap
	}
	c.text.Move(fyne.NewPos(x, (look.height-c.size.Height)/2))
	c.text.Resize(c.size)
	c.text.Refresh()
}
