package factory

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"syscall"
)

// Why an export failed; match with errors.Is.
var (
	ErrFormat      = errors.New("unknown format")
	ErrExists      = errors.New("the file is there already and is not overwritten")
	ErrDiskFull    = errors.New("the disk is full")
	ErrFolder      = errors.New("the folder cannot be used")
	ErrCertificate = errors.New("the certificate cannot be exported")
	ErrEmpty       = errors.New("there is no device to export")
	ErrMissing     = errors.New("a device is not registered")
	ErrChanged     = errors.New("devices were deleted while they were being listed; export again")
)

// explain adds the kind of failure to an error of the file system.
func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case isDiskFull(err):
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist),
		errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EROFS), errors.Is(err, syscall.ENAMETOOLONG):
		return fmt.Errorf("%w: %w", ErrFolder, err)
	default:
		return err
	}
}

func isDiskFull(err error) bool {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return true
	}
	// Windows reports its own numbers: ERROR_HANDLE_DISK_FULL and
	// ERROR_DISK_FULL.
	var number syscall.Errno
	return runtime.GOOS == "windows" && errors.As(err, &number) && (number == 39 || number == 112)
}
