package app

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"fleetmint/platform"
	"fleetmint/views"
	"fleetmint/views/theme"
)

// tour does the main job through the window's own code and leaves a picture of
// every step, the exported package and a report.
func tour(ctx context.Context, args []string, std streams) error {
	var out, shot, device, size, variant string
	flags := flag.NewFlagSet("tour", flag.ContinueOnError)
	flags.StringVar(&out, "out", "out/tour", "folder for pictures, package and report")
	flags.StringVar(&shot, "shot", os.Getenv("FLEETMINT_SHOT"), "command that takes a picture of the screen; the file name is appended")
	flags.StringVar(&device, "device", os.Getenv("FLEETMINT_DEVICE"), "command of a device that connects with the exported certificate; the CSV file and the MQTT address are appended")
	flags.StringVar(&size, "size", "1280x800", "size of the window")
	flags.StringVar(&variant, "theme", "light", "light or dark")
	if err := parse(flags, args, std); err != nil {
		return err
	}
	width, height, err := parseSize(size)
	if err != nil {
		return fmt.Errorf("%w: tour: %w", errUsage, err)
	}
	choice := theme.ParseChoice(variant)
	if choice == theme.FollowSystem {
		return fmt.Errorf("%w: tour: --theme is light or dark", errUsage)
	}
	name := size + "-" + variant
	guide := &guide{
		pictures: filepath.Join(out, name), packages: filepath.Join(out, "package-"+name),
		shot: strings.Fields(shot), device: strings.Fields(device), std: std,
	}
	for _, dir := range []string{guide.pictures, guide.packages} {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("clear the last tour: %w", err)
		}
	}
	if err := os.MkdirAll(guide.pictures, 0o755); err != nil {
		return fmt.Errorf("make the folder for pictures: %w", err)
	}
	data, err := os.MkdirTemp("", "fleetmint-tour-")
	if err != nil {
		return fmt.Errorf("make a data folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(data) }()

	finished := errors.New("the window was closed before the tour ended")
	err = openWindow(ctx, windowOptions{
		dir: data, size: fyne.NewSize(width, height), variant: choice,
		ready: func(ctx context.Context, c *views.Console, p *localPlatform) {
			finished = guide.lead(ctx, c, p)
			fyne.Do(fyne.CurrentApp().Quit)
		},
	}, std)
	return errors.Join(finished, err, guide.report(filepath.Join(out, name+".md"), finished))
}

func parseSize(text string) (width, height float32, err error) {
	w, h, found := strings.Cut(text, "x")
	x, errX := strconv.Atoi(w)
	y, errY := strconv.Atoi(h)
	if !found || errX != nil || errY != nil || x < 640 || y < 480 {
		return 0, 0, fmt.Errorf("%q is not a size such as 1280x800", text)
	}
	return float32(x), float32(y), nil
}

// guide leads through the tour and keeps what the report tells.
type guide struct {
	pictures, packages string
	shot, device       []string
	std                streams
	steps              []string
	exported           []string
}

func (g *guide) lead(ctx context.Context, c *views.Console, p *localPlatform) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute) // against hanging in a script
	defer cancel()
	var running *exec.Cmd
	defer func() {
		if running != nil {
			_ = running.Process.Kill()
			_ = running.Wait()
		}
	}()
	return c.Tour(ctx, views.Tour{
		Packages: g.packages,
		Picture:  func(name string) error { return g.picture(ctx, name) },
		Exported: func(files []string) { g.exported = files },
		Connect: func(device platform.Device, csv string) (bool, error) {
			if len(g.device) == 0 {
				return false, nil
			}
			running = exec.CommandContext(ctx, g.device[0], append(g.device[1:], csv, device.DeviceName, p.addresses.MQTT)...)
			running.Stderr = g.std.err
			if err := running.Start(); err != nil {
				running = nil
				return false, fmt.Errorf("start the device: %w", err)
			}
			return true, nil
		},
	})
}

// picture takes one when the window has had time to paint: what is on the
// screen is one frame behind what the widgets say.
func (g *guide) picture(ctx context.Context, name string) error {
	g.steps = append(g.steps, name)
	if len(g.shot) == 0 {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(400 * time.Millisecond):
	}
	file := filepath.Join(g.pictures, fmt.Sprintf("%02d-%s.png", len(g.steps), name))
	command := exec.CommandContext(ctx, g.shot[0], append(g.shot[1:], file)...)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("take picture %s: %w: %s", name, err, output)
	}
	return nil
}

func (g *guide) report(path string, failure error) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Tour\n\nFleetmint %s\n\n", version)
	for i, step := range g.steps {
		fmt.Fprintf(&b, "%d. %s\n", i+1, step)
	}
	files, err := json.MarshalIndent(g.exported, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	fmt.Fprintf(&b, "\nExported files:\n\n```json\n%s\n```\n", files)
	if failure != nil {
		fmt.Fprintf(&b, "\nStopped by: %v\n", failure)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
