// Package store keeps the products and devices of the local platform in an
// embedded SQLite database, with their secrets sealed, and beside it in memory
// what verification needs.
//
// Every change is durable when the method that makes it returns without an
// error: it survives the end of the process and of the power at any later
// moment. The one exception is LastOnline and Address of a device that has
// connected before, which are written a little behind. An error other than a
// *platform.Error refusal leaves open whether the change was made.
//
// A Store is safe for concurrent use. It owns one goroutine, the writer, which
// gathers the changes that wait, makes them in one transaction, each in a
// savepoint of its own, and brings memory in step before it answers the
// callers. Reads use other connections and never wait for it. Close ends the
// writer after all changes that were accepted. One process at a time has a data
// folder; a lock file sees to that.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"fleetmint/platform"
	"fleetmint/platform/identity"
)

// Reasons why a data folder cannot be used. The database is left as it was,
// and the error that wraps one of them says what to do.
var (
	ErrLocked  = errors.New("data folder is in use by another process")
	ErrNewer   = errors.New("database was made by a newer version of Fleetmint")
	ErrCorrupt = errors.New("database is damaged or is not one of Fleetmint's")
	ErrKey     = errors.New("sealing key does not fit the database")
)

// ErrClosed is the cause of every refusal after Close.
var ErrClosed = errors.New("store is closed")

// Files of the data folder.
const (
	databaseFile = "fleetmint.db"
	lockFile     = "fleetmint.lock"
)

// readers is how many read connections there may be.
const readers = 4

// Config is what a Store needs. Dir, Key and Log are required.
type Config struct {
	Dir   string // data folder, made where it does not exist
	Key   []byte // KeySize bytes that seal the secrets
	Log   *slog.Logger
	Clock func() time.Time // time.Now where nil
}

// Store is an open data folder.
type Store struct {
	log      *slog.Logger
	now      func() time.Time
	seal     sealer
	lock     *flock.Flock
	read     *sql.DB
	writer   *writer
	activity *activityLog
	presence presence

	mu       sync.RWMutex
	products map[string]*product // by ProductKey
	byID     map[int64]*product

	closeOnce sync.Once
	closeErr  error
}

// product is what memory holds of one product.
type product struct {
	id      int64
	key     string
	secret  string
	nextSeq uint32 // the writer's alone

	mu      sync.RWMutex
	dynamic bool
	devices *table
}

// Open opens the data folder, making folder and database where there are none,
// and reads what verification needs into memory. Errors: ErrLocked, ErrNewer,
// ErrCorrupt, ErrKey, or a failure of the disk.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	steps, err := fs.Sub(embedded, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return open(ctx, cfg, steps)
}

func open(ctx context.Context, cfg Config, steps fs.FS) (_ *Store, err error) {
	if cfg.Log == nil {
		return nil, errors.New("open store: no logger given")
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	seal, err := newSealer(cfg.Key)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("open store in %q: %w", cfg.Dir, err)
	}
	if err := makeFolder(dir); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}

	s := &Store{
		log: cfg.Log, now: cfg.Clock, seal: seal,
		activity: newActivityLog(cfg.Clock),
		presence: presence{pending: map[platform.DeviceRef]seen{}},
		products: map[string]*product{}, byID: map[int64]*product{},
	}
	s.lock = flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o600))
	locked, err := s.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock data folder %s: %w", dir, err)
	}
	if !locked {
		return nil, fmt.Errorf("lock data folder %s: %w; stop the other one or choose another folder", dir, ErrLocked)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.lock.Unlock())
		}
	}()

	path := filepath.Join(dir, databaseFile)
	if err := prepare(ctx, path, steps, seal, cfg.Log); err != nil {
		return nil, err
	}
	s.read, err = sql.Open("sqlite3", dsn(path, readerOptions))
	if err != nil {
		return nil, fmt.Errorf("open %s for reading: %w", path, err)
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.read.Close())
		}
	}()
	if err := s.load(ctx); err != nil {
		return nil, describe(path, err)
	}
	s.writer, err = newWriter(ctx, path, s.flushPresence)
	if err != nil {
		return nil, err
	}
	if err := s.resumeApplications(ctx); err != nil {
		s.writer.stop()
		return nil, errors.Join(err, s.writer.wait())
	}
	return s, nil
}

// Close waits for the changes under way, writes what was still held back and
// gives the data folder free. It may be called more than once; every other
// method that needs the database then fails with ErrClosed.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		// The writer's connection is the last one to close: it then moves the
		// log into the database and removes it.
		s.writer.stop()
		s.closeErr = errors.Join(s.read.Close(), s.writer.wait(), s.lock.Unlock())
	})
	if s.closeErr != nil {
		return fmt.Errorf("close store: %w", s.closeErr)
	}
	return nil
}

