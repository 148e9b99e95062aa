package kit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	console "fleetmint/views/theme"
)

// tableStage is a table over rows that a test may change, in a window.
type tableStage struct {
	*DataTable
	rows   []string
	window fyne.Window
}

func newTableStage(t testing.TB, rows int) *tableStage {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(console.New(console.Light))
	s := &tableStage{}
	for i := range rows {
		s.rows = append(s.rows, fmt.Sprintf("SN-%05d", i))
	}
	s.DataTable = NewDataTable(TableConfig{
		Columns: []Column{
			{ID: "name", Title: "DeviceName", Mono: true, Cell: func(row int) Cell { return Cell{Text: s.rows[row]} }},
			{ID: "status", Title: "Status", Width: 120, Cell: func(int) Cell { return Cell{Text: "Online", Color: console.ColorNameOK, Pill: true} }},
		},
		Length: func() int { return len(s.rows) },
		Key:    func(row int) string { return s.rows[row] },
	})
	s.window = test.NewTempWindow(t, s.DataTable)
	s.window.Resize(fyne.NewSize(600, 420))
	s.SetReady()
	s.window.Canvas().Focus(s.Focusable())
	return s
}

// typeKeys types keys while modifiers are held.
func (s *tableStage) typeKeys(held fyne.KeyModifier, keys ...fyne.KeyName) {
	s.list.modifiers = func() fyne.KeyModifier { return held }
	for _, k := range keys {
		s.list.TypedKey(&fyne.KeyEvent{Name: k})
	}
}

// row is the widget that shows a row now.
func (s *tableStage) row(t testing.TB, row int) *tableRow {
	t.Helper()
	for _, o := range test.LaidOutObjects(s.window.Content()) {
		if r, ok := o.(*tableRow); ok && r.row == row {
			return r
		}
	}
	t.Fatalf("row %d is not in view", row)
	return nil
}

func (s *tableStage) click(t testing.TB, row int, held fyne.KeyModifier) {
	t.Helper()
	s.row(t, row).MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary, Modifier: held})
}

func (s *tableStage) mustHave(t testing.TB, want ...string) {
	t.Helper()
	if got := s.Selection(); !slices.Equal(got, want) {
		t.Errorf("selected are %q, not %q", got, want)
	}
}

func TestTableKeyboard(t *testing.T) {
	const none, shift = fyne.KeyModifier(0), fyne.KeyModifierShift
	for _, c := range []struct {
		name   string
		do     func(s *tableStage)
		want   []string
		cursor int
	}{
		{"down", func(s *tableStage) { s.typeKeys(none, fyne.KeyDown, fyne.KeyDown) }, []string{"SN-00002"}, 2},
		{"up stops at the top", func(s *tableStage) { s.typeKeys(none, fyne.KeyDown, fyne.KeyUp, fyne.KeyUp) }, []string{"SN-00000"}, 0},
		{"end", func(s *tableStage) { s.typeKeys(none, fyne.KeyEnd) }, []string{"SN-00099"}, 99},
		{"home", func(s *tableStage) { s.typeKeys(none, fyne.KeyEnd, fyne.KeyHome) }, []string{"SN-00000"}, 0},
		{"down stops at the end", func(s *tableStage) { s.typeKeys(none, fyne.KeyEnd, fyne.KeyDown) }, []string{"SN-00099"}, 99},
		{"shift extends", func(s *tableStage) {
			s.typeKeys(none, fyne.KeyDown)
			s.typeKeys(shift, fyne.KeyDown, fyne.KeyDown)
		}, []string{"SN-00001", "SN-00002", "SN-00003"}, 3},
		{"shift turns round its anchor", func(s *tableStage) {
			s.typeKeys(none, fyne.KeyDown, fyne.KeyDown)
			s.typeKeys(shift, fyne.KeyDown, fyne.KeyUp, fyne.KeyUp)
		}, []string{"SN-00001", "SN-00002"}, 1},
		{"space toggles", func(s *tableStage) { s.typeKeys(none, fyne.KeyDown, fyne.KeySpace) }, nil, 1},
		{"select all", func(s *tableStage) { s.list.TypedShortcut(&fyne.ShortcutSelectAll{}) }, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTableStage(t, 100)
			c.do(s)
			if s.cursor != c.cursor {
				t.Errorf("the cursor is on row %d, not %d", s.cursor, c.cursor)
			}
			if c.name == "select all" {
				c.want = s.rows
			}
			s.mustHave(t, c.want...)
		})
	}
}

