// Package factory writes the certificates of devices, or of a product, to a
// folder in the formats that production lines take.
//
// An export is whole or it is not there: everything is written and synced in a
// temporary folder on the target's file system and renamed into place at the
// end. Nothing that exists is ever overwritten.
//
// Export may be called concurrently. It owns the goroutines it starts and has
// ended all of them when it returns; the package has no global state.
package factory

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"fleetmint/platform"
)

// Format is one kind of file in an export.
type Format string

// The formats.
const (
	// FormatCSV is devices.csv with the columns DeviceName, DeviceSecret and
	// ProductKey, or product.csv with ProductKey and ProductSecret: UTF-8
	// without a byte order mark, a header, LF, quoted as in RFC 4180.
	//
	// Values are written exactly as they are, because burning tools read this
	// file. A DeviceName may begin with - or @, which a spreadsheet program
	// can take for a formula; import the columns there as text.
	FormatCSV Format = "csv"
	// FormatQR is a label without a secret for each device: qr/DeviceName.png.
	FormatQR Format = "qr"
	// FormatQRSecret is a picture with the whole certificate for each device,
	// marked in red: qr-secret/DeviceName.secret.png.
	FormatQRSecret Format = "qr-secret"
)

// Formats returns all formats in the order in which they are offered.
func Formats() []Format { return []Format{FormatCSV, FormatQR, FormatQRSecret} }

// FormatNames returns the names that ParseFormats knows.
func FormatNames() []string {
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return names
}

// HoldsSecrets reports whether files of this format contain secrets.
func (f Format) HoldsSecrets() bool { return f == FormatCSV || f == FormatQRSecret }

// ParseFormats reads a comma separated list such as "csv,qr", in any letter
// case. A format named twice counts once. ErrFormat lists the known formats.
func ParseFormats(list string) ([]Format, error) {
	var formats []Format
	for _, name := range strings.Split(list, ",") {
		f := Format(strings.ToLower(strings.TrimSpace(name)))
		if err := f.check(); err != nil {
			return nil, err
		}
		if !slices.Contains(formats, f) {
			formats = append(formats, f)
		}
	}
	return formats, nil
}

func (f Format) check() error {
	if slices.Contains(Formats(), f) {
		return nil
	}
	return fmt.Errorf("%w %q; there are %s", ErrFormat, string(f), strings.Join(FormatNames(), ", "))
}

// Request says what to export, how and where to.
type Request struct {
	// Product is the product of the devices. ProductSecret is needed only for
	// a product certificate that holds it.
	Product platform.Product
	// Devices yields the devices to export; an error that it yields ends the
	// export. DeviceSecret is needed only by formats that hold secrets. It is
	// ranged over once, in the calling goroutine.
	Devices iter.Seq2[platform.Device, error]
	// ProductCertificate exports ProductKey and ProductSecret instead of
	// devices.
	ProductCertificate bool
	Formats            []Format
	// Out is the folder that is to hold the files. It is made where it does
	// not exist. Where it does, it may hold other files, but none of those to
	// be written.
	Out string
	// Progress, where set, is told from time to time how many devices are
	// done, and in the end that all are. Calls never overlap, but come from any
	// goroutine.
	Progress func(platform.Progress)
	// Total is how many devices are expected, for Progress only; 0, which
	// Progress then says as well, where that is not known.
	Total int
}

func (r Request) check() error {
	switch {
	case r.Out == "":
		return fmt.Errorf("%w: no folder was named", ErrFolder)
	case len(r.Formats) == 0:
		return fmt.Errorf("%w: none was chosen", ErrFormat)
	case r.Devices == nil && !r.ProductCertificate:
		return ErrEmpty
	}
	for _, f := range r.Formats {
		if err := f.check(); err != nil {
			return err
		}
	}
	return nil
}

func (r Request) has(f Format) bool { return slices.Contains(r.Formats, f) }

func (r Request) holdsSecrets() bool { return slices.ContainsFunc(r.Formats, Format.HoldsSecrets) }

// Result is what an export wrote.
type Result struct {
	Folder  string   // absolute path of Request.Out
	Files   []string // relative to Folder, sorted
	Devices int      // 0 for a product certificate
	Secrets int      // how many different secrets the files hold in plain text
}

