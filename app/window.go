package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"time"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/lang"

	"fleetmint/assets"
	"fleetmint/platform/factory"
	"fleetmint/platform/local"
	"fleetmint/platform/profile"
	"fleetmint/views"
	"fleetmint/views/theme"
)

// pollInterval is how often the shown screen asks the platform for news.
const pollInterval = time.Second

// windowOptions are what differs between the window of every day and the tour.
type windowOptions struct {
	dir     string
	size    fyne.Size
	variant theme.Choice
	// ready runs on a goroutine of its own once the console is shown.
	ready func(ctx context.Context, c *views.Console, p *localPlatform)
}

// window opens the console.
func window(ctx context.Context, args []string, std streams) error {
	flags := flag.NewFlagSet("fleetmint", flag.ContinueOnError)
	var options windowOptions
	flags.StringVar(&options.dir, "data", "", "data folder of the local platform (where left out: the user's data folder)")
	if err := parse(flags, args, std); err != nil {
		return err
	}
	options.size = fyne.NewSize(1280, 800)
	return openWindow(ctx, options, std)
}

// openWindow shows the console and returns when it is closed. The local
// platform starts beside the first frame, not before it.
func openWindow(ctx context.Context, options windowOptions, std streams) error {
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return errors.New("there is no display to open a window on; fleetmint serve and fleetmint export work without one")
	}
	if err := useLocale(); err != nil {
		return err
	}
	if options.dir == "" {
		dir, err := dataFolder()
		if err != nil {
			return err
		}
		options.dir = dir
	}

	fyneapp.SetMetadata(fyne.AppMetadata{ID: ID, Name: "Fleetmint", Version: version, Icon: assets.Icon()})
	a := fyneapp.NewWithID(ID)
	a.SetIcon(assets.Icon())
	choice := options.variant
	if choice == theme.FollowSystem {
		choice = theme.ParseChoice(a.Preferences().String(views.PreferenceTheme))
	}
	a.Settings().SetTheme(theme.New(choice))
	w := a.NewWindow("Fleetmint")
	w.SetPadded(false)
	w.Resize(options.size)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	quitOnSignal := context.AfterFunc(ctx, func() { fyne.Do(a.Quit) })

	log := newLogger(std)
	start := newStarter(ctx, options, w, log)
	a.Lifecycle().SetOnStarted(start.begin)
	w.ShowAndRun()
	quitOnSignal()
	cancel()
	return start.finish()
}

// starter brings up the local platform and then the console. Its only goroutine
// ends before finish returns.
type starter struct {
	ctx      context.Context
	options  windowOptions
	window   fyne.Window
	log      *slog.Logger
	done     chan struct{}
	platform *localPlatform
}

func newStarter(ctx context.Context, options windowOptions, w fyne.Window, log *slog.Logger) *starter {
	s := &starter{ctx: ctx, options: options, window: w, log: log, done: make(chan struct{})}
	w.SetContent(views.Starting())
	return s
}

func (s *starter) begin() {
	go func() {
		defer close(s.done)
		platform, session, err := s.open()
		if err != nil {
			fyne.Do(func() { s.window.SetContent(views.StartFailed(err, s.retry)) })
			return
		}
		s.platform = platform
		client, err := platform.client()
		if err != nil {
			fyne.Do(func() { s.window.SetContent(views.StartFailed(err, s.retry)) })
			return
		}
		fyne.Do(func() {
			console := views.New(views.Config{
				App: fyne.CurrentApp(), Window: s.window, Schedule: views.Live(pollInterval),
				Platform: client, Export: factory.Export, Session: session,
			})
			s.window.SetContent(console.Content())
			console.Start()
			if s.options.ready != nil {
				go s.options.ready(s.ctx, console, platform)
			}
		})
	}()
}

// retry starts over after a failure that a person has put right.
func (s *starter) retry() {
	<-s.done // closed: it was that goroutine that offered the retry
	s.done = make(chan struct{})
	s.window.SetContent(views.Starting())
	s.begin()
}

// open starts the local platform, or finds it running.
func (s *starter) open() (*localPlatform, views.Session, error) {
	ring := profile.OSKeyring()
	credentials, err := profile.LocalCredentials(s.ctx, ring, profile.MakeIfKeyring)
	session := views.Session{DataFolder: s.options.dir, KeyringWorks: true}
	if errors.Is(err, profile.ErrNoKeyring) {
		// Without a keyring the pair lives and dies with this run; the window
		// says so.
		session.KeyringWorks, session.KeyringReason = false, err.Error()
		credentials, err = profile.LocalCredentials(s.ctx, ring, profile.MakeForThisRun)
	}
	if err != nil {
		return nil, session, err
	}
	platform, err := openLocal(s.ctx, local.Config{
		Dir: s.options.dir, Ports: local.DefaultPorts(), LegacyTLS: true, Log: s.log,
	}, credentials, ring)
	if err != nil {
		return nil, session, err
	}
	session.Addresses = views.Addresses(platform.addresses)
	session.Shared = platform.server == nil
	session.KeyInFile = platform.keySource == profile.KeyFromFile
	session.AccessKeyID = credentials.AccessKeyID
	return platform, session, nil
}

// finish closes the local platform after the window.
func (s *starter) finish() error {
	select {
	case <-s.done:
	case <-time.After(shutdownTime):
		return errors.New("close the console: the local platform did not finish starting")
	}
	if s.platform == nil {
		return nil
	}
	return s.platform.Close()
}

// useLocale loads the translations. A system without a real locale ("C") would
// make every look-up complain, so it counts as English.
func useLocale() error {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"} {
		switch os.Getenv(name) {
		case "C", "C.UTF-8", "POSIX":
			if err := os.Setenv(name, "en_US.UTF-8"); err != nil {
				return fmt.Errorf("set the language: %w", err)
			}
		}
	}
	if os.Getenv("LANG") == "" {
		if err := os.Setenv("LANG", "en_US.UTF-8"); err != nil {
			return fmt.Errorf("set the language: %w", err)
		}
	}
	if err := lang.AddTranslationsFS(assets.Translations, "lang"); err != nil {
		return fmt.Errorf("load translations: %w", err)
	}
	return nil
}
