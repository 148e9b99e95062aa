package profile

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"fleetmint/platform/openapi/signature"
)

var pair = signature.Credentials{AccessKeyID: "LTAItestid", AccessKeySecret: "testsecret", SecurityToken: "testtoken"}

// The provider of the keyring package is one for the whole process, so none of
// these tests runs in parallel.

func TestOSKeyringErrors(t *testing.T) {
	ring := OSKeyring()
	keyring.MockInit()
	if _, err := ring.Get("k"); !errors.Is(err, ErrNotFound) || errors.Is(err, ErrNoKeyring) {
		t.Errorf("get of nothing: %v, want ErrNotFound", err)
	}
	if err := ring.Delete("k"); !errors.Is(err, ErrNotFound) {
		t.Errorf("delete of nothing: %v, want ErrNotFound", err)
	}
	if err := ring.Set("k", "v"); err != nil {
		t.Error(err)
	}
	if value, err := ring.Get("k"); value != "v" || err != nil {
		t.Errorf("get: %q, %v", value, err)
	}

	cause := errors.New("the daemon is away")
	keyring.MockInitWithError(cause)
	_, err := ring.Get("k")
	for op, err := range map[string]error{"get": err, "set": ring.Set("k", "hush"), "delete": ring.Delete("k")} {
		if !errors.Is(err, ErrNoKeyring) || !errors.Is(err, cause) || errors.Is(err, ErrNotFound) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, want ErrNoKeyring with its cause", op, err)
		}
	}
}

func TestVault(t *testing.T) {
	keyring.MockInit()
	ctx, v := t.Context(), NewVault(OSKeyring())
	if err := v.Probe(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Credentials(ctx, "p"); !errors.Is(err, ErrNoCredentials) {
		t.Errorf("credentials of nothing: %v, want ErrNoCredentials", err)
	}
	if err := v.Save(ctx, "p", pair); err != nil {
		t.Fatal(err)
	}
	for _, v := range []*Vault{v, NewVault(OSKeyring())} {
		if got, err := v.Credentials(ctx, "p"); err != nil || got != pair {
			t.Errorf("credentials: %v", err)
		}
		if ok, reason := v.Status(); !ok || reason != "" || !v.Persistent() {
			t.Errorf("status is %t, %q", ok, reason)
		}
	}
	for range 2 {
		if err := v.Forget(ctx, "p"); err != nil {
			t.Error(err)
		}
	}
	if _, err := v.Credentials(ctx, "p"); !errors.Is(err, ErrNoCredentials) {
		t.Errorf("credentials after Forget: %v, want ErrNoCredentials", err)
	}
}

func TestVaultWithoutKeyring(t *testing.T) {
	keyring.MockInitWithError(errors.New("the daemon is away"))
	checkVaultWithoutKeyring(t)

	// The keyring comes to life: what is in memory still says so until it is
	// saved again.
	v := NewVault(OSKeyring())
	if err := v.Save(t.Context(), "p", pair); err != nil {
		t.Fatal(err)
	}
	keyring.MockInit()
	if err := v.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ok, reason := v.Status(); ok || !strings.Contains(reason, "this run only") {
		t.Errorf("status is %t, %q", ok, reason)
	}
	if err := v.Save(t.Context(), "p", pair); err != nil || !v.Persistent() {
		t.Errorf("saved again: %v, persistent %t", err, v.Persistent())
	}
}

// checkVaultWithoutKeyring expects a vault to fall back to memory and say so.
func checkVaultWithoutKeyring(t *testing.T) {
	t.Helper()
	ctx, v := t.Context(), NewVault(OSKeyring())
	if err := v.Probe(ctx); !errors.Is(err, ErrNoKeyring) {
		t.Errorf("probe: %v, want ErrNoKeyring", err)
	}
	if _, err := v.Credentials(ctx, "p"); !errors.Is(err, ErrNoCredentials) || !errors.Is(err, ErrNoKeyring) {
		t.Errorf("credentials: %v, want ErrNoCredentials and ErrNoKeyring", err)
	}
	if err := v.Save(ctx, "p", pair); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Credentials(ctx, "p"); err != nil || got != pair {
		t.Errorf("credentials: %v", err)
	}
	ok, reason := v.Status()
	if ok || v.Persistent() || !strings.Contains(reason, ErrNoKeyring.Error()) || strings.Contains(reason, pair.AccessKeySecret) {
		t.Errorf("status is %t, %q", ok, reason)
	}
	if err := v.Forget(ctx, "p"); !errors.Is(err, ErrNoKeyring) {
		t.Errorf("forget: %v, want ErrNoKeyring", err)
	}
	if _, err := v.Credentials(ctx, "p"); !errors.Is(err, ErrNoCredentials) {
		t.Errorf("credentials after Forget: %v, want ErrNoCredentials", err)
	}
}

// locked is a keyring that waits for a person.
type locked struct{ release chan struct{} }

func (l locked) Get(string) (string, error) { <-l.release; return "", ErrNoKeyring }
func (l locked) Set(string, string) error   { <-l.release; return ErrNoKeyring }
func (l locked) Delete(string) error        { <-l.release; return ErrNoKeyring }

func TestVaultGivesUpWaiting(t *testing.T) {
	ring := locked{make(chan struct{})}
	defer close(ring.release)
	v := NewVault(ring)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- v.Save(ctx, "p", pair) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("save: %v, want context.Canceled", err)
	}
	if !v.Persistent() {
		t.Error("a call given up counts as a failure of the keyring")
	}
}

func TestVaultDamagedEntry(t *testing.T) {
	ring := new(MemoryKeyring)
	for _, text := range []string{"hush", "{}", `{"accessKeySecret":"hush"}`} {
		if err := ring.Set(credentialsKey("p"), text); err != nil {
			t.Fatal(err)
		}
		_, err := NewVault(ring).Credentials(t.Context(), "p")
		if !errors.Is(err, ErrNoCredentials) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v, want ErrNoCredentials without the text", text, err)
		}
	}
}