func TestTablePageKeysMoveByWhatIsInView(t *testing.T) {
	s := newTableStage(t, 100)
	s.typeKeys(0, fyne.KeyPageDown)
	if s.cursor < 5 || s.cursor > 12 {
		t.Errorf("page down moved by %d rows", s.cursor)
	}
	s.row(t, s.cursor) // fails where it is out of view
	s.typeKeys(0, fyne.KeyPageUp)
	if s.cursor != 0 {
		t.Errorf("page up ends on row %d", s.cursor)
	}
}

func TestTableClicks(t *testing.T) {
	s := newTableStage(t, 20)
	changes := 0
	s.OnSelectionChanged = func() { changes++ }
	s.click(t, 1, 0)
	s.mustHave(t, "SN-00001")
	s.click(t, 3, fyne.KeyModifierShortcutDefault)
	s.mustHave(t, "SN-00001", "SN-00003")
	s.click(t, 1, fyne.KeyModifierShortcutDefault)
	s.mustHave(t, "SN-00003")
	s.click(t, 3, 0)
	s.click(t, 5, fyne.KeyModifierShift)
	s.mustHave(t, "SN-00003", "SN-00004", "SN-00005")
	s.click(t, 2, fyne.KeyModifierShift)
	s.mustHave(t, "SN-00002", "SN-00003")
	if changes != 5 {
		t.Errorf("told of %d changes, not 5", changes)
	}
	if s.window.Canvas().Focused() != s.Focusable() {
		t.Error("a click did not focus the table")
	}
}

func TestTableActivates(t *testing.T) {
	s := newTableStage(t, 5)
	var opened []int
	s.OnActivated = func(row int) { opened = append(opened, row) }
	s.typeKeys(0, fyne.KeyDown, fyne.KeyReturn)
	s.row(t, 3).DoubleTapped(nil)
	if !slices.Equal(opened, []int{1, 3}) {
		t.Errorf("rows %v were opened", opened)
	}
}

func TestTableSelectionFollowsItsRows(t *testing.T) {
	s := newTableStage(t, 5)
	s.click(t, 1, 0)
	slices.Reverse(s.rows)
	s.SetReady()
	s.mustHave(t, "SN-00001")
	if s.isSelected(1) || !s.isSelected(3) {
		t.Error("the selection stayed on the place and not on the row")
	}
}

// A filter takes rows away between two clicks.
func TestTableSurvivesFewerRows(t *testing.T) {
	s := newTableStage(t, 50)
	s.typeKeys(0, fyne.KeyEnd)
	stale := s.row(t, 49)
	s.rows = s.rows[:3]
	stale.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary}) // before the table is told
	stale.DoubleTapped(nil)
	s.SetReady()
	s.typeKeys(fyne.KeyModifierShift, fyne.KeyHome)
	s.mustHave(t, "SN-00000", "SN-00001", "SN-00002")
	s.rows = nil
	s.SetReady()
	s.typeKeys(0, fyne.KeyDown, fyne.KeyReturn, fyne.KeySpace)
}

// Rows of a paged table arrive when they are looked at; selecting must not
// fetch the rest, nor select rows that nobody can name.
func TestTableSelectsOnlyWhatHasArrived(t *testing.T) {
	s := newTableStage(t, 1000)
	s.config.Loaded = func(row int) bool { return row < 10 }
	s.config.Key = func(row int) string {
		if row >= 10 {
			t.Fatalf("row %d was asked for its key", row)
		}
		return s.rows[row]
	}
	s.list.TypedShortcut(&fyne.ShortcutSelectAll{})
	s.mustHave(t, s.rows[:10]...)
	s.typeKeys(0, fyne.KeyEnd)
	s.mustHave(t)
}

func TestTableContextMenu(t *testing.T) {
	s := newTableStage(t, 10)
	secondary := func(row int) {
		r := s.row(t, row)
		r.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonSecondary})
		r.TappedSecondary(&fyne.PointEvent{AbsolutePosition: fyne.NewPos(7, 9)})
	}
	secondary(1) // nobody to ask
	asked := -1
	s.OnContextMenu = func(row int, at fyne.Position) {
		asked = row
		if at != fyne.NewPos(7, 9) {
			t.Errorf("the menu is asked for at %v", at)
		}
	}
	s.SelectRows(2, 3)
	secondary(3)
	s.mustHave(t, "SN-00002", "SN-00003")
	secondary(5)
	s.mustHave(t, "SN-00005")
	if asked != 5 {
		t.Errorf("the menu is about row %d", asked)
	}
}

