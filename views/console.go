package views

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"

	"fleetmint/assets"
	"fleetmint/platform"
	"fleetmint/platform/factory"
	"fleetmint/views/kit"
)

// PreferenceTheme is the preference that holds the chosen appearance.
const PreferenceTheme = "theme"

// clipboardTime is how long a copied secret stays on the clipboard.
const clipboardTime = 20 * time.Second

// Exporter writes certificates to files.
type Exporter func(context.Context, factory.Request) (factory.Result, error)

// Session is what the console knows of the platform it talks to, beyond what
// the platform itself answers.
type Session struct {
	Addresses     Addresses
	DataFolder    string
	AccessKeyID   string
	Shared        bool   // another process runs the local platform
	KeyringWorks  bool   // credentials are kept in the OS keyring
	KeyringReason string // why not, for the log of a person who asks
	KeyInFile     bool   // the sealing key is a file in the data folder
}

// Addresses are where the local platform listens.
type Addresses struct {
	OpenAPI, HTTPS, Register, MQTT, MQTTS, CA string
}

// Config is what a Console needs; every field but Session's is required.
type Config struct {
	App      fyne.App
	Window   fyne.Window
	Schedule Scheduler
	Platform platform.Platform
	Export   Exporter
	Session  Session
}

// Console is the window's content: the sidebar and the screen beside it.
type Console struct {
	Config
	sidebar *kit.Sidebar
	place   *fyne.Container
	toasts  *kit.Toasts
	root    fyne.CanvasObject
	status  *profileStatus

	question *kit.Dialog // the last one asked
	route    Route
	history  []Route
	screen   screen
	leave    context.CancelFunc

	clearClipboard func()
	ended          context.Context // ends with the window
	end            context.CancelFunc
}

// visit is one stay on a screen: the console's services and a context that ends
// when the screen is left.
type visit struct {
	*Console
	ctx context.Context
}

// load does work off the UI goroutine and hands its result to done, unless the
// screen was left meanwhile.
func load[T any](v *visit, work func(context.Context) (T, error), done func(T, error)) {
	run(v.Schedule, v.ctx, work, done)
}

// New builds the console. Start shows its first screen.
func New(cfg Config) *Console {
	c := &Console{Config: cfg, place: container.NewStack(), leave: func() {}, clearClipboard: func() {}}
	c.ended, c.end = context.WithCancel(context.Background())
	c.toasts = kit.NewToasts()
	c.toasts.After = c.after
	c.status = newProfileStatus(cfg.Session)
	c.sidebar = kit.NewSidebar(brand(), []kit.SidebarItem{
		{ID: string(ScreenProducts), Label: text("nav.products"), Icon: assets.ProductsIcon()},
		{ID: string(ScreenDevices), Label: text("nav.devices"), Icon: assets.DevicesIcon()},
		{ID: string(ScreenMethods), Label: text("nav.methods"), Icon: assets.MethodsIcon()},
		{ID: string(ScreenSettings), Label: text("nav.settings"), Icon: assets.SettingsIcon()},
	}, func(id string) { c.Navigate(Route{Screen: Screen(id)}) })
	c.sidebar.SetFooter(c.status.root)
	c.root = container.NewStack(container.NewBorder(nil, nil, c.sidebar, nil, c.place), c.toasts)
	return c
}

// Content is the object to put into the window.
func (c *Console) Content() fyne.CanvasObject { return c.root }

// Start shows the first screen, takes the keyboard shortcuts and watches the
// platform until the window closes.
func (c *Console) Start() {
	c.Window.SetOnClosed(c.Close)
	c.addShortcuts()
	c.Navigate(Route{Screen: ScreenProducts})
	c.status.watch(&visit{c, c.ended})
	if !c.Session.KeyringWorks {
		c.toast(text("settings.keyring-missing"))
	}
}

// Close ends whatever the shown screen is doing, and takes a copied secret off
// the clipboard.
func (c *Console) Close() {
	c.clearClipboard()
	c.leave()
	c.end()
}

