package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	console "fleetmint/views/theme"
)

// ComparisonTable sets a few alternatives side by side, row by row, with one of
// them highlighted. Texts wrap in their column.
type ComparisonTable struct {
	widget.BaseWidget
	// OnSelected, where set before the table is first shown, lets a column be
	// chosen by click or key.
	OnSelected func(column int)

	corner   string
	columns  []string
	rows     [][]string // each begins with its name
	selected int
}

// NewComparisonTable compares columns; each row has its name and then one cell
// for every column.
func NewComparisonTable(corner string, columns []string, rows [][]string) *ComparisonTable {
	t := &ComparisonTable{corner: corner, columns: columns, rows: rows, selected: -1}
	t.ExtendBaseWidget(t)
	return t
}

// Select highlights a column.
func (t *ComparisonTable) Select(column int) {
	t.selected = column
	t.Refresh()
}

// Selected is the highlighted column, -1 for none.
func (t *ComparisonTable) Selected() int { return t.selected }

const (
	comparisonName    = 0.19 // share of the width for the names of the rows
	comparisonPadding = 10
	comparisonRowGap  = 6
)

// CreateRenderer implements fyne.Widget.
func (t *ComparisonTable) CreateRenderer() fyne.WidgetRenderer {
	v := &comparisonRenderer{t: t, highlight: newSurface(console.ColorNameRowSelected, theme.ColorNamePrimary, 8)}
	v.objects = append(v.objects, v.highlight)
	label := func(words string, bold bool, importance widget.Importance) *widget.Label {
		l := widget.NewLabel(words)
		l.Wrapping = fyne.TextWrapWord
		l.TextStyle.Bold = bold
		l.Importance = importance
		return l
	}
	head := []fyne.CanvasObject{label(t.corner, true, widget.LowImportance)}
	for i, c := range t.columns {
		if t.OnSelected == nil {
			head = append(head, label(c, true, widget.MediumImportance))
			continue
		}
		title := newColumnHead(t, i, c)
		v.heads = append(v.heads, title)
		head = append(head, title)
	}
	v.cells = append(v.cells, head)
	for _, row := range t.rows {
		line := canvas.NewRectangle(color.Transparent)
		v.lines = append(v.lines, line)
		v.objects = append(v.objects, line)
		cells := make([]fyne.CanvasObject, len(row))
		for i, words := range row {
			importance := widget.MediumImportance
			if i == 0 {
				importance = widget.LowImportance
			}
			cells[i] = label(words, false, importance)
		}
		v.cells = append(v.cells, cells)
	}
	for _, row := range v.cells {
		v.objects = append(v.objects, row...)
	}
	v.Refresh()
	return v
}

type comparisonRenderer struct {
	t         *ComparisonTable
	highlight *surface
	lines     []*canvas.Rectangle
	heads     []*columnHead
	cells     [][]fyne.CanvasObject
	objects   []fyne.CanvasObject
	height    float32
}

func (v *comparisonRenderer) Objects() []fyne.CanvasObject { return v.objects }
func (v *comparisonRenderer) Destroy()                     {}

func (v *comparisonRenderer) widths(width float32) []float32 {
	widths := make([]float32, len(v.t.columns)+1)
	widths[0] = width * comparisonName
	for i := range v.t.columns {
		widths[i+1] = (width - widths[0]) / float32(len(v.t.columns))
	}
	return widths
}

// Layout gives every row the height of its tallest cell, which depends on the
// width.
func (v *comparisonRenderer) Layout(size fyne.Size) {
	widths := v.widths(size.Width)
	y := float32(0)
	for r, row := range v.cells {
		height := float32(0)
		for i, cell := range row {
			cell.Resize(fyne.NewSize(widths[i]-2, cell.Size().Height))
			height = max(height, cell.MinSize().Height)
		}
		if r > 0 {
			v.lines[r-1].Move(fyne.NewPos(0, y))
			v.lines[r-1].Resize(fyne.NewSize(size.Width, 1))
		}
		x := float32(0)
		for i, cell := range row {
			cell.Move(fyne.NewPos(x+1, y+1))
			cell.Resize(fyne.NewSize(widths[i]-2, height))
			x += widths[i]
		}
		y += height + 1
	}
	if v.t.selected >= 0 {
		x := widths[0]
		for i := range v.t.selected {
			x += widths[i+1]
		}
		v.highlight.Move(fyne.NewPos(x, 0))
		v.highlight.Resize(fyne.NewSize(widths[v.t.selected+1], y))
	}
	v.height = y // the next frame sees the new MinSize and lays the parents out again
}

func (v *comparisonRenderer) MinSize() fyne.Size { return fyne.NewSize(640, v.height) }

func (v *comparisonRenderer) Refresh() {
	v.highlight.Hidden = v.t.selected < 0
	for _, l := range v.lines {
		l.FillColor = theme.Color(theme.ColorNameSeparator)
		l.Refresh()
	}
	for _, h := range v.heads {
		h.Refresh()
	}
	if v.t.Size().Width > 0 {
		v.Layout(v.t.Size())
	}
	v.highlight.Refresh()
}

// columnHead is the title of an alternative; it chooses it where that can be
// chosen.
type columnHead struct {
	widget.BaseWidget
	t       *ComparisonTable
	column  int
	label   *widget.Label
	ground  *surface
	focused bool
}

func newColumnHead(t *ComparisonTable, column int, words string) *columnHead {
	h := &columnHead{t: t, column: column, label: widget.NewLabel(words), ground: newSurface("", "", 8)}
	h.label.Wrapping = fyne.TextWrapWord
	h.label.TextStyle.Bold = true
	h.ExtendBaseWidget(h)
	return h
}

func (h *columnHead) choose() { h.t.OnSelected(h.column) }

func (h *columnHead) Tapped(*fyne.PointEvent) { h.choose() }
func (h *columnHead) FocusGained()            { h.focused = true; h.Refresh() }
func (h *columnHead) FocusLost()              { h.focused = false; h.Refresh() }
func (h *columnHead) TypedRune(rune)          {}

func (h *columnHead) TypedKey(k *fyne.KeyEvent) {
	if presses(k) {
		h.choose()
		return
	}
	passKey(h, k)
}

func (h *columnHead) Cursor() desktop.Cursor { return desktop.PointerCursor }

func (h *columnHead) Refresh() {
	h.ground.stroke = ""
	if h.focused {
		h.ground.stroke = theme.ColorNamePrimary
	}
	h.ground.Refresh()
	h.label.Refresh()
}

func (h *columnHead) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(h.ground, h.label))
}
