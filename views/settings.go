package views

import (
	"context"
	"time"

	"fyne.io/fyne/v2/widget"

	"fleetmint/assets"
	"fleetmint/platform"
	"fleetmint/views/kit"
	"fleetmint/views/theme"
)

// settingsScreen shows the platform this window talks to, where its credentials
// are kept, and lets the person choose the appearance.
type settingsScreen struct {
	*visit
	page   *page
	result *kit.Banner
	test   *kit.Button
}

func newSettings(v *visit) *settingsScreen {
	s := &settingsScreen{visit: v, result: kit.NewBanner()}
	fact := func(title, value string) *kit.KeyValue {
		kv := kit.NewKeyValue(title)
		kv.SetCopy(v.copyText)
		kv.SetValue(value)
		return kv
	}
	a := v.Session.Addresses
	addresses := kit.VStack(10,
		fact(text("settings.openapi"), a.OpenAPI),
		fact(text("settings.https"), a.HTTPS),
		fact(text("settings.register"), a.Register),
		fact(text("settings.mqtt"), a.MQTT),
		fact(text("settings.mqtts"), a.MQTTS),
		fact(text("settings.ca"), a.CA),
		fact(text("settings.data"), v.Session.DataFolder),
		kit.NewParagraph(text("settings.loopback")))

	s.test = secondary(text("settings.test"), assets.RefreshIcon(), s.testConnection)
	keyring := kit.NewBanner()
	if v.Session.KeyringWorks {
		keyring.ShowInfo(text("settings.keyring-works"))
	} else {
		keyring.ShowWarn(text("settings.keyring-missing"))
	}
	credentials := kit.VStack(10, fact(text("settings.access-key"), v.Session.AccessKeyID), keyring)
	if v.Session.KeyInFile {
		sealing := kit.NewBanner()
		sealing.ShowWarn(text("settings.key-in-file"))
		credentials.Add(sealing)
	}
	credentials.Add(kit.HStack(8, s.test))
	credentials.Add(s.result)

	choices := map[string]theme.Choice{
		text("settings.theme-system"): theme.FollowSystem,
		text("settings.theme-light"):  theme.Light,
		text("settings.theme-dark"):   theme.Dark,
	}
	appearance := widget.NewRadioGroup([]string{text("settings.theme-system"), text("settings.theme-light"), text("settings.theme-dark")}, nil)
	appearance.Horizontal = true
	appearance.Required = true
	current := theme.ParseChoice(v.App.Preferences().String(PreferenceTheme))
	for label, choice := range choices {
		if choice == current {
			appearance.SetSelected(label)
		}
	}
	appearance.OnChanged = func(label string) {
		v.App.Preferences().SetString(PreferenceTheme, choices[label].String())
		v.App.Settings().SetTheme(theme.New(choices[label]))
	}

	s.page = newScrollPage(text("settings.title"), text("settings.subtitle"), kit.VStack(gap,
		kit.NewSection(text("settings.profile"), addresses),
		kit.Columns(gap,
			kit.NewSection(text("settings.credentials"), credentials),
			kit.NewSection(text("settings.appearance"), kit.VStack(10, appearance,
				kit.NewMuted(text("settings.about", values{"Version": v.App.Metadata().Version})))),
		)))
	s.page.refresh = s.testConnection
	return s
}

func (s *settingsScreen) content() *page { return s.page }

// testConnection makes a real signed call and says what it brought.
func (s *settingsScreen) testConnection() {
	s.test.Disable()
	type answer struct {
		took       time.Duration
		products   int
		statistics platform.Statistics
	}
	load(s.visit, func(ctx context.Context) (a answer, err error) {
		started := time.Now()
		page, err := s.Platform.Products(ctx, platform.Page{Number: 1, Size: 1})
		a.took, a.products = time.Since(started), page.Total
		if err == nil {
			a.statistics, err = s.Platform.Statistics(ctx, "")
		}
		return a, err
	}, func(a answer, err error) {
		s.test.Enable()
		if err != nil {
			s.result.ShowBad(explain(err).line())
			return
		}
		s.result.ShowInfo(text("settings.test-ok", values{
			"Millis": max(a.took.Milliseconds(), 1), "Products": count(int64(a.products)), "Devices": count(a.statistics.Devices),
		}))
	})
}
