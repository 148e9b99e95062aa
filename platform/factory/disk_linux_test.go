package factory

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

// A real full disk, where the user may mount one. TestExportDiskFull covers the
// same path everywhere.
func TestExportRealDiskFull(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("mounting a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	for _, out := range []string{disk, filepath.Join(disk, "new", "export")} {
		for _, format := range Formats() {
			_, err := Export(t.Context(), Request{
				Product: product, Devices: source(devices(2000)...), Formats: []Format{format}, Out: out,
			})
			if !errors.Is(err, ErrDiskFull) {
				t.Errorf("%s to %s: error is %v, want ErrDiskFull", format, out, err)
			}
			wantTree(t, disk)
		}
	}
}
