package factory

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// tempPrefix begins the name of a folder with an unfinished export.
	tempPrefix = ".fleetmint-export-"
	// abandonedAfter is the age at which an unfinished export counts as left
	// behind by a killed process. A living one touches its folder each minute.
	abandonedAfter = time.Hour
	touchInterval  = time.Minute
)

// file is a file being written.
type file interface {
	io.WriteCloser
	Sync() error
}

// creator makes a new file. Tests put a failing disk in its place.
type creator func(path string) (file, error)

func createFile(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

// staging is a temporary folder that becomes the export when it is whole.
type staging struct {
	out     string   // the folder that is to hold the files
	exists  bool     // whether out was there before
	temp    string   // inside out where that exists, else beside it: always on its file system
	parents []string // folders above out made for this export, outermost first
	create  creator

	mu      sync.Mutex
	files   []string
	touched time.Time
}

// stage makes the temporary folder for an export to out.
func stage(out string, create creator) (*staging, error) {
	out, err := filepath.Abs(out)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	s := &staging{out: out, create: create, touched: time.Now()}
	info, err := os.Stat(out)
	switch {
	case err == nil && !info.IsDir():
		return nil, fmt.Errorf("%w: %s is not a folder", ErrFolder, out)
	case err == nil:
		s.exists = true
		removeAbandoned(out)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, explain(err)
	}
	base := filepath.Dir(out)
	if s.exists {
		base = out
	} else if err := s.makeParents(base); err != nil {
		return nil, errors.Join(explain(err), s.discard())
	}
	removeAbandoned(filepath.Dir(out))
	if s.temp, err = os.MkdirTemp(base, tempPrefix+"*"); err != nil { // with mode 0700
		return nil, errors.Join(explain(err), s.discard())
	}
	return s, nil
}

// makeParents makes a folder and those above it, and remembers which are new.
func (s *staging) makeParents(dir string) error {
	var missing []string
	for {
		_, err := os.Stat(dir)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return err
		}
		missing = append(missing, dir)
		dir = filepath.Dir(dir)
	}
	for _, dir := range slices.Backward(missing) {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		s.parents = append(s.parents, dir)
	}
	return nil
}

// removeAbandoned deletes what killed exports left in a folder. Failing to do
// so is no reason to refuse a new one.
func removeAbandoned(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), tempPrefix) {
			continue
		}
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > abandonedAfter {
			_ = os.RemoveAll(filepath.Join(dir, entry.Name()))
		}
	}
}

// mkdir makes a subfolder of the export.
func (s *staging) mkdir(name string) error {
	return explain(os.Mkdir(filepath.Join(s.temp, name), 0o700))
}

// stagedFile is a new file of the export. Errors of writing say what kind they
// are.
type stagedFile struct {
	file   file
	closed bool
}

// open makes a file of the export. ErrExists where the target folder holds it
// already: better known now than after an hour.
func (s *staging) open(name string) (*stagedFile, error) {
	if s.exists {
		if err := mustBeNew(filepath.Join(s.out, name)); err != nil {
			return nil, err
		}
	}
	f, err := s.create(filepath.Join(s.temp, name))
	if err != nil {
		return nil, explain(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = append(s.files, name)
	if now := time.Now(); now.Sub(s.touched) > touchInterval {
		s.touched = now
		if err := os.Chtimes(s.temp, now, now); err != nil {
			return nil, errors.Join(explain(err), f.Close())
		}
	}
	return &stagedFile{file: f}, nil
}

// write makes a file with the given contents.
func (s *staging) write(name string, contents []byte) error {
	f, err := s.open(name)
	if err != nil {
		return err
	}
	defer f.close()
	if _, err := f.Write(contents); err != nil {
		return err
	}
	return f.commit()
}

// Write writes to the file.
func (f *stagedFile) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	return n, explain(err)
}

// commit makes the file durable and closes it.
func (f *stagedFile) commit() error {
	if err := f.file.Sync(); err != nil {
		return explain(err)
	}
	f.closed = true
	return explain(f.file.Close())
}

// close closes a file that was not committed; its contents are dropped anyway.
func (f *stagedFile) close() {
	if !f.closed {
		f.closed = true
		_ = f.file.Close()
	}
}

func (s *staging) written() []string {
	slices.Sort(s.files)
	return s.files
}

// publish renames the files into place. On an error it takes back what it has
// moved.
func (s *staging) publish() error {
	if err := syncFolders(s.temp); err != nil {
		return explain(err)
	}
	var moved []string
	err := s.rename(&moved)
	if err == nil {
		if s.exists {
			_ = os.RemoveAll(s.temp) // holds empty folders at most
		}
		return nil
	}
	for _, path := range slices.Backward(moved) {
		if removeErr := os.RemoveAll(path); removeErr != nil {
			err = errors.Join(err, fmt.Errorf("take back %s: %w", path, removeErr))
		}
	}
	return err
}

func (s *staging) rename(moved *[]string) error {
	if s.exists {
		return merge(s.temp, s.out, moved)
	}
	if err := mustBeNew(s.out); err != nil {
		return err
	}
	if err := os.Rename(s.temp, s.out); err != nil {
		return explain(err)
	}
	*moved = append(*moved, s.out)
	return explain(syncFolder(filepath.Dir(s.out)))
}

// merge moves the entries of one folder into another. Folders on both sides
// are merged; a file that is there already ends it with ErrExists.
func merge(from, to string, moved *[]string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return explain(err)
	}
	for _, entry := range entries {
		source, target := filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())
		if info, err := os.Stat(target); err == nil && info.IsDir() && entry.IsDir() {
			if err := merge(source, target, moved); err != nil {
				return err
			}
			continue
		}
		if err := mustBeNew(target); err != nil {
			return err
		}
		if err := os.Rename(source, target); err != nil {
			return explain(err)
		}
		*moved = append(*moved, target)
	}
	return explain(syncFolder(to))
}

// mustBeNew returns ErrExists where there is anything at a path.
func mustBeNew(path string) error {
	_, err := os.Lstat(path)
	switch {
	case err == nil:
		return fmt.Errorf("%w: %s", ErrExists, path)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return explain(err)
	}
}

// discard removes the unfinished export and the folders made for it.
func (s *staging) discard() error {
	if s.temp != "" {
		if err := os.RemoveAll(s.temp); err != nil {
			return fmt.Errorf("remove the unfinished export: %w", err)
		}
	}
	for _, dir := range slices.Backward(s.parents) {
		_ = os.Remove(dir) // stays where someone has put something into it
	}
	return nil
}

// syncFolders makes the names in a folder and in those below it durable.
func syncFolders(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return syncFolder(path)
	})
}

// syncFolder makes the names in a folder durable. Windows has no such call and
// journals names itself.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
