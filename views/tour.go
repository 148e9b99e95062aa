package views

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"

	"fleetmint/platform"
)

// Tour is what a scripted tour of the main job needs from outside the window.
type Tour struct {
	// Packages is the folder for the exported certificates.
	Packages string
	// Picture takes a picture of the screen as it is.
	Picture func(name string) error
	// Exported is told the files of the export.
	Exported func(files []string)
	// Connect starts a real device with the exported CSV file. False means that
	// there is none to start.
	Connect func(device platform.Device, csv string) (bool, error)
}

// tourist does the steps of a tour: acts run on the UI goroutine and use the
// screens' own widgets and methods, so that the tour fails where a person would
// be stuck.
type tourist struct {
	*Console
	Tour
	ctx context.Context
}

// Tour does the main job once: product, devices, certificates, a device that
// comes online. It must not be called on the UI goroutine.
func (c *Console) Tour(ctx context.Context, t Tour) error {
	g := &tourist{c, t, ctx}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"look at the empty console", g.empty},
		{"compare the methods", g.methods},
		{"create a product", g.product},
		{"register devices", g.devices},
		{"export certificates", g.exports},
		{"see a device come online", g.online},
		{"switch dynamic registration", g.registration},
		{"open settings", g.settings},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("tour: %s: %w", step.name, err)
		}
	}
	return nil
}

// act runs f on the UI goroutine and waits for it.
func (g *tourist) act(f func()) { fyne.DoAndWait(f) }

// until waits for something to be true on the screen.
func (g *tourist) until(what string, holds func() bool) error {
	ticker := time.NewTicker(30 * time.Millisecond)
	defer ticker.Stop()
	for {
		var ok bool
		g.act(func() { ok = holds() })
		if ok {
			return nil
		}
		select {
		case <-g.ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, g.ctx.Err())
		case <-ticker.C:
		}
	}
}

// on waits for a screen of type S and a condition on it.
func on[S screen](g *tourist, what string, holds func(S) bool) error {
	return g.until(what, func() bool {
		s, ok := g.screen.(S)
		return ok && holds(s)
	})
}

func (g *tourist) empty() error {
	if err := on(g, "the empty product table", func(s *productsScreen) bool { return s.table.EmptyTitle() != "" }); err != nil {
		return err
	}
	return g.Picture("products-empty")
}

func (g *tourist) methods() error {
	g.act(func() { g.Navigate(Route{Screen: ScreenMethods}) })
	return g.Picture("methods")
}

func (g *tourist) product() error {
	g.act(func() { g.Navigate(Route{Screen: ScreenProducts}) })
	g.act(func() { g.screen.content().create() })
	if err := on(g, "the guide", func(*createProductScreen) bool { return true }); err != nil {
		return err
	}
	g.act(func() { g.screen.(*createProductScreen).name.SetText("Lamp 1") })
	if err := g.Picture("create-product-name-refused"); err != nil {
		return err
	}
	g.act(func() {
		s := g.screen.(*createProductScreen)
		s.name.SetText("Street-Lamp")
		s.description.SetText("LED controller, second generation")
		s.switchOff.SetChecked(false)
	})
	if err := g.Picture("create-product"); err != nil {
		return err
	}
	g.act(func() { g.screen.(*createProductScreen).submit.OnTapped() })
	if err := on(g, "the product", func(s *productScreen) bool { return s.product.ProductSecret != "" }); err != nil {
		return err
	}
	return g.Picture("product")
}

func (g *tourist) devices() error {
	g.act(func() { g.screen.content().create() })
	g.act(func() {
		s := g.screen.(*registerDevicesScreen)
		s.how.SetSelected(text("register.pattern"))
		s.pattern.SetText("SN-{00001..00040}")
	})
	if err := g.Picture("register-devices"); err != nil {
		return err
	}
	g.act(func() { g.screen.(*registerDevicesScreen).submit.OnTapped() })
	if err := on(g, "the registered devices", func(s *registerDevicesScreen) bool { return s.done }); err != nil {
		return err
	}
	if err := g.Picture("devices-registered"); err != nil {
		return err
	}
	g.act(func() { g.Navigate(Route{Screen: ScreenDevices}) })
	if err := on(g, "the device table", func(s *devicesScreen) bool { return s.rows.total == 40 && s.table.Ready() }); err != nil {
		return err
	}
	return g.Picture("devices")
}

func (g *tourist) exports() error {
	g.act(func() { g.screen.(*devicesScreen).export.OnTapped() })
	g.act(func() {
		s := g.screen.(*exportScreen)
		s.formats[2].check.SetChecked(true)
	})
	if err := g.Picture("export-with-secrets"); err != nil {
		return err
	}
	g.act(func() {
		s := g.screen.(*exportScreen)
		s.confirm.SetChecked(true)
		s.folder.SetText(g.Packages)
	})
	g.act(func() { g.screen.(*exportScreen).submit.OnTapped() })
	if err := on(g, "the exported files", func(s *exportScreen) bool { return len(s.result.Files) > 0 }); err != nil {
		return err
	}
	g.act(func() { g.Exported(g.screen.(*exportScreen).result.Files) })
	return g.Picture("exported")
}

func (g *tourist) online() error {
	var ref platform.DeviceRef
	g.act(func() { g.Navigate(Route{Screen: ScreenDevices}) })
	if err := on(g, "the device table", func(s *devicesScreen) bool { return s.rows.total > 0 && s.table.Ready() }); err != nil {
		return err
	}
	g.act(func() {
		d, _ := g.screen.(*devicesScreen).rows.at(0)
		ref = d.DeviceRef
	})
	connected, err := g.Connect(platform.Device{DeviceRef: ref}, filepath.Join(g.Packages, "devices.csv"))
	if err != nil {
		return err
	}
	if connected {
		err := on(g, "a device to come online", func(s *devicesScreen) bool {
			d, _ := s.rows.at(0)
			return d.Status == platform.StatusOnline
		})
		if err != nil {
			return err
		}
		if err := g.Picture("device-online-in-table"); err != nil {
			return err
		}
	}
	g.act(func() { g.screen.(*devicesScreen).table.OnActivated(0) })
	if err := on(g, "the device", func(s *deviceScreen) bool { return s.device.DeviceSecret != "" }); err != nil {
		return err
	}
	return g.Picture("device")
}

func (g *tourist) registration() error {
	g.act(func() { g.Navigate(Route{Screen: ScreenProducts}) })
	if err := on(g, "the product table", func(s *productsScreen) bool { return len(s.shown) == 1 && s.table.Ready() }); err != nil {
		return err
	}
	if err := g.Picture("products"); err != nil {
		return err
	}
	g.act(func() { g.screen.(*productsScreen).table.OnActivated(0) })
	if err := on(g, "the product", func(s *productScreen) bool { return s.product.ProductSecret != "" }); err != nil {
		return err
	}
	g.act(func() { g.screen.(*productScreen).registration.Toggle() })
	if err := g.Picture("switch-off-asks"); err != nil {
		return err
	}
	g.act(func() { g.question.Confirm() })
	if err := on(g, "the switch", func(s *productScreen) bool { return !s.product.DynamicRegistration }); err != nil {
		return err
	}
	return g.Picture("switched-off")
}

func (g *tourist) settings() error {
	g.act(func() {
		g.Navigate(Route{Screen: ScreenSettings})
		g.screen.(*settingsScreen).testConnection()
	})
	if err := on(g, "the tested connection", func(s *settingsScreen) bool { return s.result.Visible() }); err != nil {
		return err
	}
	return g.Picture("settings")
}
