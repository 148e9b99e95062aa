package platformtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"

	"fleetmint/platform"
)

// limited is the context of a test, with a limit that only a hang reaches.
func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	t.Cleanup(cancel)
	return ctx
}

// unique makes a name that no other run has.
func unique(prefix string) string {
	return prefix + "_" + strings.ToLower(rand.Text()[:12])
}

// numbered makes count DeviceNames.
func numbered(prefix string, count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%04d", prefix, i+1)
	}
	return names
}

func deviceNames(devices []platform.Device) []string {
	names := make([]string, len(devices))
	for i, d := range devices {
		names[i] = d.DeviceName
	}
	return names
}

// wantKind fails the test unless err is a *platform.Error of the kind, says
// something, and names the field where one is expected.
func wantKind(t *testing.T, err, kind error, field, what string) {
	t.Helper()
	var refused *platform.Error
	switch {
	case !errors.Is(err, kind):
		t.Errorf("%s: %v, want %v", what, err, kind)
	case !errors.As(err, &refused):
		t.Errorf("%s: %v is not a *platform.Error", what, err)
	case refused.Op == "" || refused.Message == "":
		t.Errorf("%s: %q does not say what failed and why", what, err)
	case field != "" && refused.Field != field:
		t.Errorf("%s: field %q, want %q", what, refused.Field, field)
	}
}

// createProduct creates a product and deletes it, with its devices, after the
// test.
func createProduct(t *testing.T, p platform.Platform, product platform.NewProduct) platform.Product {
	t.Helper()
	created, err := p.CreateProduct(limited(t), product)
	if created.ProductKey != "" {
		t.Cleanup(func() { removeProduct(t, p, created.ProductKey) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// removeProduct deletes what a test left. A product that is gone already is
// fine.
func removeProduct(t *testing.T, p platform.Platform, productKey string) {
	t.Helper()
	// The test's own context has ended when clean-up runs.
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	for {
		page, err := p.Devices(ctx, productKey, platform.Page{Number: 1, Size: 50})
		if errors.Is(err, platform.ErrNotFound) {
			return
		}
		if err != nil {
			t.Errorf("clean up: %v", err)
			return
		}
		if len(page.Devices) == 0 {
			break
		}
		for _, d := range page.Devices {
			if err := p.DeleteDevice(ctx, d.DeviceRef); err != nil && !errors.Is(err, platform.ErrNotFound) {
				t.Errorf("clean up: %v", err)
				return
			}
		}
	}
	if err := p.DeleteProduct(ctx, productKey); err != nil && !errors.Is(err, platform.ErrNotFound) {
		t.Errorf("clean up: %v", err)
	}
}

func registerDevice(t *testing.T, p platform.Platform, device platform.NewDevice) platform.Device {
	t.Helper()
	registered, err := p.RegisterDevice(limited(t), device)
	if err != nil {
		t.Fatal(err)
	}
	return registered
}

// registerBatch registers a batch of which nothing may be refused.
func registerBatch(t *testing.T, p platform.Platform, batch platform.Batch) platform.BatchResult {
	t.Helper()
	result, err := p.RegisterDevices(limited(t), batch, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := max(len(batch.Names), batch.Count); len(result.Devices) != want || len(result.Rejected) != 0 {
		t.Fatalf("%d devices and %d rejected names, want %d and 0", len(result.Devices), len(result.Rejected), want)
	}
	return result
}

// recorder checks reports of progress. They come from one goroutine at a time.
type recorder struct {
	t    *testing.T
	last platform.Progress
	any  bool
}

func (r *recorder) record(p platform.Progress) {
	if r.any && p.Done < r.last.Done || p.Done > p.Total {
		r.t.Errorf("progress went from %+v to %+v", r.last, p)
	}
	r.last, r.any = p, true
}

func (r *recorder) wantComplete(total int) {
	r.t.Helper()
	if want := (platform.Progress{Done: total, Total: total}); r.last != want {
		r.t.Errorf("the last progress is %+v, want %+v", r.last, want)
	}
}
