package app

import (
	"errors"
	"log/slog"
	"testing"

	"fleetmint/platform"
	"fleetmint/platform/local"
	"fleetmint/platform/openapi/signature"
	"fleetmint/platform/profile"
)

func TestSecondConsoleConnectsToTheFirst(t *testing.T) {
	t.Setenv(profile.EnvStoreKey, "")
	cfg := local.Config{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}
	credentials := signature.Credentials{AccessKeyID: "testid", AccessKeySecret: "testsecret"}
	ring := &profile.MemoryKeyring{}
	open := func(c signature.Credentials) (*localPlatform, error) {
		t.Helper()
		p, err := openLocal(t.Context(), cfg, c, ring)
		if err == nil {
			t.Cleanup(func() {
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		return p, err
	}
	first, err := open(credentials)
	if err != nil {
		t.Fatal(err)
	}
	second, err := open(credentials)
	if err != nil {
		t.Fatal(err)
	}
	if first.server == nil || second.server != nil {
		t.Fatal("it must be the first that runs the platform, and only the first")
	}
	create, err := second.client()
	if err != nil {
		t.Fatal(err)
	}
	made, err := create.CreateProduct(t.Context(), platform.NewProduct{Name: "Street-Lamp", Method: platform.PerDevice})
	if err != nil {
		t.Fatal(err)
	}
	look, err := first.client()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := look.Product(t.Context(), made.ProductKey); err != nil {
		t.Errorf("the first does not see what the second created: %v", err)
	}

	// With another pair there is no connecting: both causes are said.
	_, err = open(signature.Credentials{AccessKeyID: "testid", AccessKeySecret: "wrong"})
	if !errors.Is(err, local.ErrInUse) || !errors.Is(err, platform.ErrUnauthorized) {
		t.Errorf("a second console with another pair: %v", err)
	}
}
