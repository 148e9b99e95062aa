package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	console "fleetmint/views/theme"
)

const sidebarWidth = 220

// SidebarItem is one entry of the sidebar.
type SidebarItem struct {
	ID       string
	Label    string
	Icon     fyne.Resource
	Badge    string // such as a count; may be empty
	Shortcut string // shown in place of the badge under pointer and focus; may be empty
}

// Sidebar is the dark rail at the left with the console's main areas.
type Sidebar struct {
	widget.BaseWidget
	brand   fyne.CanvasObject
	footer  *fyne.Container
	entries []*sidebarEntry
}

// NewSidebar shows items under a brand; onSelect is called with an item's ID.
func NewSidebar(brand fyne.CanvasObject, items []SidebarItem, onSelect func(id string)) *Sidebar {
	s := &Sidebar{brand: brand, footer: container.NewStack()}
	for _, item := range items {
		s.entries = append(s.entries, newSidebarEntry(item, onSelect))
	}
	s.ExtendBaseWidget(s)
	return s
}

// SetFooter puts an object at the foot.
func (s *Sidebar) SetFooter(o fyne.CanvasObject) {
	s.footer.Objects = []fyne.CanvasObject{o}
	s.footer.Refresh()
}

// Select marks the entry with an ID; any other ID marks none.
func (s *Sidebar) Select(id string) {
	for _, e := range s.entries {
		e.selected = e.item.ID == id
		e.Refresh()
	}
}

// SetBadge replaces the badge of the entry with an ID.
func (s *Sidebar) SetBadge(id, text string) {
	for _, e := range s.entries {
		if e.item.ID == id && e.item.Badge != text {
			e.item.Badge = text
			e.Refresh()
		}
	}
}

// CreateRenderer implements fyne.Widget.
func (s *Sidebar) CreateRenderer() fyne.WidgetRenderer {
	entries := VStack(2)
	for _, e := range s.entries {
		entries.Add(e)
	}
	body := container.NewBorder(Pad(s.brand, 20, 18, 16, 12), Pad(s.footer, 12, 18, 18, 12), nil, nil, Pad(entries, 0, 0, 8, 8))
	return widget.NewSimpleRenderer(narrow(sidebarWidth, container.NewStack(newSurface(console.ColorNameSidebar, "", 0), body)))
}

type sidebarEntry struct {
	widget.BaseWidget
	item                       SidebarItem
	onSelect                   func(string)
	selected, hovered, focused bool
}

func newSidebarEntry(item SidebarItem, onSelect func(string)) *sidebarEntry {
	e := &sidebarEntry{item: item, onSelect: onSelect}
	e.ExtendBaseWidget(e)
	return e
}

func (e *sidebarEntry) Tapped(*fyne.PointEvent)        { e.onSelect(e.item.ID) }
func (e *sidebarEntry) MouseIn(*desktop.MouseEvent)    { e.hovered = true; e.Refresh() }
func (e *sidebarEntry) MouseMoved(*desktop.MouseEvent) {}
func (e *sidebarEntry) MouseOut()                      { e.hovered = false; e.Refresh() }
func (e *sidebarEntry) Cursor() desktop.Cursor         { return desktop.PointerCursor }
func (e *sidebarEntry) FocusGained()                   { e.focused = true; e.Refresh() }
func (e *sidebarEntry) FocusLost()                     { e.focused = false; e.Refresh() }
func (e *sidebarEntry) TypedRune(rune)                 {}

func (e *sidebarEntry) TypedKey(k *fyne.KeyEvent) {
	if presses(k) {
		e.onSelect(e.item.ID)
		return
	}
	passKey(e, k)
}

func (e *sidebarEntry) CreateRenderer() fyne.WidgetRenderer {
	r := &sidebarEntryRenderer{
		e: e, ground: newSurface("", "", 7), bar: newSurface("", "", 2),
		label: newText(e.item.Label, console.ColorNameSidebarText, theme.SizeNameText, fyne.TextStyle{}),
		badge: newText("", console.ColorNameSidebarText, console.SizeNameSmall, fyne.TextStyle{}),
		icon:  canvas.NewImageFromResource(e.item.Icon),
	}
	r.icon.FillMode = canvas.ImageFillContain
	r.icon.SetMinSize(fyne.NewSquareSize(18))
	r.bar.min = fyne.NewSize(3, 16)
	row := HStack(11, container.NewCenter(r.bar), container.NewCenter(r.icon), container.NewCenter(r.label), layout.NewSpacer(), container.NewCenter(r.badge))
	r.root = container.NewStack(r.ground, Pad(row, 9, 9, 2, 12))
	r.Refresh()
	return r
}

type sidebarEntryRenderer struct {
	e           *sidebarEntry
	ground, bar *surface
	label       *Text
	badge       *Text
	icon        *canvas.Image
	root        *fyne.Container
}

func (r *sidebarEntryRenderer) Layout(size fyne.Size)        { r.root.Resize(size) }
func (r *sidebarEntryRenderer) MinSize() fyne.Size           { return r.root.MinSize() }
func (r *sidebarEntryRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.root} }
func (r *sidebarEntryRenderer) Destroy()                     {}

func (r *sidebarEntryRenderer) Refresh() {
	text := fyne.ThemeColorName(console.ColorNameSidebarText)
	r.ground.fill, r.ground.stroke, r.ground.tint, r.bar.fill = "", "", false, ""
	switch {
	case r.e.selected:
		r.ground.fill = console.ColorNameSidebarSelected
	case r.e.hovered:
		r.ground.fill, r.ground.tint = console.ColorNameSidebarText, true
	}
	if r.e.focused {
		r.ground.stroke = console.ColorNameSidebarText
	}
	if r.e.selected {
		r.bar.fill, text = console.ColorNameSidebarAccent, console.ColorNameSidebarStrong
	}
	r.label.color, r.label.style.Bold = text, r.e.selected
	r.badge.text = r.e.item.Badge
	if (r.e.hovered || r.e.focused) && r.e.item.Shortcut != "" {
		r.badge.text = r.e.item.Shortcut
	}
	r.badge.Refresh()
	r.root.Refresh() // the badge is as wide as its words
	r.icon.Resource = theme.NewColoredResource(r.e.item.Icon, text)
	r.ground.Refresh()
	r.bar.Refresh()
	r.label.Refresh()
	r.icon.Refresh()
}
