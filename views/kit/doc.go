// Package kit holds the widgets that the console's screens are made of: text,
// surfaces, the data table, secret fields, status and feedback.
//
// Every widget reads its colours and sizes from the theme again when it is
// refreshed, so a switch of theme repaints it. All of them live on the UI
// goroutine. The package starts no goroutines but Fyne's own timers of masked
// secrets and toasts, which end by themselves. No word shown to people is
// written here: callers pass them in.
package kit
