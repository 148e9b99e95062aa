package profile

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// inside marks the test process that runs in an environment of its own: the
// connection to the session bus is made once for a process.
const inside = "FLEETMINT_TEST_INSIDE"

// TestRealKeyring runs against GNOME Keyring on a private session bus with a
// home of its own.
func TestRealKeyring(t *testing.T) {
	if os.Getenv(inside) != "" {
		checkRealKeyring(t)
		return
	}
	for tool, pkg := range map[string]string{"dbus-run-session": "dbus", "gnome-keyring-daemon": "gnome-keyring"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is needed to test the real keyring: install %s", tool, pkg)
		}
	}
	const script = `printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec "$0" -test.run '^TestRealKeyring$' -test.v`
	runInside(t, "PASS: TestRealKeyring", "dbus-run-session", "--", "bash", "-c", script, os.Args[0])
}

func checkRealKeyring(t *testing.T) {
	ctx, v := t.Context(), NewVault(OSKeyring())
	if err := v.Probe(ctx); err != nil {
		t.Fatal(err)
	}
	if err := v.Save(ctx, "p", pair); err != nil {
		t.Fatal(err)
	}
	if ok, reason := v.Status(); !ok {
		t.Fatal(reason)
	}
	if files, err := filepath.Glob(filepath.Join(os.Getenv("XDG_DATA_HOME"), "keyrings", "*")); err != nil || len(files) == 0 {
		t.Errorf("no keyring was written to the private home: %v", err)
	}
	if got, err := NewVault(OSKeyring()).Credentials(ctx, "p"); err != nil || got != pair {
		t.Errorf("credentials: %v", err)
	}
	if err := v.Forget(ctx, "p"); err != nil {
		t.Error(err)
	}
	if _, err := OSKeyring().Get(credentialsKey("p")); err == nil {
		t.Error("forgotten credentials are still there")
	}

	dir := t.TempDir()
	key := wantStoreKey(t, dir, "", OSKeyring(), nil, KeyFromKeyring)
	wantStoreKey(t, dir, "", OSKeyring(), key, KeyFromKeyring)

	made, err := LocalCredentials(ctx, OSKeyring(), MakeIfKeyring)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := LocalCredentials(ctx, OSKeyring(), MakeNever); err != nil || again != made {
		t.Errorf("asked again: another pair, %v", err)
	}
}

// TestNoKeyring runs where the session bus leads nowhere.
func TestNoKeyring(t *testing.T) {
	if os.Getenv(inside) != "" {
		checkVaultWithoutKeyring(t)
		wantStoreKey(t, t.TempDir(), "", OSKeyring(), nil, KeyFromFile)
		return
	}
	runInside(t, "PASS: TestNoKeyring", os.Args[0], "-test.run", "^TestNoKeyring$", "-test.v")
}

// runInside runs a command with a home folder of its own and no session bus.
func runInside(t *testing.T, want, name string, args ...string) {
	t.Helper()
	home := t.TempDir()
	runtimeDir := filepath.Join(home, "run")
	if err := os.Mkdir(runtimeDir, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = []string{
		inside + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + t.TempDir(),
		"XDG_RUNTIME_DIR=" + runtimeDir, "XDG_DATA_HOME=" + filepath.Join(home, "data"),
		"XDG_CONFIG_HOME=" + filepath.Join(home, "config"), "XDG_CACHE_HOME=" + filepath.Join(home, "cache"),
		"DBUS_SESSION_BUS_ADDRESS=unix:path=" + filepath.Join(home, "nowhere"),
	}
	if dir := os.Getenv("GOCOVERDIR"); dir != "" {
		cmd.Env = append(cmd.Env, "GOCOVERDIR="+dir)
	}
	output, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(output, []byte(want)) {
		t.Fatalf("%s: %v\n%s", name, err, output)
	}
}
