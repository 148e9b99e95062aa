package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	sqlite3 "github.com/mattn/go-sqlite3"
)

//go:embed migrations/*.sql
var embedded embed.FS

// applicationID marks the file as ours: "FMNT".
const applicationID = 0x464D4E54

// Options of the connections. synchronous=FULL makes a commit durable; the
// driver's default would not.
const (
	writerOptions  = "mode=rw&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=on&_busy_timeout=5000&_cache_size=-65536&_stmt_cache_size=64"
	readerOptions  = "mode=ro&_query_only=on&_busy_timeout=5000&_cache_size=-16384&_stmt_cache_size=64"
	inspectOptions = "mode=ro&_query_only=on"
)

func dsn(path, options string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // a drive letter
		path = "/" + path
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: options}).String()
}

// migration is one step; its version is its place in the list, from 1.
type migration struct{ name, sql string }

// readMigrations reads 0001_*.sql, 0002_*.sql and so on.
func readMigrations(steps fs.FS) ([]migration, error) {
	names, err := fs.Glob(steps, "*.sql") // in order
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	list := make([]migration, 0, len(names))
	for _, name := range names {
		number, _, _ := strings.Cut(name, "_")
		if n, err := strconv.Atoi(number); err != nil || n != len(list)+1 {
			return nil, fmt.Errorf("migration %s is out of order", name)
		}
		text, err := fs.ReadFile(steps, name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		list = append(list, migration{name, string(text)})
	}
	return list, nil
}

// prepare leaves a database of the current version at path. One that cannot be
// used is not touched.
func prepare(ctx context.Context, path string, steps fs.FS, seal sealer, log *slog.Logger) error {
	list, err := readMigrations(steps)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := create(ctx, path, list, seal); err != nil {
			return fmt.Errorf("make %s: %w", path, err)
		}
		return nil
	}
	version, err := inspect(ctx, path, len(list), seal)
	if err != nil {
		return describe(path, err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Chmod(name, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("close database to others: %w", err)
		}
	}
	if version == len(list) {
		return nil
	}
	backup := fmt.Sprintf("%s.v%d.bak", path, version)
	if err := backUp(ctx, path, backup); err != nil {
		return fmt.Errorf("copy %s before its migration: %w", path, err)
	}
	log.Info("migrating database", "from", version, "to", len(list), "backup", backup)
	if err := migrate(ctx, path, version, list, nil); err != nil {
		return fmt.Errorf("migrate %s (it is unchanged; a copy is at %s): %w", path, backup, err)
	}
	return nil
}

// describe adds to a reason what to do about it.
func describe(path string, err error) error {
	var coded sqlite3.Error
	switch {
	case errors.Is(err, ErrNewer):
		return fmt.Errorf("open %s: %w; update Fleetmint, or choose another data folder", path, err)
	case errors.Is(err, ErrKey):
		return fmt.Errorf("open %s: %w; give the key it was made with, or choose another data folder", path, err)
	case errors.Is(err, errUnseal),
		errors.As(err, &coded) && (coded.Code == sqlite3.ErrCorrupt || coded.Code == sqlite3.ErrNotADB):
		err = fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if errors.Is(err, ErrCorrupt) {
		return fmt.Errorf("open %s: %w; restore a copy of it, or choose another data folder", path, err)
	}
	return fmt.Errorf("open %s: %w", path, err)
}

// inspect reads a database without changing a byte of it and returns its
// version.
func inspect(ctx context.Context, path string, known int, seal sealer) (version int, err error) {
	options := inspectOptions
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		// With no log to read, SQLite need not even make its shared memory file.
		options += "&immutable=1"
	}
	db, err := sql.Open("sqlite3", dsn(path, options))
	if err != nil {
		return 0, fmt.Errorf("read: %w", err)
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()

	var id int64
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return 0, fmt.Errorf("read application id: %w", err)
	}
	if id != applicationID {
		return 0, fmt.Errorf("%w: application id is %#x", ErrCorrupt, id)
	}
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, fmt.Errorf("read version: %w", err)
	}
	if version > known {
		return 0, fmt.Errorf("%w: its format is %d, this version knows %d", ErrNewer, version, known)
	}
	if version < 1 {
		return 0, fmt.Errorf("%w: format %d", ErrCorrupt, version)
	}
	var finding string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&finding); err != nil {
		return 0, fmt.Errorf("check: %w", err)
	}
	if finding != "ok" {
		return 0, fmt.Errorf("%w: %s", ErrCorrupt, finding)
	}
	var sealed []byte
	if err := db.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = ?", keyCheckName).Scan(&sealed); err != nil {
		return 0, fmt.Errorf("%w: read key check: %w", ErrCorrupt, err)
	}
	if !seal.opensKeyCheck(sealed) {
		return 0, ErrKey
	}
	return version, nil
}

// create makes a new database beside its place and moves it there when it is
// complete: what stands at path is never half made.
func create(ctx context.Context, path string, list []migration, seal sealer) error {
	fresh := path + ".new"
	for _, name := range []string{fresh, fresh + "-wal", fresh + "-shm", fresh + "-journal"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove remains: %w", err)
		}
	}
	// SQLite gives the files beside a database the mode of the database.
	if err := touch(fresh); err != nil {
		return err
	}
	err := migrate(ctx, fresh, 0, list, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, "INSERT INTO meta (name, value) VALUES (?, ?)", keyCheckName, seal.keyCheck())
		return err
	})
	if err != nil {
		return err
	}
	return moveInto(fresh, path)
}

func touch(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	return f.Close()
}

// moveInto renames a finished file durably.
func moveInto(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("move into place: %w", err)
	}
	if runtime.GOOS == "windows" { // folders cannot be synced there
		return nil
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// migrate runs the steps after a version, and then last, in one transaction.
func migrate(ctx context.Context, path string, version int, list []migration, last func(*sql.Conn) error) (err error) {
	db, err := sql.Open("sqlite3", dsn(path, writerOptions))
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()

	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if err != nil {
			_, undone := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
			err = errors.Join(err, undone)
		}
	}()
	for _, step := range list[version:] {
		if _, err := conn.ExecContext(ctx, step.sql); err != nil {
			return fmt.Errorf("run %s: %w", step.name, err)
		}
	}
	marks := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, len(list))
	if _, err := conn.ExecContext(ctx, marks); err != nil {
		return fmt.Errorf("mark version: %w", err)
	}
	if last != nil {
		if err := last(conn); err != nil {
			return fmt.Errorf("fill: %w", err)
		}
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// backUp makes a complete copy of the database, what is still in its log
// included.
func backUp(ctx context.Context, path, backup string) (err error) {
	fresh := backup + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove remains: %w", err)
	}
	if err := touch(fresh); err != nil {
		return err
	}
	db, err := sql.Open("sqlite3", dsn(path, writerOptions))
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", fresh)
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	return moveInto(fresh, backup)
}
