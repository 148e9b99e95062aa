package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"fleetmint/platform"
)

// childEnv makes the test binary register devices in the folder it names until
// it is killed, printing every one that was acknowledged.
const childEnv = "FLEETMINT_STORE_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		registerForever(dir)
	}
	os.Exit(m.Run())
}

func testKey() []byte { return bytes.Repeat([]byte{7}, KeySize) }

func config(dir string) Config {
	return Config{Dir: dir, Key: testKey(), Log: slog.New(slog.DiscardHandler)}
}

func mustOpen(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(context.Background(), config(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refuses(t *testing.T, err, kind error, field string) {
	t.Helper()
	var refusal *platform.Error
	if !errors.Is(err, kind) || !errors.As(err, &refusal) || refusal.Field != field {
		t.Errorf("got %v, want %v with field %q", err, kind, field)
	}
}

func newProduct(t testing.TB, s *Store, name string) platform.Product {
	t.Helper()
	return must[platform.Product](t)(s.CreateProduct(t.Context(), platform.NewProduct{Name: name, Method: platform.PerDevice}))
}

func TestProducts(t *testing.T) {
	ctx, s := t.Context(), mustOpen(t, t.TempDir())
	lamp := newProduct(t, s, "lamp")
	gate := must[platform.Product](t)(s.CreateProduct(ctx, platform.NewProduct{Name: "gate", Description: "d", NodeType: platform.NodeGateway}))
	_, err := s.CreateProduct(ctx, platform.NewProduct{Name: "lamp"})
	refuses(t, err, platform.ErrAlreadyExists, platform.FieldProductName)
	_, err = s.CreateProduct(ctx, platform.NewProduct{Name: "x"})
	refuses(t, err, platform.ErrInvalid, platform.FieldProductName)
	_, err = s.Product(ctx, "a1nothing00")
	refuses(t, err, platform.ErrNotFound, platform.FieldProductKey)

	if got := must[platform.Product](t)(s.Product(ctx, lamp.ProductKey)); !reflect.DeepEqual(got, lamp) {
		t.Errorf("got %+v, want %+v", got, lamp)
	}
	page := must[platform.ProductPage](t)(s.Products(ctx, platform.Page{Number: 1, Size: 10}))
	if want := []platform.Product{gate, lamp}; page.Total != 2 || !reflect.DeepEqual(page.Products, want) {
		t.Errorf("got %+v, want %+v", page, want)
	}

	ok(t, s.SetDynamicRegistration(ctx, lamp.ProductKey, false))
	if v, found := s.ProductVerification(lamp.ProductKey); !found || v.DynamicRegistration || v.ProductSecret != lamp.ProductSecret {
		t.Errorf("verification of the product: %+v, %t", v, found)
	}
	ok(t, s.SetProductTags(ctx, lamp.ProductKey, map[string]string{"site": "north", "line": "2"}))
	ok(t, s.SetProductTags(ctx, lamp.ProductKey, map[string]string{"site": "south"}))
	tags := must[map[string]string](t)(s.ProductTags(ctx, lamp.ProductKey))
	if want := map[string]string{"site": "south", "line": "2", platform.TagMethod: "PerDevice"}; !reflect.DeepEqual(tags, want) {
		t.Errorf("got tags %v, want %v", tags, want)
	}

	device := must[platform.Device](t)(s.RegisterDevice(ctx, platform.NewDevice{ProductKey: lamp.ProductKey, DeviceName: "dev1"}))
	refuses(t, s.DeleteProduct(ctx, lamp.ProductKey), platform.ErrConflict, platform.FieldProductKey)
	ok(t, s.DeleteDevice(ctx, device.DeviceRef))
	ok(t, s.DeleteProduct(ctx, lamp.ProductKey))
	refuses(t, s.DeleteProduct(ctx, lamp.ProductKey), platform.ErrNotFound, platform.FieldProductKey)
	newProduct(t, s, "lamp")
}

func TestDeviceLife(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := mustOpen(t, dir)
	pk := newProduct(t, s, "lamp").ProductKey
	d := must[platform.Device](t)(s.RegisterDevice(ctx, platform.NewDevice{ProductKey: pk, DeviceName: "Dev1", Nickname: "north"}))
	if len(d.DeviceSecret) != 32 || len(d.IotID) != 31 || d.Status != platform.StatusUnactive {
		t.Errorf("registered %+v", d)
	}
	generated := must[platform.Device](t)(s.RegisterDevice(ctx, platform.NewDevice{ProductKey: pk}))
	ok(t, platform.ValidateDeviceName(generated.DeviceName))
	must[platform.Device](t)(s.RegisterDevice(ctx, platform.NewDevice{ProductKey: pk, DeviceName: "dev1"})) // another case, another device
	_, err := s.RegisterDevice(ctx, platform.NewDevice{ProductKey: pk, DeviceName: "Dev1"})
	refuses(t, err, platform.ErrAlreadyExists, platform.FieldDeviceName)
	_, err = s.RegisterDevice(ctx, platform.NewDevice{ProductKey: pk, DeviceName: "no spaces"})
	refuses(t, err, platform.ErrInvalid, platform.FieldDeviceName)
	_, err = s.RegisterDevice(ctx, platform.NewDevice{ProductKey: pk, DeviceName: "Dev2", Nickname: strings.Repeat("n", 65)})
	refuses(t, err, platform.ErrInvalid, platform.FieldNickname)
	_, err = s.RegisterDevice(ctx, platform.NewDevice{ProductKey: "a1", DeviceName: "Dev1"})
	refuses(t, err, platform.ErrNotFound, platform.FieldProductKey)
	_, err = s.Device(ctx, platform.DeviceRef{ProductKey: pk, DeviceName: "gone"})
	refuses(t, err, platform.ErrNotFound, platform.FieldDeviceName)
	if got := must[platform.Device](t)(s.DeviceByIotID(ctx, d.IotID)); got != d {
		t.Errorf("by IotId: got %+v, want %+v", got, d)
	}
	for _, id := range []string{"", "x", strings.Repeat("0", 31), "x" + d.IotID[1:], strings.Repeat("z", 31)} {
		_, err = s.DeviceByIotID(ctx, id)
		refuses(t, err, platform.ErrNotFound, "IotId")
	}

	active := func() bool {
		v, found := s.Verification(pk, "Dev1")
		if !found {
			t.Fatal("the device has no verification")
		}
		return v.Active
	}
	expect := func(want platform.Status) platform.Device {
		t.Helper()
		got := must[platform.Device](t)(s.Device(ctx, d.DeviceRef))
		if got.Status != want {
			t.Errorf("status %s, want %s", got.Status, want)
		}
		return got
	}
	// Registering again before activation: the last secret wins.
	again := must[platform.Device](t)(s.ReissueSecret(ctx, d.DeviceRef))
	if v, _ := s.Verification(pk, "Dev1"); again.DeviceSecret == d.DeviceSecret || v.DeviceSecret != again.DeviceSecret {
		t.Error("the secret was not reissued")
	}
	at := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	ok(t, s.Connected(ctx, d.DeviceRef, "10.0.0.1", at))
	if got := expect(platform.StatusOnline); !active() || !got.Activated.Equal(at) || !got.LastOnline.Equal(at) || got.Address != "10.0.0.1" {
		t.Errorf("after the first connection: %+v", got)
	}
	_, err = s.ReissueSecret(ctx, d.DeviceRef)
	refuses(t, err, platform.ErrConflict, platform.FieldDeviceName)
	ok(t, s.Disconnected(ctx, d.DeviceRef, at))
	expect(platform.StatusOffline)
	ok(t, s.Connected(ctx, d.DeviceRef, "10.0.0.2", at.Add(time.Hour)))
	if got := expect(platform.StatusOnline); !got.Activated.Equal(at) || !got.LastOnline.Equal(at.Add(time.Hour)) || got.Address != "10.0.0.2" {
		t.Errorf("after the second connection: %+v", got)
	}
	ok(t, s.SetDisabled(ctx, d.DeviceRef, true))
	expect(platform.StatusDisabled)
	ok(t, s.SetDisabled(ctx, d.DeviceRef, false))
	ok(t, s.ResetDevice(ctx, d.DeviceRef))
	expect(platform.StatusOnline)
	if active() {
		t.Error("a reset device is refused dynamic registration")
	}
	again = must[platform.Device](t)(s.ReissueSecret(ctx, d.DeviceRef))
	ok(t, s.Connected(ctx, d.DeviceRef, "10.0.0.3", at.Add(2*time.Hour)))
	if !active() {
		t.Error("the connection did not end the reset")
	}
	ok(t, s.Connected(ctx, d.DeviceRef, "10.0.0.4", at.Add(3*time.Hour)))
	if got, want := must[platform.Statistics](t)(s.Statistics(ctx, "")), (platform.Statistics{Devices: 3, Active: 1, Online: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}

	// Closing writes what was behind; after a start nobody is online.
	ok(t, s.Close())
	_, err = s.Device(ctx, d.DeviceRef)
	refuses(t, err, platform.ErrUnavailable, "")
	s = mustOpen(t, dir)
	got := expect(platform.StatusOffline)
	if got.DeviceSecret != again.DeviceSecret || !got.LastOnline.Equal(at.Add(3*time.Hour)) || got.Address != "10.0.0.4" || !got.Activated.Equal(at) || !active() {
		t.Errorf("after a restart: %+v", got)
	}

	ok(t, s.DeleteDevice(ctx, d.DeviceRef))
	refuses(t, s.DeleteDevice(ctx, d.DeviceRef), platform.ErrNotFound, platform.FieldDeviceName)
	refuses(t, s.Connected(ctx, d.DeviceRef, "", at), platform.ErrNotFound, platform.FieldDeviceName)
	if _, found := s.Verification(pk, "Dev1"); found {
		t.Error("a deleted device can be verified")
	}
	anew := must[platform.Device](t)(s.RegisterDevice(ctx, platform.NewDevice{ProductKey: pk, DeviceName: "Dev1"}))
	if anew.IotID == d.IotID || anew.DeviceSecret == again.DeviceSecret {
		t.Error("a device registered anew has the old identity")
	}
}

func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("SN-%06d", (i*7919)%n)
	}
	return list
}

func namesOf(devices []platform.Device) []string {
	list := make([]string, len(devices))
	for i, d := range devices {
		list[i] = d.DeviceName
	}
	return list
}

func TestBatchAndPages(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := mustOpen(t, dir)
	pk := newProduct(t, s, "lamp").ProductKey
	want := names(9001)
	devices := must[[]platform.Device](t)(s.RegisterDevices(ctx, pk, want))
	if !reflect.DeepEqual(namesOf(devices), want) {
		t.Fatal("the batch is not in the order given")
	}
	_, err := s.RegisterDevices(ctx, pk, []string{"new-1", "SN-000005", "new-2"})
	refuses(t, err, platform.ErrAlreadyExists, platform.FieldDeviceName)
	_, err = s.RegisterDevices(ctx, pk, []string{"new-1", "new-1"})
	refuses(t, err, platform.ErrInvalid, platform.FieldDeviceName)
	if _, err := s.Device(ctx, platform.DeviceRef{ProductKey: pk, DeviceName: "new-1"}); !errors.Is(err, platform.ErrNotFound) {
		t.Errorf("half a batch was registered: %v", err)
	}

	// Holes all over, so that blocks have different counts.
	var left []string
	for i := len(want) - 1; i >= 0; i-- {
		if i%100 == 0 || i < 300 {
			ok(t, s.DeleteDevice(ctx, devices[i].DeviceRef))
			continue
		}
		left = append(left, want[i])
	}
	check := func() {
		t.Helper()
		for _, page := range []platform.Page{{Number: 1, Size: 50}, {Number: 2, Size: 700}, {Number: 87, Size: 100}, {Number: 3, Size: 4000}, {Number: 1 << 20, Size: 1 << 20}} {
			got := must[platform.DevicePage](t)(s.Devices(ctx, pk, page))
			from := min((page.Number-1)*page.Size, len(left))
			if expected := left[from:min(from+page.Size, len(left))]; got.Total != len(left) || strings.Join(namesOf(got.Devices), " ") != strings.Join(expected, " ") {
				t.Errorf("page %+v differs (total %d, want %d)", page, got.Total, len(left))
			}
		}
	}
	check()
	ok(t, s.Close())
	s = mustOpen(t, dir)
	check()
	for _, page := range []platform.Page{{}, {Number: 1}, {Number: -1, Size: 5}} {
		if _, err := s.Devices(ctx, pk, page); !errors.Is(err, platform.ErrInvalid) {
			t.Errorf("page %+v: %v", page, err)
		}
	}
	named := must[[]platform.Device](t)(s.DevicesNamed(ctx, pk, []string{left[3], "absent", left[1]}))
	if got := namesOf(named); !reflect.DeepEqual(got, []string{left[3], left[1]}) {
		t.Errorf("named: %v", got)
	}
}

func TestTable(t *testing.T) {
	table, model, seq := newTable(0), map[string]string{}, uint32(0)
	random := rand.New(rand.NewPCG(1, 2))
	for range 60_000 {
		name := fmt.Sprint("dev", random.IntN(5000))
		record, found := table.find(name)
		if secret, expected := model[name]; found != expected || found && table.secret(record) != secret {
			t.Fatalf("%s: found %t, want %t", name, found, expected)
		}
		switch {
		case !found:
			secret := newGenerator().deviceSecret()
			if random.IntN(2) == 0 {
				secret = strings.ToUpper(secret)
			}
			table.add(name, secret, seq, flagActivated)
			model[name] = secret
			seq++
		case random.IntN(3) > 0:
			table.remove(record)
			delete(model, name)
		default:
			table.setSecret(record, "any-other:text")
			model[name] = "any-other:text"
		}
		if table.alive != len(model) || table.activated != len(model) {
			t.Fatalf("counts %d and %d, want %d", table.alive, table.activated, len(model))
		}
	}
	if len(table.flags) > 3*len(model)+2048 {
		t.Errorf("%d records are kept for %d devices", len(table.flags), len(model))
	}
}

func TestApplications(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := mustOpen(t, dir)
	pk := newProduct(t, s, "lamp").ProductKey
	create := func(status string, names ...string) Application {
		return must[Application](t)(s.CreateApplication(ctx, Application{ProductKey: pk, Status: status, Names: names}))
	}
	state := func(id int64) Application { return must[Application](t)(s.Application(ctx, id)) }

	a := create(StatusCheckSuccess, "dev-b", "dev-a", "")
	if got := state(a.ID); !reflect.DeepEqual(got, a) || a.ID <= 0 || a.ID >= 1<<53 || a.Names[2] == "" {
		t.Errorf("got %+v, want %+v", got, a)
	}
	failing := create(StatusCheckSuccess, "dev-c", "dev-a")
	ok(t, s.RunApplication(ctx, a.ID))
	ok(t, s.RunApplication(ctx, a.ID))
	page := must[platform.DevicePage](t)(s.ApplicationDevices(ctx, a.ID, platform.Page{Number: 1, Size: 2}))
	if got := namesOf(page.Devices); page.Total != 3 || !reflect.DeepEqual(got, []string{"dev-b", "dev-a"}) || state(a.ID).Status != StatusCreateSuccess {
		t.Errorf("got %v of %d", got, page.Total)
	}
	ok(t, s.RunApplication(ctx, failing.ID))
	if got := state(failing.ID); got.Status != StatusCreateFailed || len(got.Invalid) != 1 || got.Invalid[0].DeviceName != "dev-a" {
		t.Errorf("got %+v", got)
	}
	if _, found := s.Verification(pk, "dev-c"); found {
		t.Error("half an application was registered")
	}
	refuses(t, s.RunApplication(ctx, create(StatusCheck, "dev-d").ID), platform.ErrConflict, "ApplyId")
	refuses(t, s.RunApplication(ctx, 5), platform.ErrNotFound, "ApplyId")

	accepted := create(StatusCheckSuccess, "dev-e")
	ok(t, s.SetApplicationStatus(ctx, accepted.ID, StatusCreate))
	ok(t, s.Close())
	s = mustOpen(t, dir)
	if _, found := s.Verification(pk, "dev-e"); !found || state(accepted.ID).Status != StatusCreateSuccess {
		t.Error("an accepted application was not carried out after the restart")
	}
}

func TestOneFailureLeavesOthers(t *testing.T) {
	ctx, s := t.Context(), mustOpen(t, t.TempDir())
	pk := newProduct(t, s, "lamp").ProductKey
	const workers, each = 16, 40
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				own, shared := fmt.Sprintf("own-%d-%d", w, i), fmt.Sprintf("shared-%d", i)
				if _, err := s.RegisterDevice(ctx, platform.NewDevice{ProductKey: pk, DeviceName: own}); err != nil {
					t.Error(err)
				}
				if _, err := s.RegisterDevices(ctx, pk, []string{own + "-x", shared}); err != nil && !errors.Is(err, platform.ErrAlreadyExists) {
					t.Error(err)
				}
				if _, found := s.Verification(pk, own); !found {
					t.Errorf("%s was acknowledged but is not in memory", own)
				}
				_ = s.Connected(ctx, platform.DeviceRef{ProductKey: pk, DeviceName: own}, "", time.Now())
				s.Record(platform.Activity{DeviceName: own})
				if _, err := s.Devices(ctx, pk, platform.Page{Number: 1, Size: 20}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	want := platform.Statistics{Devices: workers*each + 2*each, Active: workers * each, Online: workers * each}
	if got := must[platform.Statistics](t)(s.Statistics(ctx, pk)); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.RegisterDevice(cancelled, platform.NewDevice{ProductKey: pk}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
}

func TestActivities(t *testing.T) {
	ctx, s := t.Context(), mustOpen(t, t.TempDir())
	news := make(chan []Entry, 1)
	go func() {
		entries, _ := s.Activities(ctx, 0, 10, time.Minute)
		news <- entries
	}()
	s.Record(platform.Activity{DeviceName: "0"})
	first := <-news
	if len(first) != 1 || first[0].DeviceName != "0" || first[0].Time.IsZero() {
		t.Fatalf("got %+v", first)
	}
	for i := 1; i <= 3*activityKept; i++ {
		s.Record(platform.Activity{DeviceName: fmt.Sprint(i)})
	}
	all := must[[]Entry](t)(s.Activities(ctx, 0, 1<<20, 0))
	if len(all) != activityKept || all[0].DeviceName != fmt.Sprint(2*activityKept+1) {
		t.Errorf("%d entries from %s", len(all), all[0].DeviceName)
	}
	last := all[len(all)-1].Cursor
	if got := must[[]Entry](t)(s.Activities(ctx, last-2, 1, 0)); len(got) != 1 || got[0].Cursor != last-1 {
		t.Errorf("got %+v", got)
	}
	if got := must[[]Entry](t)(s.Activities(ctx, last, 5, time.Millisecond)); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Activities(cancelled, last, 5, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestFilesAreSealedAndPrivate(t *testing.T) {
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "data #1?%")
	s := mustOpen(t, dir)
	p := newProduct(t, s, "lamp")
	devices := must[[]platform.Device](t)(s.RegisterDevices(ctx, p.ProductKey, names(500)))
	look := func() {
		t.Helper()
		for _, file := range must[[]fs.DirEntry](t)(os.ReadDir(dir)) {
			path := filepath.Join(dir, file.Name())
			if info := must[fs.FileInfo](t)(os.Stat(path)); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %s", file.Name(), info.Mode())
			}
			content := must[[]byte](t)(os.ReadFile(path))
			if bytes.Contains(content, []byte(p.ProductSecret)) {
				t.Errorf("%s holds the ProductSecret", file.Name())
			}
			for _, d := range devices {
				if bytes.Contains(content, []byte(d.DeviceSecret)) {
					t.Fatalf("%s holds a DeviceSecret", file.Name())
				}
			}
		}
	}
	if info := must[fs.FileInfo](t)(os.Stat(dir)); runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %s", info.Mode())
	}
	look()
	ok(t, s.Close())
	look()
}

// snapshot is the content of a database and of its log. An empty log, which
// reading alone may make, counts as none.
func snapshot(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	sums := map[string][32]byte{}
	for _, suffix := range []string{"", "-wal"} {
		if content, err := os.ReadFile(filepath.Join(dir, databaseFile+suffix)); err == nil && (suffix == "" || len(content) > 0) {
			sums[suffix] = sha256.Sum256(content)
		}
	}
	return sums
}

func TestUnusableDatabaseIsNotTouched(t *testing.T) {
	sqlite := func(statement string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			db := must[*sql.DB](t)(sql.Open("sqlite3", dsn(path, writerOptions)))
			_, err := db.Exec(statement)
			ok(t, errors.Join(err, db.Close()))
		}
	}
	bytesAt := func(offset int64, content []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			f := must[*os.File](t)(os.OpenFile(path, os.O_WRONLY, 0))
			_, err := f.WriteAt(content, offset)
			ok(t, errors.Join(err, f.Close()))
		}
	}
	for _, row := range []struct {
		name   string
		damage func(*testing.T, string)
		want   error
		advice string
	}{
		{"newer", sqlite("PRAGMA user_version = 99"), ErrNewer, "update Fleetmint"},
		{"another program's", sqlite("PRAGMA application_id = 1"), ErrCorrupt, "restore a copy"},
		{"not a database", bytesAt(0, []byte("certainly not SQLite")), ErrCorrupt, "restore a copy"},
		{"broken page", bytesAt(4096*12, bytes.Repeat([]byte{0xA5}, 4096*4)), ErrCorrupt, "restore a copy"},
		{"cut off", func(t *testing.T, path string) { ok(t, os.Truncate(path, 4096*9)) }, ErrCorrupt, "restore a copy"},
		{"empty", func(t *testing.T, path string) { ok(t, os.Truncate(path, 0)) }, ErrCorrupt, "restore a copy"},
		{"no key check", sqlite("DELETE FROM meta"), ErrCorrupt, "restore a copy"},
		{"moved secrets", sqlite("UPDATE devices SET secret = (SELECT secret FROM products)"), ErrCorrupt, "restore a copy"},
		{"newer, killed", func(t *testing.T, path string) {
			// As a killed process leaves it: the change is in the log only.
			db := must[*sql.DB](t)(sql.Open("sqlite3", dsn(path, writerOptions)))
			defer db.Close()
			_, err := db.Exec("PRAGMA user_version = 99")
			ok(t, err)
			left := must[[]byte](t)(os.ReadFile(path + "-wal"))
			before := must[[]byte](t)(os.ReadFile(path))
			ok(t, db.Close())
			ok(t, os.WriteFile(path, before, 0o600))
			ok(t, os.WriteFile(path+"-wal", left, 0o600))
		}, ErrNewer, "update Fleetmint"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			s := mustOpen(t, dir)
			must[[]platform.Device](t)(s.RegisterDevices(t.Context(), newProduct(t, s, "lamp").ProductKey, names(2000)))
			ok(t, s.Close())
			path := filepath.Join(dir, databaseFile)
			row.damage(t, path)
			before := snapshot(t, dir)
			for range 2 {
				_, err := Open(t.Context(), config(dir))
				if !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.advice) || !strings.Contains(err.Error(), path) {
					t.Errorf("got %v, want %v with advice and path", err, row.want)
				}
			}
			if after := snapshot(t, dir); !reflect.DeepEqual(after, before) {
				t.Error("the files were changed")
			}
		})
	}
}

