package profile

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/zalando/go-keyring"
)

// Errors of a Keyring; match with errors.Is.
var (
	// ErrNotFound means that the keyring works and has no such entry.
	ErrNotFound = errors.New("not in the keyring")
	// ErrNoKeyring means that the keyring cannot be used: there is none, it is
	// locked, or it refused. The cause is wrapped.
	ErrNoKeyring = errors.New("the system keyring does not work")
)

// Keyring keeps short secrets by key. A value has at most about 2,500 bytes,
// the limit of Windows. Every error is ErrNotFound or ErrNoKeyring and never
// holds a value. Implementations are safe for concurrent use; a call may block
// until a person has unlocked the keyring.
type Keyring interface {
	// Get returns the value of a key, or ErrNotFound.
	Get(key string) (string, error)
	// Set stores the value of a key, replacing an older one.
	Set(key, value string) error
	// Delete removes a key; ErrNotFound where there is none.
	Delete(key string) error
}

// service is the name under which the system keyring files our entries.
const service = "io.fleetmint.console"

// OSKeyring is the user's keyring of the operating system: Secret Service,
// macOS Keychain or Windows Credential Manager.
func OSKeyring() Keyring { return osKeyring{} }

type osKeyring struct{}

func (osKeyring) Get(key string) (string, error) {
	value, err := keyring.Get(service, key)
	if err != nil {
		return "", keyringError("read", key, err)
	}
	return value, nil
}

func (osKeyring) Set(key, value string) error {
	return keyringError("store", key, keyring.Set(service, key, value))
}

func (osKeyring) Delete(key string) error {
	return keyringError("delete", key, keyring.Delete(service, key))
}

// keyringError sorts the keyring's errors, which apart from not-found have no
// types of their own, into the two that matter.
func keyringError(op, key string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return fmt.Errorf("%s %s: %w", op, key, ErrNotFound)
	default:
		return fmt.Errorf("%s %s: %w: %w", op, key, ErrNoKeyring, err)
	}
}

// MemoryKeyring keeps secrets for this run only. Its zero value is empty and
// ready for use.
type MemoryKeyring struct {
	mu      sync.Mutex
	entries map[string]string
}

// Get implements Keyring.
func (k *MemoryKeyring) Get(key string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	value, ok := k.entries[key]
	if !ok {
		return "", keyringError("read", key, keyring.ErrNotFound)
	}
	return value, nil
}

// Set implements Keyring.
func (k *MemoryKeyring) Set(key, value string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.entries == nil {
		k.entries = make(map[string]string)
	}
	k.entries[key] = value
	return nil
}

// Delete implements Keyring.
func (k *MemoryKeyring) Delete(key string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.entries[key]; !ok {
		return keyringError("delete", key, keyring.ErrNotFound)
	}
	delete(k.entries, key)
	return nil
}

func (k *MemoryKeyring) len() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.entries)
}

// Probe reports whether a keyring works by storing, reading and deleting an
// entry of its own: nil, ErrNoKeyring, or the context's error.
func Probe(ctx context.Context, ring Keyring) error {
	key, value := "probe-"+rand.Text(), rand.Text()
	if err := set(ctx, ring, key, value); err != nil {
		return err
	}
	if err := remove(ctx, ring, key); err != nil {
		return fmt.Errorf("%w: %w", ErrNoKeyring, err)
	}
	return nil
}

// get, set and remove call a keyring, which may block, under a context.

func get(ctx context.Context, ring Keyring, key string) (string, error) {
	return await(ctx, func() (string, error) { return ring.Get(key) })
}

// set stores a value and reads it back: a keyring that loses what it accepted
// does not work.
func set(ctx context.Context, ring Keyring, key, value string) error {
	kept, err := await(ctx, func() (string, error) {
		if err := ring.Set(key, value); err != nil {
			return "", err
		}
		return ring.Get(key)
	})
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && kept != value:
		return fmt.Errorf("store %s: %w: it did not keep what was stored", key, ErrNoKeyring)
	default:
		return err
	}
}

func remove(ctx context.Context, ring Keyring, key string) error {
	_, err := await(ctx, func() (string, error) { return "", ring.Delete(key) })
	return err
}

func await(ctx context.Context, call func() (string, error)) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("use the system keyring: %w", err)
	}
	type answer struct {
		value string
		err   error
	}
	answers := make(chan answer, 1) // so that an answer nobody waits for does not keep the goroutine
	go func() {
		value, err := call()
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		return "", fmt.Errorf("wait for the system keyring: %w", ctx.Err())
	}
}
