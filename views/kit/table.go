package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	console "fleetmint/views/theme"
)

// Cell is what one cell of a table shows. The zero colour is the foreground.
type Cell struct {
	Text  string
	Color fyne.ThemeColorName
	Bold  bool
	Pill  bool // a tinted badge with a dot
}

// Column is one column of a table.
type Column struct {
	ID    string
	Title string
	Width float32 // 0 takes a share of what the others leave
	Align fyne.TextAlign
	Mono  bool
	Cell  func(row int) Cell // must not block
}

// TableConfig is what a DataTable needs.
type TableConfig struct {
	Columns []Column
	Length  func() int
	Key     func(row int) string // identifies a row over changes of order
}

// DataTable shows any number of rows: only those in view exist as widgets. A
// click selects, Ctrl and Shift extend the selection, double click or Enter
// activates. Beside rows it can show that it loads, is empty or has failed.
type DataTable struct {
	widget.BaseWidget
	// OnActivated opens a row.
	OnActivated func(row int)
	// OnSelectionChanged tells that Selection is another one.
	OnSelectionChanged func()

	config   TableConfig
	list     *tableList
	state    *fyne.Container // what stands in place of rows
	title    string          // of the empty state
	selected []string        // keys
	cursor   int             // row of the keyboard
	anchor   int             // row where a Shift selection began
}

// NewDataTable shows nothing until SetReady or another state.
func NewDataTable(config TableConfig) *DataTable {
	t := &DataTable{config: config, state: container.NewStack()}
	t.list = newTableList(t)
	t.list.Hide()
	t.ExtendBaseWidget(t)
	return t
}

// Focusable is what takes the keyboard.
func (t *DataTable) Focusable() fyne.Focusable { return t.list }

// SetReady shows the rows, as they are now.
func (t *DataTable) SetReady() {
	t.title = ""
	t.state.Hide()
	t.list.Show()
	t.list.Refresh()
}

// Ready reports whether rows are shown.
func (t *DataTable) Ready() bool { return t.list.Visible() }

// SetLoading says that the rows are on their way, unless there are some.
func (t *DataTable) SetLoading(words string) { t.set("", NewLoading(words, "")) }

// SetEmpty says why there are no rows and offers what to do.
func (t *DataTable) SetEmpty(icon fyne.Resource, title, hint, label string, do func()) {
	if t.title == title {
		return // polling must not rebuild it under the pointer
	}
	t.set(title, NewEmptyState(icon, title, hint, label, do))
}

// EmptyTitle is the title of the empty state, where that is shown.
func (t *DataTable) EmptyTitle() string { return t.title }

// SetError says why there are no rows.
func (t *DataTable) SetError(p Problem, retry string, do func()) {
	t.set("", NewErrorState(p, retry, do))
}

func (t *DataTable) set(title string, o fyne.CanvasObject) {
	t.title = title
	t.list.Hide()
	t.state.Objects = []fyne.CanvasObject{o}
	t.state.Show()
	t.state.Refresh()
}

// Selection are the keys of the selected rows in the order of selection.
func (t *DataTable) Selection() []string { return slices.Clone(t.selected) }

// ClearSelection selects nothing.
func (t *DataTable) ClearSelection() { t.choose(nil) }

// SelectRows selects exactly these rows.
func (t *DataTable) SelectRows(rows ...int) {
	keys := make([]string, len(rows))
	for i, row := range rows {
		keys[i] = t.config.Key(row)
	}
	t.choose(keys)
}

func (t *DataTable) choose(keys []string) {
	if slices.Equal(keys, t.selected) {
		return
	}
	t.selected = keys
	t.list.Refresh()
	if t.OnSelectionChanged != nil {
		t.OnSelectionChanged()
	}
}

func (t *DataTable) isSelected(row int) bool { return slices.Contains(t.selected, t.config.Key(row)) }

// point acts on a row as a click or a key with modifiers does.
func (t *DataTable) point(row int, modifier fyne.KeyModifier) {
	switch {
	case modifier&fyne.KeyModifierShift != 0:
		from, to := min(t.anchor, row), max(t.anchor, row)
		rows := make([]int, 0, to-from+1)
		for r := from; r <= to; r++ {
			rows = append(rows, r)
		}
		t.cursor = row
		t.SelectRows(rows...)
	case modifier&fyne.KeyModifierShortcutDefault != 0:
		t.cursor, t.anchor = row, row
		key := t.config.Key(row)
		if i := slices.Index(t.selected, key); i >= 0 {
			t.choose(slices.Delete(slices.Clone(t.selected), i, i+1))
		} else {
			t.choose(append(slices.Clone(t.selected), key))
		}
	default:
		t.cursor, t.anchor = row, row
		t.SelectRows(row)
	}
	t.list.Refresh()
}

