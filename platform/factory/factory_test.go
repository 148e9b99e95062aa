package factory

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"fleetmint/platform"
)

var product = platform.Product{ProductKey: "a1B2c3D4e5F", ProductSecret: "S3cr3tOfProduct0"}

func device(name string) platform.Device {
	return platform.Device{
		DeviceRef:    platform.DeviceRef{ProductKey: product.ProductKey, DeviceName: name},
		DeviceSecret: fmt.Sprintf("%032x", name)[:32],
	}
}

func devices(n int) []platform.Device {
	all := make([]platform.Device, n)
	for i := range all {
		all[i] = device(fmt.Sprintf("SN-%06d", i))
	}
	return all
}

func source(all ...platform.Device) iter.Seq2[platform.Device, error] {
	return func(yield func(platform.Device, error) bool) {
		for _, d := range all {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// tree lists all files and folders below a folder, with their mode.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		names = append(names, fmt.Sprintf("%s %v", filepath.ToSlash(name), info.Mode()))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func wantTree(t *testing.T, dir string, want ...string) {
	t.Helper()
	if got := tree(t, dir); !slices.Equal(got, want) {
		t.Errorf("folder holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// zbar decodes pictures with an implementation that shares nothing with ours.
func zbar(t *testing.T, files ...string) []string {
	t.Helper()
	path, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Fatal("zbarimg is needed to read QR codes back: install zbar-tools")
	}
	out, err := exec.Command(path, append([]string{"--quiet", "--raw"}, files...)...).Output()
	if err != nil {
		t.Fatalf("zbarimg %s: %v", files, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

func TestExport(t *testing.T) {
	base := t.TempDir()
	out := filepath.Join(base, "new", "export")
	var last platform.Progress
	result, err := Export(t.Context(), Request{
		Product: product, Devices: source(device("SN-0001"), device("@home:1"), device("sn-0001")),
		Formats: Formats(), Out: out, Total: 3, Progress: func(p platform.Progress) { last = p },
	})
	if err != nil {
		t.Fatal(err)
	}
	wantTree(t, base,
		"new drwx------", "new/export drwx------", "new/export/devices.csv -rw-------",
		"new/export/qr drwx------",
		"new/export/qr/@home%3A1.png -rw-------", "new/export/qr/SN-0001.png -rw-------", "new/export/qr/sn-0001~2.png -rw-------",
		"new/export/qr-secret drwx------",
		"new/export/qr-secret/@home%3A1.secret.png -rw-------", "new/export/qr-secret/SN-0001.secret.png -rw-------", "new/export/qr-secret/sn-0001~2.secret.png -rw-------",
	)
	if result.Folder != out || result.Devices != 3 || result.Secrets != 3 || len(result.Files) != 7 {
		t.Errorf("result is %+v", result)
	}
	if want := (platform.Progress{Done: 3, Total: 3}); last != want {
		t.Errorf("last progress is %+v, want %+v", last, want)
	}

	contents, err := os.ReadFile(filepath.Join(out, "devices.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(contents, []byte("\r")) || bytes.HasPrefix(contents, []byte("\xef\xbb\xbf")) {
		t.Error("devices.csv has CR or a byte order mark")
	}
	rows, err := csv.NewReader(bytes.NewReader(contents)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"DeviceName", "DeviceSecret", "ProductKey"},
		{"SN-0001", device("SN-0001").DeviceSecret, product.ProductKey},
		{"@home:1", device("@home:1").DeviceSecret, product.ProductKey},
		{"sn-0001", device("sn-0001").DeviceSecret, product.ProductKey},
	}
	if !slices.EqualFunc(rows, want, slices.Equal) {
		t.Errorf("devices.csv holds %q, want %q", rows, want)
	}

	for name, file := range map[string]string{"SN-0001": "SN-0001", "@home:1": "@home%3A1", "sn-0001": "sn-0001~2"} {
		d := device(name)
		got := zbar(t, filepath.Join(out, "qr", file+".png"), filepath.Join(out, "qr-secret", file+".secret.png"))
		if want := []string{LabelPayload(d.DeviceRef), SecretPayload(d.Certificate())}; !slices.Equal(got, want) {
			t.Errorf("%s: codes say %q, want %q", name, got, want)
		}
	}
}

func TestExportProductCertificate(t *testing.T) {
	out := filepath.Join(t.TempDir(), "export")
	result, err := Export(t.Context(), Request{Product: product, ProductCertificate: true, Formats: Formats(), Out: out})
	if err != nil {
		t.Fatal(err)
	}
	wantTree(t, out, "product.csv -rw-------",
		"qr drwx------", "qr/a1B2c3D4e5F.png -rw-------",
		"qr-secret drwx------", "qr-secret/a1B2c3D4e5F.secret.png -rw-------")
	if result.Devices != 0 || result.Secrets != 1 {
		t.Errorf("result is %+v", result)
	}
	contents, err := os.ReadFile(filepath.Join(out, "product.csv"))
	if want := "ProductKey,ProductSecret\na1B2c3D4e5F,S3cr3tOfProduct0\n"; err != nil || string(contents) != want {
		t.Errorf("product.csv holds %q (%v), want %q", contents, err, want)
	}
	got := zbar(t, filepath.Join(out, result.Files[2]), filepath.Join(out, result.Files[1]))
	want := []string{`{"pk":"a1B2c3D4e5F"}`, `{"pk":"a1B2c3D4e5F","ps":"S3cr3tOfProduct0"}`}
	if !slices.Equal(got, want) {
		t.Errorf("codes say %q, want %q", got, want)
	}
}

// A label holds no secret, so it needs none.
func TestExportLabelsWithoutSecrets(t *testing.T) {
	d := device("SN-0001")
	d.DeviceSecret = ""
	result, err := Export(t.Context(), Request{
		Product: product, Devices: source(d), Formats: []Format{FormatQR}, Out: filepath.Join(t.TempDir(), "export"),
	})
	if err != nil || result.Secrets != 0 || result.Devices != 1 {
		t.Errorf("result is %+v, %v", result, err)
	}
}

func TestExportIntoExistingFolder(t *testing.T) {
	out := t.TempDir()
	request := func(formats []Format, names ...string) Request {
		var all []platform.Device
		for _, name := range names {
			all = append(all, device(name))
		}
		return Request{Product: product, Devices: source(all...), Formats: formats, Out: out}
	}
	if _, err := Export(t.Context(), request([]Format{FormatQR}, "SN-0001")); err != nil {
		t.Fatal(err)
	}
	if _, err := Export(t.Context(), request([]Format{FormatCSV, FormatQR}, "SN-0002")); err != nil {
		t.Fatal(err)
	}
	before := []string{
		"devices.csv -rw-------", "qr drwx------", "qr/SN-0001.png -rw-------", "qr/SN-0002.png -rw-------",
	}
	wantTree(t, out, before...)

	for _, test := range []struct {
		formats []Format
		name    string
		blamed  string
	}{
		{[]Format{FormatCSV}, "SN-0003", "devices.csv"},
		{[]Format{FormatQRSecret, FormatQR}, "SN-0002", filepath.Join("qr", "SN-0002.png")},
	} {
		_, err := Export(t.Context(), request(test.formats, "SN-0004", test.name))
		if !errors.Is(err, ErrExists) || !strings.Contains(err.Error(), filepath.Join(out, test.blamed)) {
			t.Errorf("%v: error is %v, want ErrExists naming %s", test.formats, err, test.blamed)
		}
		wantTree(t, out, before...)
	}
}

// What was moved before the failure is taken back.
func TestPublishTakesBack(t *testing.T) {
	out := t.TempDir()
	s, err := stage(out, createFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.csv", "b.csv"} {
		if err := s.write(name, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	foreign := filepath.Join(out, "b.csv") // appears while the export is written
	if err := os.WriteFile(foreign, []byte("foreign"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.publish(); !errors.Is(err, ErrExists) {
		t.Errorf("error is %v, want ErrExists", err)
	}
	if err := s.discard(); err != nil {
		t.Error(err)
	}
	wantTree(t, out, "b.csv -rw-------")
	if contents, err := os.ReadFile(foreign); string(contents) != "foreign" {
		t.Errorf("the foreign file holds %q (%v)", contents, err)
	}
}

func TestExportRefuses(t *testing.T) {
	broken := errors.New("listing broke")
	noSecret, foreign := device("SN-0002"), device("SN-0002")
	noSecret.DeviceSecret, foreign.ProductKey = "", "a1Another00"
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	withoutSecret := product
	withoutSecret.ProductSecret = ""

	for name, test := range map[string]struct {
		change func(*Request)
		want   error
		says   string
	}{
		"no DeviceSecret":  {func(r *Request) { r.Devices = source(device("SN-0001"), noSecret) }, ErrCertificate, "SN-0002"},
		"given twice":      {func(r *Request) { r.Devices = source(device("SN-0001"), device("SN-0001")) }, ErrCertificate, "SN-0001"},
		"other product":    {func(r *Request) { r.Devices = source(foreign) }, ErrCertificate, "a1Another00"},
		"no ProductSecret": {func(r *Request) { r.Product, r.ProductCertificate = withoutSecret, true }, ErrCertificate, "ProductSecret"},
		"no devices":       {func(r *Request) { r.Devices = source() }, ErrEmpty, "no device"},
		"no source":        {func(r *Request) { r.Devices = nil }, ErrEmpty, "no device"},
		"no format":        {func(r *Request) { r.Formats = nil }, ErrFormat, "none"},
		"unknown format":   {func(r *Request) { r.Formats = []Format{"pdf"} }, ErrFormat, "csv, qr, qr-secret"},
		"no folder":        {func(r *Request) { r.Out = "" }, ErrFolder, "folder"},
		"a file":           {func(r *Request) { r.Out = file }, ErrFolder, file},
		"under a file":     {func(r *Request) { r.Out = filepath.Join(file, "export") }, ErrFolder, "cannot be used"},
		"source fails": {func(r *Request) {
			r.Devices = func(yield func(platform.Device, error) bool) {
				_ = yield(device("SN-0001"), nil) && yield(platform.Device{}, broken)
			}
		}, broken, "listing broke"},
	} {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			r := Request{
				Product: product, Devices: source(device("SN-0001")), Formats: Formats(),
				Out: filepath.Join(base, "new", "export"),
			}
			test.change(&r)
			result, err := Export(t.Context(), r)
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error is %v, want %v with %q", err, test.want, test.says)
			}
			if result.Folder != "" || len(result.Files) > 0 {
				t.Errorf("result is %+v", result)
			}
			if strings.Contains(err.Error(), device("SN-0001").DeviceSecret) {
				t.Errorf("error %v holds a secret", err)
			}
			wantTree(t, base)
		})
	}
}

func TestExportCancelled(t *testing.T) {
	for _, existing := range []bool{false, true} {
		base := t.TempDir()
		out := filepath.Join(base, "export")
		if existing {
			out = base
		}
		ctx, cancel := context.WithCancel(t.Context())
		endless := func(yield func(platform.Device, error) bool) {
			for i := 0; yield(device(fmt.Sprintf("SN-%06d", i)), nil); i++ {
				if i == 20 {
					cancel()
				}
			}
		}
		_, err := Export(ctx, Request{Product: product, Devices: endless, Formats: Formats(), Out: out})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v, want context.Canceled", err)
		}
		wantTree(t, base)
	}
}

// full is a disk on which a file takes so many bytes.
type full struct {
	*os.File
	left int
}

func (f *full) Write(p []byte) (int, error) {
	if len(p) > f.left {
		return 0, &fs.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	f.left -= len(p)
	return f.File.Write(p)
}

func TestExportDiskFull(t *testing.T) {
	for _, format := range Formats() {
		base := t.TempDir()
		_, err := export(t.Context(), Request{
			Product: product, Devices: source(devices(100)...), Formats: []Format{format}, Out: filepath.Join(base, "export"),
		}, func(path string) (file, error) {
			f, err := os.Create(path)
			return &full{f, 100}, err
		})
		if !errors.Is(err, ErrDiskFull) || !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s: error is %v, want ErrDiskFull", format, err)
		}
		wantTree(t, base)
	}
}

func TestAbandonedExportsAreRemoved(t *testing.T) {
	base := t.TempDir()
	out := filepath.Join(base, "export")
	age := func(name string, age time.Duration) {
		path := filepath.Join(base, name)
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := errors.Join(os.WriteFile(filepath.Join(path, "devices.csv"), nil, 0o600), os.Chtimes(path, when, when)); err != nil {
			t.Fatal(err)
		}
	}
	age(tempPrefix+"dead", 2*time.Hour)
	age(tempPrefix+"alive", time.Minute)
	age("other", 2*time.Hour)
	if _, err := Export(t.Context(), Request{Product: product, Devices: source(device("SN-0001")), Formats: []Format{FormatCSV}, Out: out}); err != nil {
		t.Fatal(err)
	}
	wantTree(t, base,
		tempPrefix+"alive drwx------", tempPrefix+"alive/devices.csv -rw-------",
		"export drwx------", "export/devices.csv -rw-------", "other drwx------", "other/devices.csv -rw-------")
}

// Many devices on all workers; run with the race detector.
func TestExportMany(t *testing.T) {
	const n = 500
	out := filepath.Join(t.TempDir(), "export")
	result, err := Export(t.Context(), Request{
		Product: product, Devices: source(devices(n)...), Formats: Formats(), Out: out, Progress: func(platform.Progress) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	if result.Devices != n || result.Secrets != n || len(result.Files) != 2*n+1 {
		t.Errorf("result: %d devices, %d secrets, %d files", result.Devices, result.Secrets, len(result.Files))
	}
	var files, want []string
	for i := 0; i < n; i += 50 {
		d := devices(n)[i]
		files = append(files, filepath.Join(out, "qr-secret", d.DeviceName+".secret.png"))
		want = append(want, SecretPayload(d.Certificate()))
	}
	if got := zbar(t, files...); !slices.Equal(got, want) {
		t.Errorf("codes say %q, want %q", got, want)
	}
}

func TestParseFormats(t *testing.T) {
	for list, want := range map[string][]Format{
		"csv":              {FormatCSV},
		"csv,qr":           {FormatCSV, FormatQR},
		" QR-Secret , csv": {FormatQRSecret, FormatCSV},
		"csv,csv":          {FormatCSV},
		"":                 nil,
		"csv,":             nil,
		"pdf":              nil,
	} {
		got, err := ParseFormats(list)
		if !slices.Equal(got, want) || (want == nil) != errors.Is(err, ErrFormat) {
			t.Errorf("ParseFormats(%q) = %v, %v, want %v", list, got, err, want)
		}
		if err != nil && !strings.Contains(err.Error(), "csv, qr, qr-secret") {
			t.Errorf("ParseFormats(%q): %v does not list the formats", list, err)
		}
	}
}

func TestQRImage(t *testing.T) {
	const text = `{"pk":"a1B2c3D4e5F","dn":"SN-0001"}`
	img, err := QRImage(text, 4)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "code.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
		t.Fatal(err)
	}
	if got := zbar(t, path); !slices.Equal(got, []string{text}) {
		t.Errorf("code says %q, want %q", got, text)
	}
	if _, err := QRImage(strings.Repeat("x", 3000), 1); err == nil {
		t.Error("3000 bytes fit into a QR code")
	}
}

// lister is a product whose devices change between calls.
type lister struct {
	names  []string
	change func(call int, l *lister)
	calls  int
}

func (l *lister) Devices(_ context.Context, productKey string, page platform.Page) (platform.DevicePage, error) {
	l.calls++
	if l.change != nil {
		l.change(l.calls, l)
	}
	result := platform.DevicePage{Total: len(l.names)}
	from := min((page.Number-1)*page.Size, len(l.names))
	for _, name := range l.names[from:min(from+page.Size, len(l.names))] {
		d := device(name)
		d.ProductKey = productKey
		result.Devices = append(result.Devices, d)
	}
	return result, nil
}

func TestAllDevices(t *testing.T) {
	var names []string
	for i := range 3 * pageSize {
		names = append(names, fmt.Sprintf("SN-%06d", i))
	}
	for title, test := range map[string]struct {
		change func(int, *lister)
		want   error
	}{
		"unchanged": {nil, nil},
		"registered meanwhile": {func(call int, l *lister) {
			if call > 1 {
				l.names = slices.Insert(l.names, 0, fmt.Sprintf("New-%d", call))
			}
		}, nil},
		"deleted meanwhile": {func(call int, l *lister) {
			if call == 2 {
				l.names = slices.Delete(l.names, 0, 1)
			}
		}, ErrChanged},
	} {
		var got []string
		var failure error
		for d, err := range AllDevices(t.Context(), &lister{names: slices.Clone(names), change: test.change}, product.ProductKey) {
			if err != nil {
				failure = err
				break
			}
			got = append(got, d.DeviceName)
		}
		if !errors.Is(failure, test.want) || test.want == nil && !slices.Equal(got, names) {
			t.Errorf("%s: %d devices, error %v, want %d, %v", title, len(got), failure, len(names), test.want)
		}
	}
}

func BenchmarkCSV(b *testing.B) {
	all := devices(100_000)
	base := b.TempDir()
	for i := 0; b.Loop(); i++ {
		_, err := Export(b.Context(), Request{
			Product: product, Devices: source(all...), Formats: []Format{FormatCSV}, Out: filepath.Join(base, fmt.Sprint(i)),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(all))/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkQRFiles(b *testing.B) {
	all := devices(200)
	base := b.TempDir()
	for i := 0; b.Loop(); i++ {
		_, err := Export(b.Context(), Request{
			Product: product, Devices: source(all...), Formats: []Format{FormatQRSecret}, Out: filepath.Join(base, fmt.Sprint(i)),
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(all))/b.Elapsed().Seconds(), "files/s")
	b.ReportMetric(float64(runtime.GOMAXPROCS(0)), "workers")
}

func BenchmarkQRPNG(b *testing.B) {
	p, text := newPainter(), SecretPayload(device("SN-000001").Certificate())
	var buffer bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		buffer.Reset()
		if err := p.png(&buffer, text, "CONTAINS DEVICE SECRET"); err != nil {
			b.Fatal(err)
		}
	}
}

func TestListed(t *testing.T) {
	found := []platform.Device{
		{DeviceRef: platform.DeviceRef{ProductKey: "a1", DeviceName: "dev-01"}},
		{DeviceRef: platform.DeviceRef{ProductKey: "a1", DeviceName: "dev-02"}},
	}
	devices, err := Listed("a1", []string{"dev-02", "dev-01"}, found)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for d, err := range devices {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, d.DeviceName)
	}
	if !slices.Equal(names, []string{"dev-02", "dev-01"}) {
		t.Errorf("listed %q", names)
	}
	if _, err := Listed("a1", []string{"dev-01", "dev-03"}, found); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "dev-03") {
		t.Errorf("a missing device gives %v", err)
	}
}
