package kit

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"
)

// Question is what is asked before something that has consequences.
type Question struct {
	Title, Body  string
	Objects      []string // what is concerned, by name
	Verb, Cancel string
	Destructive  bool // the verb is then drawn as a danger
}

// objectsNamed is how many objects a question names at most.
const objectsNamed = 8

// Dialog is an open question.
type Dialog struct {
	dialog      *dialog.CustomDialog
	verb        *Button
	cancel      *Button
	opener      fyne.Focusable
	canvas      fyne.Canvas
	do          func()
	confirmed   bool
	wasAnswered bool
}

// Ask shows a question; do runs when it is confirmed. Cancel has the focus
// at first, Escape cancels, and the focus then returns to where it was.
func Ask(w fyne.Window, q Question, do func()) *Dialog {
	d := &Dialog{canvas: w.Canvas(), opener: w.Canvas().Focused(), do: do}
	words := widget.NewLabel(q.Body)
	words.Wrapping = fyne.TextWrapWord
	body := VStack(8, words)
	if len(q.Objects) > 0 {
		names := q.Objects
		if len(names) > objectsNamed {
			names = append(names[:objectsNamed:objectsNamed], ellipsis)
		}
		list := widget.NewLabel(strings.Join(names, "\n"))
		list.TextStyle.Monospace = true
		body.Add(list)
	}
	importance := widget.HighImportance
	if q.Destructive {
		importance = widget.DangerImportance
	}
	d.verb = NewButton(q.Verb, nil, importance, d.Confirm)
	d.cancel = NewButton(q.Cancel, nil, widget.MediumImportance, d.Cancel)
	d.verb.OnEscape, d.cancel.OnEscape = d.Cancel, d.Cancel
	d.dialog = dialog.NewCustomWithoutButtons(q.Title, narrow(460, body), w)
	d.dialog.SetButtons([]fyne.CanvasObject{d.cancel, d.verb})
	d.dialog.SetOnClosed(d.closed)
	d.dialog.Show()
	w.Canvas().Focus(d.cancel)
	return d
}

// Confirm answers yes.
func (d *Dialog) Confirm() {
	d.confirmed = true
	d.dialog.Hide()
}

// Cancel answers no.
func (d *Dialog) Cancel() { d.dialog.Hide() }

func (d *Dialog) closed() {
	if d.wasAnswered {
		return
	}
	d.wasAnswered = true
	if d.opener != nil {
		d.canvas.Focus(d.opener)
	}
	if d.confirmed {
		d.do()
	}
}