// Export writes the files of a request. They all appear in Request.Out when
// it returns without an error; otherwise, also when the context was cancelled,
// nothing new is left there.
//
// Errors: ErrExists where a file to be written is there already, ErrDiskFull,
// ErrFolder where the folder cannot be used, ErrCertificate for a device
// without DeviceSecret, of another product or given twice, ErrEmpty for no
// devices at all, ErrFormat, the context's error, or what Request.Devices
// yielded.
func Export(ctx context.Context, r Request) (Result, error) {
	return export(ctx, r, createFile)
}

func export(ctx context.Context, r Request, create creator) (Result, error) {
	if err := r.check(); err != nil {
		return Result{}, fmt.Errorf("export: %w", err)
	}
	fail := func(err error) (Result, error) {
		return Result{}, fmt.Errorf("export to %s: %w", r.Out, err)
	}
	s, err := stage(r.Out, create)
	if err != nil {
		return fail(err)
	}
	count, err := write(ctx, r, s)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = s.publish()
	}
	if err != nil {
		if discardErr := s.discard(); discardErr != nil {
			err = errors.Join(err, discardErr)
		}
		return fail(err)
	}
	result := Result{Folder: s.out, Files: s.written(), Devices: count}
	if r.holdsSecrets() {
		result.Secrets = count
	}
	if r.ProductCertificate {
		result.Devices = 0
	}
	return result, nil
}

// certificate is one line of a table and one picture of each kind.
type certificate struct {
	payload
	file string // the pictures' name without extension
}

// write puts all files into the staging folder and returns the number of
// certificates.
func write(parent context.Context, r Request, s *staging) (int, error) {
	ctx, stop := context.WithCancelCause(parent)
	defer stop(nil)

	var table *csvFile
	if r.has(FormatCSV) {
		var err error
		if table, err = newCSVFile(s, r.ProductCertificate); err != nil {
			return 0, err
		}
		defer table.close()
	}
	progress := &progress{report: r.Progress, total: r.Total}
	pictures, err := startPictures(ctx, stop, r, s, progress)
	if err != nil {
		return 0, err
	}

	count := 0
	for c, err := range certificates(r) {
		if err == nil && table != nil {
			err = table.add(c)
		}
		if err == nil {
			err = pictures.add(ctx, c)
		}
		if err != nil {
			stop(err)
			break
		}
		count++
	}
	pictures.wait()
	if err := parent.Err(); err != nil {
		return 0, err
	}
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	if count == 0 {
		return 0, ErrEmpty
	}
	if table != nil {
		if err := table.commit(); err != nil {
			return 0, err
		}
	}
	progress.end()
	return count, nil
}

// certificates yields what a request exports, checked.
func certificates(r Request) iter.Seq2[certificate, error] {
	if r.ProductCertificate {
		return func(yield func(certificate, error) bool) {
			p := r.Product
			if p.ProductSecret == "" && r.holdsSecrets() {
				yield(certificate{}, fmt.Errorf("%w: product %s has no ProductSecret", ErrCertificate, p.ProductKey))
				return
			}
			yield(certificate{payload{ProductKey: p.ProductKey, ProductSecret: p.ProductSecret}, FileName(p.ProductKey)}, nil)
		}
	}
	return func(yield func(certificate, error) bool) {
		names := newNames()
		for d, err := range r.Devices {
			var file string
			switch {
			case err != nil:
			case d.DeviceName == "":
				err = fmt.Errorf("%w: a device has no DeviceName", ErrCertificate)
			case d.ProductKey != r.Product.ProductKey:
				err = fmt.Errorf("%w: device %s is of product %s, not of %s", ErrCertificate, d.DeviceName, d.ProductKey, r.Product.ProductKey)
			case d.DeviceSecret == "" && r.holdsSecrets():
				err = fmt.Errorf("%w: device %s has no DeviceSecret", ErrCertificate, d.DeviceName)
			default:
				file, err = names.add(d.DeviceName)
			}
			if !yield(certificate{secretPayload(d.Certificate()), file}, err) || err != nil {
				return
			}
		}
	}
}

