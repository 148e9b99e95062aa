package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNotRunning means that no local platform has announced itself in a data
// folder.
var ErrNotRunning = errors.New("no local platform is running on this data folder")

const addressFile = "running.json"

// Running returns the addresses of the local platform that runs on a data
// folder. The announcement of a process that was killed may still be there:
// only a signed call proves that somebody listens. ErrNotRunning where there is
// none.
func Running(dir string) (Addresses, error) {
	text, err := os.ReadFile(filepath.Join(dir, addressFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Addresses{}, ErrNotRunning
	}
	if err != nil {
		return Addresses{}, fmt.Errorf("read the addresses of the running local platform: %w", err)
	}
	var a Addresses
	if err := json.Unmarshal(text, &a); err != nil {
		return Addresses{}, fmt.Errorf("read %s: %w", filepath.Join(dir, addressFile), err)
	}
	return a, nil
}

func writeAddresses(dir string, a Addresses) error {
	path := filepath.Join(dir, addressFile)
	if err := os.WriteFile(path+".new", []byte(a.String()), 0o600); err != nil {
		return fmt.Errorf("announce addresses: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("announce addresses: %w", err)
	}
	return nil
}

// removeAddresses is best effort: a stale announcement is recognised by its
// silent port.
func removeAddresses(dir string) { _ = os.Remove(filepath.Join(dir, addressFile)) }