// Navigate leaves the shown screen and opens another.
func (c *Console) Navigate(r Route) {
	if c.screen != nil {
		c.history = append(c.history, c.route)
		if len(c.history) > 50 {
			c.history = c.history[1:]
		}
	}
	c.open(r)
}

// replace opens a screen in place of the shown one, which Back then skips: a
// finished form is no place to return to.
func (c *Console) replace(r Route) { c.open(r) }

// Back returns to the screen before, or to the products.
func (c *Console) Back() {
	last := Route{Screen: ScreenProducts}
	if n := len(c.history); n > 0 {
		last, c.history = c.history[n-1], c.history[:n-1]
	}
	c.open(last)
}

func (c *Console) open(r Route) {
	c.leave()
	var ctx context.Context
	ctx, c.leave = context.WithCancel(c.ended)
	c.route = r
	c.screen = c.newScreen(&visit{c, ctx}, r)
	c.sidebar.Select(string(r.section()))
	c.place.Objects = []fyne.CanvasObject{c.screen.content().root}
	c.place.Refresh()
	c.Window.Canvas().Unfocus() // what had the focus is gone with its screen
	if focus := c.screen.content().focus; focus != nil {
		c.Window.Canvas().Focus(focus)
	}
}

// addShortcuts takes the keys that work on every screen. A focused entry keeps
// its own keys.
func (c *Console) addShortcuts() {
	canvas := c.Window.Canvas()
	add := func(key fyne.KeyName, f func()) {
		canvas.AddShortcut(&desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault},
			func(fyne.Shortcut) { f() })
	}
	for i, s := range []Screen{ScreenProducts, ScreenDevices, ScreenMethods, ScreenSettings} {
		add(fyne.KeyName(rune('1'+i)), func() { c.Navigate(Route{Screen: s}) })
	}
	call := func(f func(*page) func()) func() {
		return func() {
			if do := f(c.screen.content()); do != nil {
				do()
			}
		}
	}
	add(fyne.KeyN, call(func(p *page) func() { return p.create }))
	add(fyne.KeyR, call(func(p *page) func() { return p.refresh }))
	add(fyne.KeyF, func() {
		if search := c.screen.content().search; search != nil {
			canvas.Focus(search)
		}
	})
	canvas.SetOnTypedKey(func(e *fyne.KeyEvent) {
		switch e.Name {
		case fyne.KeyF5:
			call(func(p *page) func() { return p.refresh })()
		case fyne.KeyEscape:
			if c.route.Screen != c.route.section() {
				c.Back()
			}
		}
	})
}

// ask puts a question before something that has consequences.
func (c *Console) ask(q kit.Question, do func()) { c.question = kit.Ask(c.Window, q, do) }

// newSecretField shows a secret only on demand and copies it with a timeout.
func (c *Console) newSecretField(title string, secret func() string) *kit.SecretField {
	return kit.NewSecretField(kit.SecretConfig{
		Title: title, Secret: secret, OnCopy: c.copySecret, After: c.after,
	})
}

// after calls f on the UI goroutine when d has passed, while the window is open.
func (c *Console) after(d time.Duration, f func()) { c.Schedule.after(c.ended, d, f) }

// toast tells of a success without asking for anything.
func (c *Console) toast(message string) { c.toasts.Tell(message) }

// report shows an error that has no place of its own on the screen.
func (c *Console) report(err error) { c.toasts.TellBad(explain(err).line()) }

// copySecret puts a secret on the clipboard and clears it after a while, if it
// is still there by then.
func (c *Console) copySecret(secret string) {
	clipboard := c.App.Clipboard()
	clipboard.SetContent(secret)
	c.clearClipboard = func() {
		if clipboard.Content() == secret {
			clipboard.SetContent("")
		}
	}
	c.toast(text("common.secret-copied", values{"Seconds": int(clipboardTime.Seconds())}))
	c.after(clipboardTime, c.clearClipboard)
}

// copyText puts something that is no secret on the clipboard.
func (c *Console) copyText(s string) {
	c.App.Clipboard().SetContent(s)
	c.toast(text("common.copied"))
}
