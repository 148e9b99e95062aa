// Command fleetmint is a desktop console for device identity. Package main
// stands at the root because the Fyne packaging tool wants it beside
// FyneApp.toml; everything else starts in app.
package main

import (
	"os"

	"fleetmint/app"
)

func main() {
	os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
