package kit

import (
	"iter"
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
	// Key identifies a row over changes of order; a row whose key is empty
	// cannot be selected.
	Key func(row int) string
	// Loaded, where set, reports whether a row has arrived. Only rows that have
	// are asked for their key: selecting a million rows must not fetch them.
	Loaded func(row int) bool
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
	// OnContextMenu, where set, is asked for a menu by a click with the second
	// button, at a position on the canvas. The row is selected by then.
	OnContextMenu func(row int, at fyne.Position)

	config   TableConfig
	list     *tableList
	state    *fyne.Container // what stands in place of rows
	title    string          // of the empty state
	selected []string        // keys in the order of selection
	chosen   map[string]bool // the same as a set
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
	last := max(t.config.Length()-1, 0)
	t.cursor, t.anchor = min(t.cursor, last), min(t.anchor, last)
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

// RefreshRow shows a row as it is now; other rows stay as they are drawn.
func (t *DataTable) RefreshRow(row int) { t.list.RefreshItem(row) }

// Selection are the keys of the selected rows in the order of selection. Rows
// keep their selection while they are out of sight or filtered out.
func (t *DataTable) Selection() []string { return slices.Clone(t.selected) }

// ClearSelection selects nothing.
func (t *DataTable) ClearSelection() { t.choose(nil) }

// SelectRows selects exactly these rows, as far as they have arrived.
func (t *DataTable) SelectRows(rows ...int) { t.choose(t.keys(slices.Values(rows))) }

func (t *DataTable) selectRange(from, to int) {
	t.choose(t.keys(func(yield func(int) bool) {
		for row := from; row <= to && yield(row); row++ {
		}
	}))
}

func (t *DataTable) keys(rows iter.Seq[int]) []string {
	var keys []string
	for row := range rows {
		if key := t.key(row); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// key is empty where a row cannot be selected.
func (t *DataTable) key(row int) string {
	if row < 0 || row >= t.config.Length() || t.config.Loaded != nil && !t.config.Loaded(row) {
		return ""
	}
	return t.config.Key(row)
}

func (t *DataTable) choose(keys []string) {
	if slices.Equal(keys, t.selected) {
		return
	}
	t.selected, t.chosen = keys, make(map[string]bool, len(keys))
	for _, key := range keys {
		t.chosen[key] = true
	}
	t.list.Refresh()
	if t.OnSelectionChanged != nil {
		t.OnSelectionChanged()
	}
}

func (t *DataTable) isSelected(row int) bool {
	return len(t.chosen) > 0 && t.chosen[t.key(row)]
}

// point acts on a row as a click or a key with modifiers does.
func (t *DataTable) point(row int, modifier fyne.KeyModifier) {
	last := t.config.Length() - 1
	if row < 0 || row > last {
		return // the rows became fewer since it was drawn
	}
	before := t.cursor
	t.cursor = row
	switch {
	case modifier&fyne.KeyModifierShift != 0:
		anchor := min(t.anchor, last)
		t.selectRange(min(anchor, row), max(anchor, row))
	case modifier&fyne.KeyModifierShortcutDefault != 0:
		t.anchor = row
		t.toggle(row)
	default:
		t.anchor = row
		t.SelectRows(row)
	}
	if before != row {
		t.list.Refresh() // the selection may be the same, but the ring has moved
	}
}

func (t *DataTable) toggle(row int) {
	key := t.key(row)
	if key == "" {
		return
	}
	if i := slices.Index(t.selected, key); i >= 0 {
		t.choose(slices.Delete(slices.Clone(t.selected), i, i+1))
		return
	}
	t.choose(append(slices.Clone(t.selected), key))
}

func (t *DataTable) activate(row int) {
	if t.OnActivated != nil && t.key(row) != "" {
		t.OnActivated(row)
	}
}

// menu keeps a selection that the row is part of: the menu is then about all of
// it.
func (t *DataTable) menu(row int, at fyne.Position) {
	if t.OnContextMenu == nil || t.key(row) == "" {
		return
	}
	if !t.isSelected(row) {
		t.point(row, 0)
	}
	t.OnContextMenu(row, at)
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
// never drift apart. Where there is too little room, columns of fixed width
// give way as well, down to half.
func spans(columns []Column, width float32) []span {
	const least = 110 // of a column that takes a share
	fixed, open := float32(0), 0
	for _, c := range columns {
		fixed += c.Width
		if c.Width == 0 {
			open++
		}
	}
	room := width - 2*rowInset
	scale, share := float32(1), float32(0)
	if open > 0 {
		share = max((room-fixed)/float32(open), least)
	}
	if rest := room - share*float32(open); fixed > rest && fixed > 0 {
		scale = max(rest/fixed, 0.5)
	}
	result := make([]span, len(columns))
	x := float32(rowInset)
	for i, c := range columns {
		w := c.Width * scale
		if c.Width == 0 {
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
	t         *DataTable
	modifiers func() fyne.KeyModifier // held now
	pass      func(fyne.CanvasObject, fyne.Shortcut)
	focused   bool
}

func newTableList(t *DataTable) *tableList {
	l := &tableList{t: t, modifiers: currentModifiers, pass: passShortcut}
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
	if last < 0 || !l.t.Ready() {
		passKey(l, k)
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
		passKey(l, k)
		return
	}
	row = max(0, min(row, last))
	l.t.point(row, l.modifiers()&fyne.KeyModifierShift)
	l.ScrollTo(row)
}

// TypedShortcut selects all rows on Ctrl+A and leaves the rest to the window.
func (l *tableList) TypedShortcut(s fyne.Shortcut) {
	if _, all := s.(*fyne.ShortcutSelectAll); all && l.t.Ready() {
		l.t.selectRange(0, l.t.config.Length()-1)
		return
	}
	l.pass(l, s)
}
