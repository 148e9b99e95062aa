package app

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"fleetmint/platform/local"
	"fleetmint/platform/openapi"
	"fleetmint/platform/openapi/signature"
	"fleetmint/platform/profile"
)

// shutdownTime is how long a clean shutdown may take.
const shutdownTime = 5 * time.Second

// localPlatform is the local platform of a data folder: started by this
// process, or found running in another.
type localPlatform struct {
	addresses   local.Addresses
	credentials signature.Credentials
	keySource   profile.KeySource
	server      *local.Server // nil where another process runs it
}

// openLocal starts the local platform of a data folder, or connects to the one
// that another process already runs there.
func openLocal(ctx context.Context, cfg local.Config, credentials signature.Credentials, ring profile.Keyring) (*localPlatform, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	key, source, err := profile.StoreKey(ctx, cfg.Dir, os.Getenv("FLEETMINT_STORE_KEY"), ring)
	if err != nil {
		return nil, err
	}
	if source == profile.KeyFromFile {
		cfg.Log.Warn("the database's sealing key is a file in the data folder: it protects copies of the database, not the folder", "folder", cfg.Dir)
	}
	cfg.StoreKey = key
	cfg.Credentials = credentials
	server, err := local.Start(ctx, cfg)
	if err == nil {
		return &localPlatform{server.Addresses(), credentials, source, server}, nil
	}
	if !errors.Is(err, local.ErrInUse) {
		return nil, err
	}
	addresses, runningErr := local.Running(cfg.Dir)
	if runningErr != nil {
		return nil, errors.Join(err, runningErr)
	}
	found := &localPlatform{addresses, credentials, source, nil}
	client, runningErr := found.client()
	if runningErr == nil {
		_, runningErr = client.Statistics(ctx, "")
	}
	if runningErr != nil {
		return nil, fmt.Errorf("%w; connecting to it failed: %w", err, runningErr)
	}
	return found, nil
}

// client talks to the local platform as to any other: signed OpenAPI calls.
func (p *localPlatform) client() (*openapi.Client, error) {
	return openapi.New(openapi.Config{Endpoint: p.addresses.OpenAPI, Credentials: p.credentials, Extensions: true})
}

// Close ends the platform where this process started it.
func (p *localPlatform) Close() error {
	if p.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	return p.server.Close(ctx)
}

// certificatePool is the system's roots and, where there is one, a CA of the
// local platform.
func certificatePool(caPath string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pem, err := os.ReadFile(caPath)
	if errors.Is(err, os.ErrNotExist) {
		return pool, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the local CA: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read the local CA: %s holds no certificate", caPath)
	}
	return pool, nil
}

func newLogger(std streams) *slog.Logger {
	return slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelInfo}))
}
