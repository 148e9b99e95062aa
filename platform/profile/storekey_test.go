package profile

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// broken is a keyring that does not work.
type broken struct{}

func (broken) Get(string) (string, error) { return "", ErrNoKeyring }
func (broken) Set(string, string) error   { return ErrNoKeyring }
func (broken) Delete(string) error        { return ErrNoKeyring }

// forgetful is a keyring that loses what it accepts.
type forgetful struct{ MemoryKeyring }

func (*forgetful) Set(string, string) error { return nil }

func wantStoreKey(t *testing.T, dir, env string, ring Keyring, key []byte, source KeySource) []byte {
	t.Helper()
	got, gotSource, err := StoreKey(t.Context(), dir, env, ring)
	if err != nil || gotSource != source || len(got) != storeKeySize || key != nil && !bytes.Equal(got, key) {
		t.Fatalf("a key of %d bytes from the %v, %v; want one from the %v, the same as before: %t", len(got), gotSource, err, source, key != nil)
	}
	return got
}

func wantNoStoreKey(t *testing.T, dir, env string, ring Keyring, want error, says string) {
	t.Helper()
	key, _, err := StoreKey(t.Context(), dir, env, ring)
	if key != nil || !errors.Is(err, want) || !strings.Contains(err.Error(), says) {
		t.Errorf("a key of %d bytes, %v; want %v with %q", len(key), err, want, says)
	}
}

func TestStoreKeyInKeyring(t *testing.T) {
	dir, ring := filepath.Join(t.TempDir(), "data"), new(MemoryKeyring)
	key := wantStoreKey(t, dir, "", ring, nil, KeyFromKeyring)
	wantStoreKey(t, dir, "", ring, key, KeyFromKeyring)
	if other := wantStoreKey(t, t.TempDir(), "", ring, nil, KeyFromKeyring); bytes.Equal(other, key) {
		t.Error("two folders have the same key")
	}
	contents, err := os.ReadFile(filepath.Join(dir, idFile))
	if err != nil || bytes.Contains(contents, []byte(hex.EncodeToString(key))) {
		t.Errorf("store.id holds the key, or %v", err)
	}

	wantNoStoreKey(t, dir, "", broken{}, ErrStoreKeyLost, "unlock")
	wantNoStoreKey(t, dir, "", broken{}, ErrNoKeyring, EnvStoreKey)
	wantNoStoreKey(t, dir, "", new(MemoryKeyring), ErrStoreKeyLost, "deleted")
	wantStoreKey(t, dir, hex.EncodeToString(key), broken{}, key, KeyFromEnvironment)
	wantStoreKey(t, dir, "", ring, key, KeyFromKeyring)
}

func TestStoreKeyInFile(t *testing.T) {
	for _, ring := range []Keyring{broken{}, new(forgetful)} {
		dir := t.TempDir()
		key := wantStoreKey(t, dir, "", ring, nil, KeyFromFile)
		path := filepath.Join(dir, keyFile)
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v, want mode 0600", info, err)
		}
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		wantStoreKey(t, dir, "", new(MemoryKeyring), key, KeyFromFile) // a keyring has appeared
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v, want mode 0600 again", info, err)
		}
		if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
			t.Fatal(err)
		}
		wantNoStoreKey(t, dir, "", ring, ErrStoreKey, path)
	}
}

func TestStoreKeyInEnvironment(t *testing.T) {
	key := bytes.Repeat([]byte{0xfb, 0xff}, storeKeySize/2)
	for _, env := range []string{
		hex.EncodeToString(key), strings.ToUpper(hex.EncodeToString(key)), hex.EncodeToString(key) + "\n",
		base64.StdEncoding.EncodeToString(key), base64.RawStdEncoding.EncodeToString(key), base64.URLEncoding.EncodeToString(key),
	} {
		dir := t.TempDir()
		wantStoreKey(t, dir, env, broken{}, key, KeyFromEnvironment)
		// Without the variable there is no other key for the folder.
		wantNoStoreKey(t, dir, "", new(MemoryKeyring), ErrStoreKeyLost, EnvStoreKey)
	}
	for _, env := range []string{"hush", strings.Repeat("00", 31), strings.Repeat("00", 33)} {
		_, _, err := StoreKey(t.Context(), t.TempDir(), env, broken{})
		if !errors.Is(err, ErrStoreKey) || strings.Contains(err.Error(), env) {
			t.Errorf("%q: %v, want ErrStoreKey without the value", env, err)
		}
	}
}

func TestStoreKeyDamagedID(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, idFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantNoStoreKey(t, dir, "", new(MemoryKeyring), ErrStoreKeyLost, "damaged")
}

// Processes that start on a new folder at the same time agree on one key.
func TestStoreKeyRace(t *testing.T) {
	for _, ring := range []Keyring{new(MemoryKeyring), broken{}} {
		dir := t.TempDir()
		keys := make([][]byte, 8)
		var all sync.WaitGroup
		for i := range keys {
			all.Go(func() {
				var err error
				if keys[i], _, err = StoreKey(t.Context(), dir, "", ring); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, key := range keys {
			if !bytes.Equal(key, keys[0]) {
				t.Error("two callers have different keys")
			}
		}
	}
}

func FuzzParseStoreKey(f *testing.F) {
	f.Add(strings.Repeat("0a", 32))
	f.Add(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parseStoreKey(text)
		if (err == nil) != (len(key) == storeKeySize) {
			t.Errorf("%q: a key of %d bytes, %v", text, len(key), err)
		}
	})
}