func TestKeyAndLock(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := mustOpen(t, dir)
	if _, err := Open(ctx, config(dir)); !errors.Is(err, ErrLocked) {
		t.Errorf("second Open: %v, want ErrLocked", err)
	}
	ok(t, s.Close())
	before := snapshot(t, dir)
	cfg := config(dir)
	cfg.Key = bytes.Repeat([]byte{8}, KeySize)
	if _, err := Open(ctx, cfg); !errors.Is(err, ErrKey) {
		t.Errorf("wrong key: %v, want ErrKey", err)
	}
	if !reflect.DeepEqual(before, snapshot(t, dir)) {
		t.Error("the files were changed")
	}
	for _, key := range [][]byte{nil, make([]byte, KeySize-1)} {
		cfg.Key = key
		if _, err := Open(ctx, cfg); err == nil {
			t.Errorf("a key of %d bytes was taken", len(key))
		}
	}
	mustOpen(t, dir)
}

func TestMigrationKeepsACopy(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	first := must[[]byte](t)(embedded.ReadFile("migrations/0001_initial.sql"))
	steps := fstest.MapFS{"0001_initial.sql": {Data: first}}
	s := must[*Store](t)(open(ctx, config(dir), steps))
	p := newProduct(t, s, "lamp")
	ok(t, s.Close())
	backup := filepath.Join(dir, databaseFile+".v1.bak")

	steps["0002_broken.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE more (id INTEGER); SELECT * FROM nowhere;")}
	if _, err := open(ctx, config(dir), steps); err == nil || !strings.Contains(err.Error(), backup) {
		t.Fatalf("a broken migration: %v", err)
	}
	steps["0002_broken.sql"] = &fstest.MapFile{Data: []byte("CREATE TABLE more (id INTEGER);")}
	s = must[*Store](t)(open(ctx, config(dir), steps))
	must[platform.Product](t)(s.Product(ctx, p.ProductKey))
	ok(t, s.Close())
	if _, err := Open(ctx, config(dir)); !errors.Is(err, ErrNewer) {
		t.Errorf("got %v, want ErrNewer", err)
	}
	if version, err := inspect(ctx, backup, 1, must[sealer](t)(newSealer(testKey()))); version != 1 || err != nil {
		t.Errorf("the copy has version %d: %v", version, err)
	}
	if info := must[fs.FileInfo](t)(os.Stat(backup)); runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the copy has mode %s", info.Mode())
	}
}

