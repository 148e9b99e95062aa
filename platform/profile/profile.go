// Package profile keeps what the console needs to reach its platforms: the
// connection profiles in a file without secrets, and the secrets in the
// keyring of the operating system. It also decides which key seals the local
// platform's database.
//
// All types may be used concurrently. Calls of the system keyring can wait for
// a person to unlock it; they run in a goroutine each, which is left behind
// when the context ends first and ends with the call.
package profile

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Kind says what a profile connects to.
type Kind string

// The kinds of profile.
const (
	Local Kind = "local" // the embedded local platform
	Cloud Kind = "cloud" // Alibaba Cloud IoT Platform
)

// LocalID is the ID of the profile that is always there: the embedded local
// platform.
const LocalID = "local"

// Profile says how to reach one platform. It holds no secret: the AccessKey
// pair is in a Vault under the profile's ID.
type Profile struct {
	ID            string `json:"id"` // chosen by Save where it is empty
	Name          string `json:"name"`
	Kind          Kind   `json:"kind"`
	Region        string `json:"region,omitempty"`        // for example cn-shanghai
	Endpoint      string `json:"endpoint,omitempty"`      // URL; empty: the region's
	IotInstanceID string `json:"iotInstanceId,omitempty"` // empty: a public instance
}

// Errors of profiles; match with errors.Is.
var (
	ErrInvalid   = errors.New("invalid profile")
	ErrNoProfile = errors.New("no such profile")
	ErrBuiltIn   = errors.New("the local profile is always there")
	ErrDamaged   = errors.New("the file of profiles cannot be read; move it away to start with an empty one")
)

func (p Profile) check() error {
	if strings.TrimSpace(p.Name) == "" {
		return fmt.Errorf("%w: it needs a name", ErrInvalid)
	}
	switch p.Kind {
	case Local:
	case Cloud:
		if p.Region == "" && p.Endpoint == "" {
			return fmt.Errorf("%w: it needs a region or an endpoint", ErrInvalid)
		}
	default:
		return fmt.Errorf("%w: its kind is %q, not %s or %s", ErrInvalid, p.Kind, Local, Cloud)
	}
	if p.Endpoint == "" {
		return nil
	}
	address, err := url.Parse(p.Endpoint)
	switch {
	case err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https":
		return fmt.Errorf("%w: its endpoint is not an http or https address", ErrInvalid)
	case address.User != nil:
		return fmt.Errorf("%w: its endpoint holds a user name or password", ErrInvalid)
	}
	return nil
}

// Profiles are the profiles of a configuration folder, in profiles.json (mode
// 0600). Each call reads the file anew, so that two consoles see each other's
// changes; where both write at once, the last one wins.
type Profiles struct {
	path string
	mu   sync.Mutex
}

// document is the contents of profiles.json.
type document struct {
	Active   string    `json:"active"`
	Profiles []Profile `json:"profiles"`
}

// Open returns the profiles of a configuration folder, which is made when the
// first profile is saved.
func Open(dir string) *Profiles { return &Profiles{path: filepath.Join(dir, "profiles.json")} }

// List returns all profiles in the order in which they were made. The local
// one is first and always there.
func (p *Profiles) List() ([]Profile, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, err := p.read()
	return d.Profiles, err
}

// Active returns the profile in use: the local one unless SetActive named
// another.
func (p *Profiles) Active() (Profile, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, err := p.read()
	if err != nil {
		return Profile{}, err
	}
	return d.Profiles[max(d.index(d.Active), 0)], nil
}

// SetActive makes a profile the one in use. ErrNoProfile where there is none
// of that ID.
func (p *Profiles) SetActive(id string) error {
	return p.change(func(d *document) error {
		if d.index(id) < 0 {
			return fmt.Errorf("%w: %s", ErrNoProfile, id)
		}
		d.Active = id
		return nil
	})
}

// Save adds a profile, or replaces the one with its ID, and returns it with
// its ID. ErrInvalid names what is wrong with it.
func (p *Profiles) Save(profile Profile) (Profile, error) {
	if err := profile.check(); err != nil {
		return Profile{}, err
	}
	if profile.ID == "" {
		profile.ID = strings.ToLower(rand.Text())
	}
	if profile.ID == LocalID && profile.Kind != Local {
		return Profile{}, fmt.Errorf("change its kind: %w", ErrBuiltIn)
	}
	return profile, p.change(func(d *document) error {
		if i := d.index(profile.ID); i >= 0 {
			d.Profiles[i] = profile
		} else {
			d.Profiles = append(d.Profiles, profile)
		}
		return nil
	})
}

// Delete removes a profile; where it was active, the local one becomes so. Its
// credentials stay in the keyring until Vault.Forget. ErrBuiltIn for the local
// profile, ErrNoProfile where there is none of that ID.
func (p *Profiles) Delete(id string) error {
	if id == LocalID {
		return fmt.Errorf("delete profile: %w", ErrBuiltIn)
	}
	return p.change(func(d *document) error {
		i := d.index(id)
		if i < 0 {
			return fmt.Errorf("%w: %s", ErrNoProfile, id)
		}
		d.Profiles = slices.Delete(d.Profiles, i, i+1)
		if d.Active == id {
			d.Active = LocalID
		}
		return nil
	})
}

func (d *document) index(id string) int {
	return slices.IndexFunc(d.Profiles, func(p Profile) bool { return p.ID == id })
}

func (p *Profiles) change(edit func(*document) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, err := p.read()
	if err != nil {
		return err
	}
	if err := edit(&d); err != nil {
		return err
	}
	contents, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("save profiles: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(p.path), 0o700); err != nil {
		return fmt.Errorf("save profiles: %w", err)
	}
	if err := replaceFile(p.path, append(contents, '\n')); err != nil {
		return fmt.Errorf("save profiles: %w", err)
	}
	return nil
}

// read returns the file's contents, with the local profile put in where it is
// missing.
func (p *Profiles) read() (document, error) {
	var d document
	contents, err := readSmall(p.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return d, fmt.Errorf("read profiles: %w", err)
	}
	if err == nil {
		if err := json.NewDecoder(bytes.NewReader(contents)).Decode(&d); err != nil {
			return document{}, fmt.Errorf("%w: %s: %w", ErrDamaged, p.path, err)
		}
	}
	if d.index(LocalID) < 0 {
		local := Profile{ID: LocalID, Name: "Local platform", Kind: Local}
		d.Profiles = slices.Insert(d.Profiles, 0, local)
	}
	if d.Active == "" {
		d.Active = LocalID
	}
	return d, nil
}

// maxFile limits every file read by this package.
const maxFile = 1 << 20

var errTooBig = errors.New("the file is larger than 1 MiB")

func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	contents, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(contents) > maxFile {
		err = fmt.Errorf("%s: %w", path, errTooBig)
	}
	return contents, err
}
