package app

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"fleetmint/platform/local"
	"fleetmint/platform/profile"
)

// platformFlags are the flags that shape a local platform.
type platformFlags struct {
	dir, host string
	ports     local.Ports
	limits    local.Limits
	legacyTLS bool
}

func (p *platformFlags) register(flags *flag.FlagSet) {
	p.ports = local.DefaultPorts()
	flags.StringVar(&p.dir, "data", "", "data folder (where left out: the user's data folder)")
	flags.StringVar(&p.host, "host", "127.0.0.1", "address to listen on")
	port := func(target *local.Port, name, what string) {
		flags.Func(name, fmt.Sprintf("%s (default %d; 0: any free port)", what, target.Number), func(text string) error {
			n, err := strconv.ParseUint(text, 10, 16)
			if err != nil {
				return fmt.Errorf("a port is a number from 0 to 65535")
			}
			*target = local.Port{Number: int(n), Exact: n != 0}
			return nil
		})
	}
	port(&p.ports.API, "api-port", "OpenAPI over http")
	port(&p.ports.HTTPS, "https-port", "OpenAPI and dynamic registration over https")
	port(&p.ports.MQTT, "mqtt-port", "MQTT over TCP")
	port(&p.ports.MQTTS, "mqtts-port", "MQTT over TLS")
	flags.BoolVar(&p.legacyTLS, "legacy-tls", true, "also offer the cipher suites of the official C SDKs")
	flags.Func("limit", "NAME=N, repeatable: connections, message-bytes", p.setLimit)
}

func (p *platformFlags) setLimit(text string) error {
	name, value, _ := strings.Cut(text, "=")
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is not NAME=N with N at least 1", text)
	}
	switch name {
	case "connections":
		p.limits.Connections = n
	case "message-bytes":
		p.limits.MessageBytes = n
	default:
		return fmt.Errorf("there is no limit %q; there are connections and message-bytes", name)
	}
	return nil
}

func (p *platformFlags) config(std streams) (local.Config, error) {
	if p.dir == "" {
		dir, err := dataFolder()
		if err != nil {
			return local.Config{}, err
		}
		p.dir = dir
	}
	return local.Config{
		Dir: p.dir, Host: p.host, Ports: p.ports, Limits: p.limits, LegacyTLS: p.legacyTLS, Log: newLogger(std),
	}, nil
}

// serve runs the local platform until a signal. Standard output gets exactly
// one line, the addresses, when every listener is up.
func serve(ctx context.Context, args []string, std streams) error {
	var chosen platformFlags
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	chosen.register(flags)
	if err := parse(flags, args, std); err != nil {
		return err
	}
	cfg, err := chosen.config(std)
	if err != nil {
		return err
	}
	ring := profile.OSKeyring()
	credentials, err := profile.LocalCredentials(ctx, ring, profile.MakeIfKeyring)
	if err != nil {
		return err
	}
	platform, err := openLocal(ctx, cfg, credentials, ring)
	if err != nil {
		return err
	}
	if platform.server == nil {
		return fmt.Errorf("serve: %w: another Fleetmint serves %s at %s", local.ErrInUse, cfg.Dir, platform.addresses.OpenAPI)
	}
	if _, err := fmt.Fprintln(std.out, platform.addresses); err != nil {
		return fmt.Errorf("print the addresses: %w", err)
	}
	<-ctx.Done()
	return platform.Close()
}
