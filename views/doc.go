// Package views holds the console's screens: one file per screen, each built
// from the widgets of views/kit and the domain of platform.
//
// Everything here runs on the UI goroutine unless a comment says otherwise. The
// only goroutines are those of task.go: a screen's work runs off the UI
// goroutine under the context of that screen, which ends when the screen is
// left, and its result comes back through one hop to the UI goroutine. Screens
// never wait for the network and never touch widgets from elsewhere.
//
// All words come from the translation files in assets; see text.go.
package views
