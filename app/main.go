// Package app is where Fleetmint is put together: the command line, the wiring
// of platform, profiles and views, and the life of the window.
//
// Main runs one command in the calling goroutine and returns its exit code. The
// commands own what they start: when one returns, the local platform is closed
// and its goroutines have ended.
package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"
)

// ID is the application's unique id, used for preferences and the keyring.
const ID = "io.fleetmint.console"

// version is set when building, from the version control tag.
var version = "development"

// Exit codes of every command.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// errUsage marks an error that is the caller's: the exit code is 2.
var errUsage = errors.New("usage")

type command struct {
	name, summary string
	run           func(ctx context.Context, args []string, std streams) error
}

// streams are the standard streams of a command.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func commands() []command {
	return []command{
		{"serve", "run the local platform without a window", serve},
		{"export", "write certificates to files without a window", export},
		{"tour", "show the main job in the window and take pictures of it", tour},
		{"version", "print the version", printVersion},
	}
}

// Main runs the command that args name, the window where they name none, and
// returns the exit code: 0 done, 1 failed, 2 wrong usage.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	// A fault in a background goroutine must leave its trace where a person
	// without a terminal finds it.
	if crash, err := openCrashFile(); err == nil {
		_ = debug.SetCrashOutput(crash, debug.CrashOptions{})
		_ = crash.Close()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	std := streams{stdin, stdout, stderr}
	var err error
	switch i := slices.IndexFunc(commands(), func(c command) bool { return len(args) > 0 && c.name == args[0] }); {
	case i >= 0:
		err = commands()[i].run(ctx, args[1:], std)
	case len(args) > 0 && args[0] == "help":
		printUsage(stdout)
	case len(args) > 0 && args[0] != "" && args[0][0] != '-':
		err = fmt.Errorf("%w: there is no command %q", errUsage, args[0])
	default:
		err = window(ctx, args, std)
	}
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return exitDone
	case errors.Is(err, errUsage):
		fmt.Fprintf(stderr, "fleetmint: %v\n", err)
		printUsage(stderr)
		return exitUsage
	default:
		fmt.Fprintf(stderr, "fleetmint: %v\n", err)
		return exitFailed
	}
}

func printUsage(w io.Writer) {
	fmt.Fprint(w, "\nfleetmint              open the console\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "fleetmint %-12s %s\n", c.name, c.summary)
	}
	fmt.Fprint(w, "\nfleetmint COMMAND --help lists the flags of a command.\n")
}

func printVersion(_ context.Context, _ []string, std streams) error {
	_, err := fmt.Fprintf(std.out, "fleetmint %s\n", version)
	return err
}

// parse reads flags and refuses anything left over.
func parse(flags *flag.FlagSet, args []string, std streams) error {
	flags.SetOutput(std.err)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w: %s: %w", errUsage, flags.Name(), err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%w: %s takes no argument %q", errUsage, flags.Name(), flags.Arg(0))
	}
	return nil
}
