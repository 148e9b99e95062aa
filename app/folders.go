package app

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// dataFolder is where the local platform keeps its database unless --data says
// otherwise: the place each system gives to a program's data.
func dataFolder() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "fleetmint"), nil
	}
	switch runtime.GOOS {
	case "windows":
		if dir := os.Getenv("LocalAppData"); dir != "" {
			return filepath.Join(dir, "Fleetmint"), nil
		}
	case "darwin":
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, "Library", "Application Support", "Fleetmint"), nil
		}
	default:
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, ".local", "share", "fleetmint"), nil
		}
	}
	return "", fmt.Errorf("find the data folder: this user has no home folder; name one with --data")
}

// openCrashFile opens the file that receives the trace of a crash. A trace
// holds addresses and function names, never the contents of strings.
func openCrashFile() (*os.File, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	dir = filepath.Join(dir, "fleetmint")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(dir, "crash.txt"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
}
