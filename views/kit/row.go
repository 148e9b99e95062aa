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

// MouseDown selects; the modifiers decide what happens to other rows.
func (r *tableRow) MouseDown(e *desktop.MouseEvent) {
	r.t.point(r.row, e.Modifier)
	if c := fyne.CurrentApp().Driver().CanvasForObject(r.t.list); c != nil {
		c.Focus(r.t.list)
	}
}

// MouseUp implements desktop.Mouseable.
func (r *tableRow) MouseUp(*desktop.MouseEvent) {}

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
		pill, dot, text := canvas.NewRectangle(color.Transparent), canvas.NewCircle(color.Transparent), canvas.NewText("", color.Transparent)
		pill.CornerRadius = canvas.RadiusMaximum
		v.pills, v.dots, v.texts = append(v.pills, pill), append(v.dots, dot), append(v.texts, text)
		v.objects = append(v.objects, pill, dot, text)
	}
	v.Refresh()
	return v
}

type tableRowRenderer struct {
	r            *tableRow
	ground, line *canvas.Rectangle
	pills        []*canvas.Rectangle
	dots         []*canvas.Circle
	texts        []*canvas.Text
	objects      []fyne.CanvasObject
}

func (v *tableRowRenderer) MinSize() fyne.Size           { return fyne.NewSize(300, rowHeight) }
func (v *tableRowRenderer) Objects() []fyne.CanvasObject { return v.objects }
func (v *tableRowRenderer) Destroy()                     {}

func (v *tableRowRenderer) Layout(size fyne.Size) {
	v.ground.Move(fyne.NewPos(2, 2))
	v.ground.Resize(size.SubtractWidthHeight(4, 4))
	v.line.Move(fyne.NewPos(rowInset, size.Height-1))
	v.line.Resize(fyne.NewSize(size.Width-2*rowInset, 1))
	for i, s := range spans(v.r.t.config.Columns, size.Width) {
		v.place(i, s, size.Height)
	}
}

// place cuts a cell's text to its column and lays it out.
func (v *tableRowRenderer) place(i int, s span, height float32) {
	const dotSize, dotGap, pillPadding = 6, 6, 9
	cell, text := v.r.cells[i], v.texts[i]
	room := s.width - 2*cellPadding
	x := s.x + cellPadding
	if cell.Pill {
		room -= 2*pillPadding + dotSize + dotGap
	}
	text.Text = cutTo(cell.Text, room, text.TextSize, text.TextStyle)
	size := fyne.MeasureText(text.Text, text.TextSize, text.TextStyle)
	if v.r.t.config.Columns[i].Align == fyne.TextAlignTrailing {
		x += room - size.Width
	}
	if cell.Pill {
		v.pills[i].Move(fyne.NewPos(x, (height-size.Height)/2-2))
		v.pills[i].Resize(fyne.NewSize(size.Width+2*pillPadding+dotSize+dotGap, size.Height+4))
		v.dots[i].Move(fyne.NewPos(x+pillPadding, (height-dotSize)/2))
		v.dots[i].Resize(fyne.NewSquareSize(dotSize))
		x += pillPadding + dotSize + dotGap
	}
	text.Move(fyne.NewPos(x, (height-size.Height)/2))
	text.Resize(size)
}

func (v *tableRowRenderer) Refresh() {
	r := v.r
	v.ground.FillColor, v.ground.StrokeColor, v.ground.StrokeWidth = color.Transparent, color.Transparent, 0
	switch {
	case r.row < r.t.config.Length() && r.t.isSelected(r.row):
		v.ground.FillColor = theme.Color(console.ColorNameRowSelected)
	case r.hovered:
		v.ground.FillColor = theme.Color(console.ColorNameRowHover)
	}
	if r.t.list.focused && r.row == r.t.cursor {
		v.ground.StrokeColor, v.ground.StrokeWidth = theme.Color(theme.ColorNamePrimary), 1
	}
	v.line.FillColor = theme.Color(theme.ColorNameSeparator)
	for i, cell := range r.cells {
		name := cell.Color
		if name == "" {
			name = theme.ColorNameForeground
		}
		c, text := theme.Color(name), v.texts[i]
		text.Color = c
		text.TextSize = theme.Size(theme.SizeNameText)
		text.TextStyle = fyne.TextStyle{Bold: cell.Bold || cell.Pill, Monospace: r.t.config.Columns[i].Mono}
		v.pills[i].Hidden, v.dots[i].Hidden = !cell.Pill, !cell.Pill
		if cell.Pill {
			text.TextSize = theme.Size(console.SizeNameSmall)
			v.pills[i].FillColor, v.dots[i].FillColor = console.Tint(c), c
		}
	}
	v.Layout(r.Size())
	for _, o := range v.objects {
		o.Refresh()
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
