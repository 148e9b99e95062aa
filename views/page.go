package views

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"fleetmint/views/kit"
)

// page is the frame of every screen: a header with title, subtitle and actions
// above a body, and what the keyboard shortcuts do there.
type page struct {
	root    fyne.CanvasObject
	header  *kit.Header
	create  func()         // Ctrl+N
	refresh func()         // F5 and Ctrl+R
	search  fyne.Focusable // Ctrl+F
	focus   fyne.Focusable // has the focus when the screen opens
}

const (
	pageMargin = 24 // around header and body
	gap        = 16 // between cards
)

// newPage frames a body that fills the space by itself, such as a table.
func newPage(title, subtitle string, body fyne.CanvasObject, actions ...fyne.CanvasObject) *page {
	p := &page{header: kit.NewHeader(title, subtitle, actions...)}
	p.root = container.NewBorder(
		kit.Pad(p.header, 20, 14, pageMargin, pageMargin), nil, nil, nil,
		kit.Pad(body, 0, pageMargin, pageMargin, pageMargin),
	)
	return p
}

// newScrollPage frames a body that grows downwards.
func newScrollPage(title, subtitle string, body fyne.CanvasObject, actions ...fyne.CanvasObject) *page {
	p := &page{header: kit.NewHeader(title, subtitle, actions...)}
	p.root = container.NewBorder(
		kit.Pad(p.header, 20, 14, pageMargin, pageMargin), nil, nil, nil,
		container.NewVScroll(kit.Pad(body, 0, pageMargin, pageMargin, pageMargin)),
	)
	return p
}

// primary is the one button of an area that stands out.
func primary(label string, icon fyne.Resource, do func()) *kit.Button {
	return kit.NewButton(label, icon, widget.HighImportance, do)
}

func secondary(label string, icon fyne.Resource, do func()) *kit.Button {
	return kit.NewButton(label, icon, widget.MediumImportance, do)
}

// danger is a button that destroys something; it asks before it does.
func danger(label string, icon fyne.Resource, do func()) *kit.Button {
	return kit.NewButton(label, icon, widget.DangerImportance, do)
}