// load builds the memory tables. Nobody is online after a start.
func (s *Store) load(ctx context.Context) error {
	rows, err := s.read.QueryContext(ctx, "SELECT id, product_key, secret, dynamic_registration FROM products")
	if err != nil {
		return fmt.Errorf("read products: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		p := &product{}
		var sealed sql.RawBytes
		if err := rows.Scan(&p.id, &p.key, &sealed, &p.dynamic); err != nil {
			return fmt.Errorf("read products: %w", err)
		}
		secret, err := s.seal.open(nil, place("products", p.key, ""), sealed)
		if err != nil {
			return fmt.Errorf("ProductSecret of %s: %w", p.key, err)
		}
		p.secret = string(secret)
		s.byID[p.id] = p
		s.products[p.key] = p
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read products: %w", err)
	}
	for _, p := range s.byID {
		if err := s.loadDevices(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) loadDevices(ctx context.Context, p *product) error {
	rows, err := s.read.QueryContext(ctx,
		"SELECT name, seq, secret, disabled, registrable, activated FROM devices WHERE product = ?", p.id)
	if err != nil {
		return fmt.Errorf("read devices: %w", err)
	}
	defer rows.Close()
	var found loading
	var secret []byte
	for rows.Next() {
		var (
			name                             string
			sealed                           sql.RawBytes
			seq                              uint32
			disabled, registrable, activated int64
		)
		if err := rows.Scan(&name, &seq, &sealed, &disabled, &registrable, &activated); err != nil {
			return fmt.Errorf("read devices: %w", err)
		}
		secret, err = s.seal.open(secret[:0], place("devices", p.key, name), sealed)
		if err != nil {
			return fmt.Errorf("DeviceSecret of %s in %s: %w", name, p.key, err)
		}
		var f flags
		if disabled != 0 {
			f |= flagDisabled
		}
		if registrable != 0 {
			f |= flagRegistrable
		}
		if activated != 0 {
			f |= flagActivated
		}
		found.add(name, string(secret), seq, f)
		p.nextSeq = max(p.nextSeq, seq+1)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read devices: %w", err)
	}
	p.devices = found.table()
	return nil
}

// Verification returns what is needed to verify a device, false when there is
// no such device. It reads memory only.
func (s *Store) Verification(productKey, deviceName string) (identity.DeviceVerification, bool) {
	p, ok := s.product(productKey)
	if !ok {
		return identity.DeviceVerification{}, false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	record, ok := p.devices.find(deviceName)
	if !ok {
		return identity.DeviceVerification{}, false
	}
	f := p.devices.flags[record]
	return identity.DeviceVerification{
		DeviceSecret: p.devices.secret(record),
		Disabled:     f.has(flagDisabled),
		Active:       f.has(flagActivated) && !f.has(flagRegistrable),
	}, true
}

// ProductVerification returns what is needed to verify a device by the secret
// of its product, false when there is no such product. It reads memory only.
func (s *Store) ProductVerification(productKey string) (identity.ProductVerification, bool) {
	p, ok := s.product(productKey)
	if !ok {
		return identity.ProductVerification{}, false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return identity.ProductVerification{ProductSecret: p.secret, DynamicRegistration: p.dynamic}, true
}

// Statistics counts the devices of one product, or of all products where
// productKey is empty. It reads memory only.
func (s *Store) Statistics(_ context.Context, productKey string) (platform.Statistics, error) {
	if productKey != "" {
		p, err := s.need("count devices", productKey)
		if err != nil {
			return platform.Statistics{}, err
		}
		return p.statistics(), nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var sum platform.Statistics
	for _, p := range s.products {
		one := p.statistics()
		sum.Devices += one.Devices
		sum.Active += one.Active
		sum.Online += one.Online
	}
	return sum, nil
}

func (p *product) statistics() platform.Statistics {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return platform.Statistics{
		Devices: int64(p.devices.alive), Active: int64(p.devices.activated), Online: int64(p.devices.online),
	}
}

// change runs a change of one device in memory, where the device exists.
func (p *product) change(name string, apply func(t *table, record uint32)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	record, ok := p.devices.find(name)
	if ok {
		apply(p.devices, record)
	}
	return ok
}

func (s *Store) product(productKey string) (*product, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, ok := s.products[productKey]
	return p, ok
}

func (s *Store) need(op, productKey string) (*product, error) {
	p, ok := s.product(productKey)
	if !ok {
		return nil, noProduct(op, productKey)
	}
	return p, nil
}

func noProduct(op, productKey string) error {
	return &platform.Error{
		Op: op, Kind: platform.ErrNotFound, Field: platform.FieldProductKey, Value: productKey,
		Message: fmt.Sprintf("there is no product %q", productKey),
	}
}

func noDevice(op, deviceName string) error {
	return &platform.Error{
		Op: op, Kind: platform.ErrNotFound, Field: platform.FieldDeviceName, Value: deviceName,
		Message: fmt.Sprintf("there is no device %q in the product", deviceName),
	}
}

// failure turns what the database or the context reports into an error of the
// domain; refusals pass unchanged.
func failure(op string, err error) error {
	var refusal *platform.Error
	switch {
	case errors.As(err, &refusal):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", op, err)
	case errors.Is(err, ErrClosed):
		return &platform.Error{Op: op, Kind: platform.ErrUnavailable, Err: ErrClosed}
	default:
		return &platform.Error{Op: op, Kind: platform.ErrInternal, Err: err}
	}
}

// readFailure is failure for a read: the pool of read connections has its own
// word for closed.
func (s *Store) readFailure(op string, err error) error {
	select {
	case <-s.writer.closing:
		return failure(op, ErrClosed)
	default:
		return failure(op, err)
	}
}

// millis is how times are stored; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// makeFolder makes the data folder for its owner alone.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at data folder: %w", err)
	}
	switch {
	case info.Mode()&fs.ModeSticky != 0:
		return fmt.Errorf("data folder %s is shared with other users; choose a folder of its own", dir)
	case info.Mode().Perm()&0o077 != 0:
		if err := os.Chmod(dir, 0o700); err != nil {
			return fmt.Errorf("close data folder to others: %w", err)
		}
	}
	return nil
}
