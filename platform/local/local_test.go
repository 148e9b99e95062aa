package local_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"fleetmint/platform"
	"fleetmint/platform/local"
	"fleetmint/platform/openapi"
	"fleetmint/platform/openapi/signature"
	"fleetmint/platform/platformtest"
)

// config is a local platform of a test: any free ports, a folder of its own.
func config(t *testing.T) local.Config {
	t.Helper()
	return local.Config{
		Dir: t.TempDir(), StoreKey: []byte("0123456789abcdef0123456789abcdef"),
		Credentials: signature.Credentials{AccessKeyID: "testid", AccessKeySecret: "testsecret"},
		Log:         slog.New(slog.DiscardHandler),
	}
}

func start(t *testing.T, cfg local.Config) *local.Server {
	t.Helper()
	s, err := local.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *local.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
}

func client(t *testing.T, s *local.Server, c signature.Credentials) *openapi.Client {
	t.Helper()
	client, err := openapi.New(openapi.Config{Endpoint: s.Addresses().OpenAPI, Credentials: c, Extensions: true})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// TestContract runs what every platform.Platform must do, over the wire.
func TestContract(t *testing.T) {
	platformtest.Run(t, func(t *testing.T) platform.Platform {
		cfg := config(t)
		return client(t, start(t, cfg), cfg.Credentials)
	})
}

func TestWrongSecretIsRefused(t *testing.T) {
	cfg := config(t)
	s := start(t, cfg)
	for _, c := range []signature.Credentials{
		{AccessKeyID: cfg.Credentials.AccessKeyID, AccessKeySecret: "wrong"},
		{AccessKeyID: "unknown", AccessKeySecret: cfg.Credentials.AccessKeySecret},
	} {
		_, err := client(t, s, c).Statistics(t.Context(), "")
		if !errors.Is(err, platform.ErrUnauthorized) {
			t.Errorf("with %q: %v, want ErrUnauthorized", c.AccessKeyID, err)
		}
		if err != nil && strings.Contains(err.Error(), cfg.Credentials.AccessKeySecret) {
			t.Errorf("the error holds the secret: %v", err)
		}
	}
}

func TestEverythingIsThereAfterRestart(t *testing.T) {
	cfg := config(t)
	s := start(t, cfg)
	c := client(t, s, cfg.Credentials)
	product, err := c.CreateProduct(t.Context(), platform.NewProduct{Name: "Street-Lamp", Method: platform.PerDevice})
	if err != nil {
		t.Fatal(err)
	}
	device, err := c.RegisterDevice(t.Context(), platform.NewDevice{ProductKey: product.ProductKey, DeviceName: "dev-01"})
	if err != nil {
		t.Fatal(err)
	}
	stop(t, s)

	c = client(t, start(t, cfg), cfg.Credentials)
	again, err := c.Device(t.Context(), device.DeviceRef)
	if err != nil {
		t.Fatal(err)
	}
	if again.Certificate() != device.Certificate() {
		t.Error("the certificate changed over a restart")
	}
	kept, err := c.Product(t.Context(), product.ProductKey)
	if err != nil {
		t.Fatal(err)
	}
	if kept.ProductSecret != product.ProductSecret || kept.Method != platform.PerDevice {
		t.Errorf("the product changed over a restart: method %q", kept.Method)
	}
}

func TestSecondStartOnOneFolder(t *testing.T) {
	cfg := config(t)
	s := start(t, cfg)
	if _, err := local.Start(t.Context(), cfg); !errors.Is(err, local.ErrInUse) {
		t.Fatalf("a second start gives %v, want ErrInUse", err)
	}
	found, err := local.Running(cfg.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if found != s.Addresses() {
		t.Errorf("the running platform is announced at %v, want %v", found, s.Addresses())
	}
	stop(t, s)
	if _, err := local.Running(cfg.Dir); !errors.Is(err, local.ErrNotRunning) {
		t.Errorf("after closing: %v, want ErrNotRunning", err)
	}
}

func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	taken := l.Addr().(*net.TCPAddr).Port

	cfg := config(t)
	cfg.Ports.MQTT = local.Port{Number: taken, Exact: true}
	_, err = local.Start(t.Context(), cfg)
	if !errors.Is(err, local.ErrPortTaken) || !strings.Contains(err.Error(), strconv.Itoa(taken)) || !strings.Contains(err.Error(), "--mqtt-port") {
		t.Fatalf("insisting on a taken port gives %v", err)
	}
	cfg.Ports.MQTT.Exact = false
	s := start(t, cfg) // also shows that the failed start left nothing behind
	if _, port, _ := net.SplitHostPort(s.Addresses().MQTT); port == strconv.Itoa(taken) || port == "0" {
		t.Errorf("MQTT listens on %s", s.Addresses().MQTT)
	}
}