// A focused table takes keys before the window does. Those it has no use for
// must arrive there, or F5, Escape and Ctrl+N are dead on every screen with a
// table.
func TestTableLeavesOtherKeysToTheWindow(t *testing.T) {
	s := newTableStage(t, 3)
	var keys []fyne.KeyName
	s.window.Canvas().SetOnTypedKey(func(k *fyne.KeyEvent) { keys = append(keys, k.Name) })
	create := &desktop.CustomShortcut{KeyName: fyne.KeyN, Modifier: fyne.KeyModifierShortcutDefault}
	created := false // the canvas of the test driver takes no shortcuts
	s.list.pass = func(_ fyne.CanvasObject, got fyne.Shortcut) { created = got == create }

	s.typeKeys(0, fyne.KeyF5, fyne.KeyEscape, fyne.KeyDown)
	if !slices.Equal(keys, []fyne.KeyName{fyne.KeyF5, fyne.KeyEscape}) {
		t.Errorf("the window heard of %v", keys)
	}
	s.list.TypedShortcut(create)
	if !created {
		t.Error("the window did not get its shortcut")
	}
	s.SetLoading("Loading")
	s.typeKeys(0, fyne.KeyDown)
	if len(keys) != 3 || len(s.Selection()) != 1 {
		t.Error("keys move a cursor that nobody sees")
	}
}

func TestTableStates(t *testing.T) {
	s := newTableStage(t, 3)
	tapped := 0
	s.SetEmpty(theme.ComputerIcon(), "No devices", "Register one.", "Register", func() { tapped++ })
	if s.Ready() || s.EmptyTitle() != "No devices" {
		t.Errorf("ready %t, title %q", s.Ready(), s.EmptyTitle())
	}
	test.Tap(find[*Button](t, s.DataTable))
	s.SetError(Problem{Title: "Not loaded", What: "The devices could not be read.", Code: "iot.system.SystemException"}, "Try again", func() { tapped++ })
	test.Tap(find[*Button](t, s.DataTable))
	if tapped != 2 || s.EmptyTitle() != "" {
		t.Errorf("%d of 2 buttons work; the title is %q", tapped, s.EmptyTitle())
	}
	s.SetReady()
	if !s.Ready() {
		t.Error("the rows are not back")
	}
}

func TestRefreshRow(t *testing.T) {
	s := newTableStage(t, 3)
	s.rows[1] = "SN-NEW"
	s.RefreshRow(1)
	view := test.WidgetRenderer(s.row(t, 1)).(*tableRowRenderer)
	if got := view.cells[0].text.Text; got != "SN-NEW" {
		t.Errorf("the row shows %q", got)
	}
}

func TestCutTo(t *testing.T) {
	test.NewTempApp(t)
	long := strings.Repeat("长 name ", 30)
	for _, width := range []float32{0, 5, 20, 57, 300, 5000} {
		got := cutTo(long, width, 13, fyne.TextStyle{})
		switch fits := fyne.MeasureText(got, 13, fyne.TextStyle{}).Width <= width; {
		case got == long && !fits:
			t.Errorf("not cut to %v", width)
		case got != long && got != ellipsis && (!fits || !strings.HasSuffix(got, ellipsis)):
			t.Errorf("cut to %v: %q", width, got)
		}
	}
}

func TestSpansFillTheWidth(t *testing.T) {
	columns := []Column{{}, {Width: 120}, {Width: 200}, {}}
	for _, width := range []float32{560, 700, 1200} {
		all := spans(columns, width)
		last := all[len(all)-1]
		if end := last.x + last.width; end < width-rowInset-1 || end > width-rowInset+1 {
			t.Errorf("columns end at %v of %v", end, width)
		}
		for i := 1; i < len(all); i++ {
			if all[i].x != all[i-1].x+all[i-1].width {
				t.Errorf("column %d does not follow the one before", i)
			}
		}
	}
}

const million = 1_000_000

func newMillionRows(b *testing.B) *tableStage {
	s := newTableStage(b, 0)
	length := million
	s.config.Length = func() int { return length }
	s.list.Length = s.config.Length
	s.config.Key = strconv.Itoa
	s.config.Columns[0].Cell = func(row int) Cell { return Cell{Text: strconv.Itoa(row)} }
	s.window.Resize(fyne.NewSize(1200, 800))
	s.SetReady()
	return s
}

func BenchmarkTableRefresh(b *testing.B) {
	s := newMillionRows(b)
	b.ReportAllocs()
	for b.Loop() {
		s.SetReady()
	}
}

func BenchmarkTableScroll(b *testing.B) {
	s := newMillionRows(b)
	b.ReportAllocs()
	offset := float32(0)
	for b.Loop() {
		offset += 3 * rowHeight
		if offset > 1e7 {
			offset = 0
		}
		s.list.ScrollToOffset(offset)
	}
}

func BenchmarkTableSelectAll(b *testing.B) {
	s := newMillionRows(b)
	b.ReportAllocs()
	for b.Loop() {
		s.ClearSelection()
		s.list.TypedShortcut(&fyne.ShortcutSelectAll{})
	}
}