func registerForever(dir string) {
	s, err := Open(context.Background(), config(dir))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	page, err := s.Products(context.Background(), platform.Page{Number: 1, Size: 1})
	if err != nil {
		os.Exit(1)
	}
	var out sync.Mutex
	for range 8 {
		go func() {
			for {
				d, err := s.RegisterDevice(context.Background(), platform.NewDevice{ProductKey: page.Products[0].ProductKey})
				if err != nil {
					os.Exit(1)
				}
				out.Lock()
				fmt.Println(d.DeviceName, d.DeviceSecret)
				out.Unlock()
			}
		}()
	}
	select {}
}

func TestKillLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	pk := newProduct(t, s, "lamp").ProductKey
	acknowledged := map[string]string{}
	for range 20 {
		ok(t, s.Close())
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childEnv+"="+dir)
		child.Stderr = os.Stderr
		lines := bufio.NewReader(must[io.ReadCloser](t)(child.StdoutPipe()))
		ok(t, child.Start())
		// The child is killed after a random number of answers, in the middle of
		// others; what it had written before is read to the end.
		for kill := rand.IntN(300); ; kill-- {
			line, err := lines.ReadString('\n')
			if err != nil {
				break
			}
			if name, secret, whole := strings.Cut(strings.TrimSpace(line), " "); whole {
				acknowledged[name] = secret
			}
			if kill == 0 {
				ok(t, child.Process.Kill())
			}
		}
		_ = child.Wait() // it was killed
		s = mustOpen(t, dir)
		for name, secret := range acknowledged {
			if v, found := s.Verification(pk, name); !found || v.DeviceSecret != secret {
				t.Fatalf("%s was acknowledged and is lost (found: %t)", name, found)
			}
		}
	}
	if len(acknowledged) < 20 {
		t.Errorf("only %d devices were acknowledged", len(acknowledged))
	}
}
