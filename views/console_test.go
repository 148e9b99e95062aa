package views

import (
	"testing"

	"fyne.io/fyne/v2"

	"fleetmint/platform"
)

func TestCopiedSecretLeavesTheClipboardWithTheWindow(t *testing.T) {
	s := newStage(t)
	s.copySecret("0123456789abcdef")
	s.Close()
	if got := s.App.Clipboard().Content(); got != "" {
		t.Error("the secret is still on the clipboard")
	}
	s.copySecret("0123456789abcdef")
	s.App.Clipboard().SetContent("something of the person's own")
	s.Close()
	if got := s.App.Clipboard().Content(); got != "something of the person's own" {
		t.Errorf("the clipboard now holds %q", got)
	}
}

func TestBackReturnsToWhereOneCameFrom(t *testing.T) {
	s := newStage(t)
	p := s.product(platform.PerDevice)
	s.Navigate(Route{Screen: ScreenMethods})
	s.Navigate(Route{Screen: ScreenProduct, ProductKey: p.ProductKey})
	s.Navigate(Route{Screen: ScreenExport, ProductKey: p.ProductKey})
	press := func(key fyne.KeyName) { s.Window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: key}) }
	press(fyne.KeyEscape)
	at[*productScreen](s)
	press(fyne.KeyEscape)
	at[*methodsScreen](s)
	press(fyne.KeyEscape) // a main area: there is nothing to close
	at[*methodsScreen](s)
}

func TestMissingKeyringIsSaid(t *testing.T) {
	s := newStage(t)
	s.Session.KeyringWorks = false
	s.Start()
	if s.toasts.Words() == "" {
		t.Error("a window without a keyring says nothing about it")
	}
}
