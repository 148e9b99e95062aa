package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	console "fleetmint/views/theme"
)

// Chip is one choice of Chips.
type Chip struct {
	ID    string
	Label string
	Count string // shown faintly behind the label; may be empty
}

// Chips is a row of choices of which one holds, such as a filter by state.
type Chips struct {
	widget.BaseWidget
	// OnChosen is told of a choice by click or key.
	OnChosen func(id string)

	chips  []*chip
	chosen string
}

// NewChips makes a row with the first chip chosen.
func NewChips(chips []Chip, onChosen func(id string)) *Chips {
	c := &Chips{OnChosen: onChosen}
	for _, one := range chips {
		c.chips = append(c.chips, newChip(c, one))
	}
	if len(chips) > 0 {
		c.chosen = chips[0].ID
	}
	c.ExtendBaseWidget(c)
	return c
}

// Chosen is the ID of the choice that holds.
func (c *Chips) Chosen() string { return c.chosen }

// Choose makes a choice without telling OnChosen.
func (c *Chips) Choose(id string) {
	c.chosen = id
	c.Refresh()
}

// SetCount replaces the count of a chip.
func (c *Chips) SetCount(id, count string) {
	for _, one := range c.chips {
		if one.chip.ID == id {
			one.chip.Count = count
			one.Refresh()
		}
	}
}

// Refresh implements fyne.Widget.
func (c *Chips) Refresh() {
	for _, one := range c.chips {
		one.Refresh()
	}
	c.BaseWidget.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (c *Chips) CreateRenderer() fyne.WidgetRenderer {
	row := HStack(6)
	for _, one := range c.chips {
		row.Add(one)
	}
	return widget.NewSimpleRenderer(row)
}

type chip struct {
	widget.BaseWidget
	owner            *Chips
	chip             Chip
	hovered, focused bool
}

func newChip(owner *Chips, one Chip) *chip {
	c := &chip{owner: owner, chip: one}
	c.ExtendBaseWidget(c)
	return c
}

func (c *chip) choose() {
	c.owner.Choose(c.chip.ID)
	if c.owner.OnChosen != nil {
		c.owner.OnChosen(c.chip.ID)
	}
}

func (c *chip) Tapped(*fyne.PointEvent)        { c.choose() }
func (c *chip) MouseIn(*desktop.MouseEvent)    { c.hovered = true; c.Refresh() }
func (c *chip) MouseMoved(*desktop.MouseEvent) {}
func (c *chip) MouseOut()                      { c.hovered = false; c.Refresh() }
func (c *chip) Cursor() desktop.Cursor         { return desktop.PointerCursor }
func (c *chip) FocusGained()                   { c.focused = true; c.Refresh() }
func (c *chip) FocusLost()                     { c.focused = false; c.Refresh() }
func (c *chip) TypedRune(rune)                 {}

func (c *chip) TypedKey(k *fyne.KeyEvent) {
	if presses(k) {
		c.choose()
		return
	}
	passKey(c, k)
}

func (c *chip) CreateRenderer() fyne.WidgetRenderer {
	r := &chipRenderer{
		c: c, ground: newSurface("", "", 6),
		label: newText(c.chip.Label, console.ColorNameMuted, theme.SizeNameText, fyne.TextStyle{}),
		count: newText(c.chip.Count, console.ColorNameMuted, console.SizeNameSmall, fyne.TextStyle{}),
	}
	r.root = container.NewStack(r.ground, Pad(HStack(6, r.label, container.NewCenter(r.count)), 5, 5, 11, 11))
	r.Refresh()
	return r
}

type chipRenderer struct {
	c            *chip
	ground       *surface
	label, count *Text
	root         *fyne.Container
}

func (r *chipRenderer) Layout(size fyne.Size)        { r.root.Resize(size) }
func (r *chipRenderer) MinSize() fyne.Size           { return r.root.MinSize() }
func (r *chipRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.root} }
func (r *chipRenderer) Destroy()                     {}

func (r *chipRenderer) Refresh() {
	on := r.c.owner.chosen == r.c.chip.ID
	r.ground.fill, r.ground.stroke, r.label.color = console.ColorNameSurface, console.ColorNameBorder, console.ColorNameMuted
	switch {
	case on:
		r.ground.fill, r.ground.stroke, r.label.color = console.ColorNameRowSelected, theme.ColorNamePrimary, theme.ColorNamePrimary
	case r.c.hovered:
		r.ground.fill = console.ColorNameRowHover
	}
	if r.c.focused {
		r.ground.stroke = theme.ColorNameForeground
	}
	r.label.style.Bold = on
	r.count.text, r.count.Hidden = r.c.chip.Count, r.c.chip.Count == ""
	r.ground.Refresh()
	r.label.Refresh()
	r.count.Refresh()
	r.root.Refresh() // a bold label is wider
}