// csvFile is the table of an export while it is written.
type csvFile struct {
	*stagedFile
	buffer  *bufio.Writer
	rows    *csv.Writer
	product bool
	row     [3]string
}

func newCSVFile(s *staging, product bool) (*csvFile, error) {
	name, header := "devices.csv", []string{"DeviceName", "DeviceSecret", "ProductKey"}
	if product {
		name, header = "product.csv", []string{"ProductKey", "ProductSecret"}
	}
	f, err := s.open(name)
	if err != nil {
		return nil, err
	}
	buffer := bufio.NewWriterSize(f, 1<<20)
	t := &csvFile{stagedFile: f, buffer: buffer, rows: csv.NewWriter(buffer), product: product}
	return t, t.rows.Write(header)
}

func (t *csvFile) add(c certificate) error {
	row := t.row[:0]
	if t.product {
		row = append(row, c.ProductKey, c.ProductSecret)
	} else {
		row = append(row, c.DeviceName, c.DeviceSecret, c.ProductKey)
	}
	return t.rows.Write(row)
}

func (t *csvFile) commit() error {
	t.rows.Flush()
	if err := t.rows.Error(); err != nil {
		return err
	}
	if err := t.buffer.Flush(); err != nil {
		return err
	}
	return t.stagedFile.commit()
}

// pictures draws QR codes on all processors.
type pictures struct {
	jobs     chan certificate
	workers  sync.WaitGroup
	progress *progress
}

func startPictures(ctx context.Context, stop context.CancelCauseFunc, r Request, s *staging, progress *progress) (*pictures, error) {
	p := &pictures{progress: progress}
	label, secret := r.has(FormatQR), r.has(FormatQRSecret)
	if !label && !secret {
		return p, nil
	}
	for _, f := range r.Formats {
		if f == FormatQR || f == FormatQRSecret {
			if err := s.mkdir(string(f)); err != nil {
				return nil, err
			}
		}
	}
	p.jobs = make(chan certificate)
	for range runtime.GOMAXPROCS(0) {
		p.workers.Go(func() {
			drawer := newDrawer()
			for c := range p.jobs {
				if ctx.Err() != nil {
					return
				}
				if label {
					if err := drawer.write(s, filepath.Join(string(FormatQR), c.file+".png"), c.label(), ""); err != nil {
						stop(err)
						return
					}
				}
				if secret {
					if err := drawer.write(s, filepath.Join(string(FormatQRSecret), c.file+".secret.png"), c.payload, c.warning()); err != nil {
						stop(err)
						return
					}
				}
				progress.add()
			}
		})
	}
	return p, nil
}

// add hands a certificate to a free worker.
func (p *pictures) add(ctx context.Context, c certificate) error {
	if p.jobs == nil {
		p.progress.add()
		return ctx.Err()
	}
	select {
	case p.jobs <- c:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *pictures) wait() {
	if p.jobs != nil {
		close(p.jobs)
	}
	p.workers.Wait()
}

// drawer makes PNG files, one after the other, with buffers of its own.
type drawer struct {
	painter *painter
	buffer  bytes.Buffer
}

func newDrawer() *drawer { return &drawer{painter: newPainter()} }

func (d *drawer) write(s *staging, name string, p payload, warning string) error {
	d.buffer.Reset()
	if err := d.painter.png(&d.buffer, p.String(), warning); err != nil {
		return fmt.Errorf("draw %s: %w", name, err)
	}
	return s.write(name, d.buffer.Bytes())
}

// progressInterval is how often progress is reported: often enough to look
// alive, seldom enough to cost nothing.
const progressInterval = 50 * time.Millisecond

// progress counts certificates and reports now and then.
type progress struct {
	report func(platform.Progress)
	total  int

	mu   sync.Mutex
	done int
	next time.Time
}

func (p *progress) add() {
	if p.report == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if now := time.Now(); now.After(p.next) {
		p.next = now.Add(progressInterval)
		total := p.total
		if total > 0 {
			total = max(total, p.done) // devices may have been added meanwhile
		}
		p.report(platform.Progress{Done: p.done, Total: total})
	}
}

// end reports that all is done.
func (p *progress) end() {
	if p.report != nil {
		p.report(platform.Progress{Done: p.done, Total: p.done})
	}
}