func (t *DataTable) activate(row int) {
	if t.OnActivated != nil && row >= 0 && row < t.config.Length() {
		t.OnActivated(row)
	}
}

// CreateRenderer implements fyne.Widget.
func (t *DataTable) CreateRenderer() fyne.WidgetRenderer {
	head := newTableHead(t.config.Columns)
	return widget.NewSimpleRenderer(container.NewBorder(
		container.NewVBox(head, NewRule()), nil, nil, nil, container.NewStack(t.state, t.list)))
}

// span is where a column lies.
type span struct{ x, width float32 }

const (
	rowHeight   = 38
	cellPadding = 8
	rowInset    = 6
)

// spans divides a width among columns; head and rows share it, so that they
// never drift apart.
func spans(columns []Column, width float32) []span {
	fixed, open := float32(0), 0
	for _, c := range columns {
		fixed += c.Width
		if c.Width == 0 {
			open++
		}
	}
	share := float32(0)
	if open > 0 {
		share = max((width-2*rowInset-fixed)/float32(open), 80)
	}
	result := make([]span, len(columns))
	x := float32(rowInset)
	for i, c := range columns {
		w := c.Width
		if w == 0 {
			w = share
		}
		result[i] = span{x, w}
		x += w
	}
	return result
}

type tableHead struct {
	widget.BaseWidget
	columns []Column
	titles  []fyne.CanvasObject
}

func newTableHead(columns []Column) *tableHead {
	h := &tableHead{columns: columns}
	for _, c := range columns {
		title := newText(c.Title, console.ColorNameMuted, console.SizeNameSmall, fyne.TextStyle{Bold: true})
		title.cut = true
		h.titles = append(h.titles, title)
	}
	h.ExtendBaseWidget(h)
	return h
}

func (h *tableHead) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.New(headLayout{h}, h.titles...))
}

type headLayout struct{ h *tableHead }

func (l headLayout) Layout(titles []fyne.CanvasObject, size fyne.Size) {
	for i, s := range spans(l.h.columns, size.Width) {
		title := titles[i].(*Text)
		height := title.MinSize().Height
		room := s.width - 2*cellPadding
		width := min(room, fyne.MeasureText(title.text, theme.Size(title.size), title.style).Width+1)
		x := s.x + cellPadding
		if l.h.columns[i].Align == fyne.TextAlignTrailing {
			x += room - width
		}
		title.Move(fyne.NewPos(x, (size.Height-height)/2))
		title.Resize(fyne.NewSize(width, height))
	}
}

func (headLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(300, 30) }

// tableList is Fyne's list with the keys that people expect of a table.
type tableList struct {
	widget.List
	t       *DataTable
	focused bool
}

func newTableList(t *DataTable) *tableList {
	l := &tableList{t: t}
	l.HideSeparators = true
	l.Length = t.config.Length
	l.CreateItem = func() fyne.CanvasObject { return newTableRow(t) }
	l.UpdateItem = func(id widget.ListItemID, o fyne.CanvasObject) { o.(*tableRow).show(id) }
	l.ExtendBaseWidget(l)
	return l
}

// FocusGained implements fyne.Focusable.
func (l *tableList) FocusGained() { l.focused = true; l.Refresh() }

// FocusLost implements fyne.Focusable.
func (l *tableList) FocusLost() { l.focused = false; l.Refresh() }

// TypedKey moves the cursor, selects and activates.
func (l *tableList) TypedKey(k *fyne.KeyEvent) {
	last := l.t.config.Length() - 1
	if last < 0 {
		return
	}
	page := max(int(l.Size().Height/rowHeight)-1, 1)
	row := l.t.cursor
	switch k.Name {
	case fyne.KeyDown:
		row++
	case fyne.KeyUp:
		row--
	case fyne.KeyPageDown:
		row += page
	case fyne.KeyPageUp:
		row -= page
	case fyne.KeyHome:
		row = 0
	case fyne.KeyEnd:
		row = last
	case fyne.KeyReturn, fyne.KeyEnter:
		l.t.activate(row)
		return
	case fyne.KeySpace:
		l.t.point(row, fyne.KeyModifierShortcutDefault)
		return
	default:
		return
	}
	row = max(0, min(row, last))
	l.t.point(row, currentModifiers()&fyne.KeyModifierShift)
	l.ScrollTo(row)
}

// TypedShortcut selects everything on Ctrl+A.
func (l *tableList) TypedShortcut(s fyne.Shortcut) {
	if _, all := s.(*fyne.ShortcutSelectAll); all {
		rows := make([]int, l.t.config.Length())
		for i := range rows {
			rows[i] = i
		}
		l.t.SelectRows(rows...)
	}
}
