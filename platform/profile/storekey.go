package profile

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// EnvStoreKey is the environment variable with the database's sealing key.
const EnvStoreKey = "FLEETMINT_STORE_KEY"

// storeKeySize is the length of the sealing key in bytes.
const storeKeySize = 32

// The files in a data folder that StoreKey makes.
const (
	keyFile = "store.key" // the key itself, where there is no keyring
	idFile  = "store.id"  // where else the key is
)

// KeySource says where the sealing key came from.
type KeySource int

// The sources of the sealing key.
const (
	KeyFromEnvironment KeySource = iota + 1
	KeyFromKeyring
	// KeyFromFile: the key lies beside the database. It protects copies of the
	// database, not the folder.
	KeyFromFile
)

// String names the source.
func (s KeySource) String() string {
	switch s {
	case KeyFromEnvironment:
		return "environment"
	case KeyFromKeyring:
		return "keyring"
	case KeyFromFile:
		return "file"
	default:
		return fmt.Sprintf("KeySource(%d)", int(s))
	}
}

// Errors of StoreKey; match with errors.Is.
var (
	// ErrStoreKey means that a key is there but cannot be one.
	ErrStoreKey = errors.New("the database's sealing key is not 32 bytes in hexadecimal or base64")
	// ErrStoreKeyLost means that the database was sealed with a key that is
	// not at hand.
	ErrStoreKeyLost = errors.New("the database's sealing key is not at hand")
)

// storeID is the contents of store.id: it remembers where the key of a folder
// is, so that no other key is made when that place is out of reach.
type storeID struct {
	ID  string `json:"id"`  // part of the keyring entry's name
	Key string `json:"key"` // "keyring" or "environment"
}

func (s storeID) keyringKey() string { return "store-key:" + s.ID }

// StoreKey returns the 32-byte key that seals the secrets in the database of a
// data folder, and where it came from. env is the value of
// FLEETMINT_STORE_KEY: 64 hexadecimal digits or base64.
//
// The key is env where that is set; else the folder's key file, where there is
// one; else what the folder was made with; and for a new folder a new key, kept
// in the keyring or, where that does not work, in a key file of mode 0600. A
// keyring that appears later therefore never locks anyone out. ErrStoreKey for
// a key of another form, ErrStoreKeyLost where the folder's key is out of
// reach; no error repeats a key.
func StoreKey(ctx context.Context, dir, env string, ring Keyring) ([]byte, KeySource, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, 0, fmt.Errorf("make the data folder: %w", err)
	}
	if env != "" {
		key, err := parseStoreKey(env)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", EnvStoreKey, err)
		}
		return key, KeyFromEnvironment, rememberEnvironment(dir)
	}
	for {
		key, source, err := existingStoreKey(ctx, dir, ring)
		if err != nil || key != nil {
			return key, source, err
		}
		key, source, err = makeStoreKey(ctx, dir, ring)
		if !errors.Is(err, fs.ErrExist) {
			return key, source, err
		}
		// Another process was faster: its key is the folder's.
	}
}

// rememberEnvironment notes in a new folder that its key is in the environment.
func rememberEnvironment(dir string) error {
	for _, name := range []string{keyFile, idFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return nil
		}
	}
	err := writeStoreID(dir, storeID{ID: strings.ToLower(rand.Text()), Key: KeyFromEnvironment.String()})
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// existingStoreKey returns nil without an error for a folder without a key.
func existingStoreKey(ctx context.Context, dir string, ring Keyring) ([]byte, KeySource, error) {
	path := filepath.Join(dir, keyFile)
	contents, err := readSmall(path)
	if err == nil {
		key, err := parseStoreKey(string(contents))
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", path, err)
		}
		return key, KeyFromFile, keepPrivate(path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("read the sealing key: %w", err)
	}

	path = filepath.Join(dir, idFile)
	contents, err = readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read where the sealing key is: %w", err)
	}
	var id storeID
	if err := json.Unmarshal(contents, &id); err != nil || id.ID == "" {
		return nil, 0, fmt.Errorf("%w: %s is damaged; restore it, or set %s to the key", ErrStoreKeyLost, path, EnvStoreKey)
	}
	if id.Key != KeyFromKeyring.String() {
		return nil, 0, fmt.Errorf("%w: %s was made with the key in %s; set it again", ErrStoreKeyLost, dir, EnvStoreKey)
	}
	text, err := get(ctx, ring, id.keyringKey())
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, 0, fmt.Errorf("%w: it was deleted from the system keyring; restore the entry, or set %s to the key: %w", ErrStoreKeyLost, EnvStoreKey, err)
	case errors.Is(err, ErrNoKeyring):
		return nil, 0, fmt.Errorf("%w: it is in the system keyring; unlock that and start again, or set %s to the key: %w", ErrStoreKeyLost, EnvStoreKey, err)
	case err != nil:
		return nil, 0, err
	}
	key, err := parseStoreKey(text)
	if err != nil {
		return nil, 0, fmt.Errorf("%s in the system keyring: %w", id.keyringKey(), err)
	}
	return key, KeyFromKeyring, nil
}

// makeStoreKey makes a folder's key, fs.ErrExist where another process has done
// so meanwhile. The keyring is filled before store.id points there.
func makeStoreKey(ctx context.Context, dir string, ring Keyring) ([]byte, KeySource, error) {
	key := make([]byte, storeKeySize)
	rand.Read(key) // never fails
	text := hex.EncodeToString(key)
	id := storeID{ID: strings.ToLower(rand.Text()), Key: KeyFromKeyring.String()}

	err := set(ctx, ring, id.keyringKey(), text)
	switch {
	case err == nil:
		if err := writeStoreID(dir, id); err != nil {
			_ = remove(ctx, ring, id.keyringKey()) // an entry that nothing points to does no harm
			return nil, 0, err
		}
		return key, KeyFromKeyring, nil
	case !errors.Is(err, ErrNoKeyring):
		return nil, 0, err
	}
	if err := newFile(filepath.Join(dir, keyFile), []byte(text+"\n")); err != nil {
		return nil, 0, fmt.Errorf("write the sealing key: %w", err)
	}
	return key, KeyFromFile, nil
}

func writeStoreID(dir string, id storeID) error {
	contents, err := json.Marshal(id)
	if err == nil {
		err = newFile(filepath.Join(dir, idFile), append(contents, '\n'))
	}
	if err != nil {
		return fmt.Errorf("note where the sealing key is: %w", err)
	}
	return nil
}

// keepPrivate takes a key file back from group and others, to whom a copy or a
// backup may have given it.
func keepPrivate(path string) error {
	info, err := os.Stat(path)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		return fmt.Errorf("protect the sealing key: %w", err)
	}
	return nil
}

// parseStoreKey reads a key in hexadecimal or any kind of base64. The error
// does not repeat it.
func parseStoreKey(text string) ([]byte, error) {
	text = strings.TrimSpace(text)
	decoders := []func(string) ([]byte, error){
		hex.DecodeString,
		base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	}
	for _, decode := range decoders {
		if key, err := decode(text); err == nil && len(key) == storeKeySize {
			return key, nil
		}
	}
	return nil, ErrStoreKey
}
