package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"fleetmint/platform"
)

const (
	// nicknameMax is in characters, from the cloud's RegisterDevice.
	nicknameMax = 64
	// insertRows and selectRows are how many rows one statement writes or names.
	insertRows = 50
	selectRows = 500
)

// newRow is a device on its way into the database.
type newRow struct {
	name, nickname, secret string
	sealed                 []byte
	seq                    uint32
	iotID                  string
}

func (s *Store) newRow(random generator, productKey, name, nickname string) newRow {
	if name == "" {
		name = random.deviceName()
	}
	secret := random.deviceSecret()
	return newRow{
		name: name, nickname: nickname, secret: secret,
		sealed: s.seal.seal(place("devices", productKey, name), secret),
	}
}

// RegisterDevice registers one device with a new DeviceSecret and IotID. An
// empty DeviceName lets the store choose one. ErrInvalid for a name that breaks
// the rule, ErrAlreadyExists for one that is taken, ErrNotFound for an unknown
// product.
func (s *Store) RegisterDevice(ctx context.Context, nd platform.NewDevice) (platform.Device, error) {
	const op = "register device"
	p, err := s.need(op, nd.ProductKey)
	if err != nil {
		return platform.Device{}, err
	}
	if nd.DeviceName != "" {
		if err := platform.ValidateDeviceName(nd.DeviceName); err != nil {
			return platform.Device{}, err
		}
	}
	if !utf8.ValidString(nd.Nickname) || utf8.RuneCountInString(nd.Nickname) > nicknameMax {
		return platform.Device{}, &platform.Error{
			Op: op, Kind: platform.ErrInvalid, Field: platform.FieldNickname,
			Message: fmt.Sprintf("a nickname has at most %d characters", nicknameMax),
		}
	}
	random := newGenerator()
	row := s.newRow(random, p.key, nd.DeviceName, nd.Nickname)
	return write(ctx, s.writer, op, true, func(t *tx) (platform.Device, error) {
		devices, err := s.insert(t, op, p, random, []newRow{row}, 0)
		if err != nil {
			return platform.Device{}, err
		}
		return devices[0], nil
	})
}

// RegisterDevices registers many devices in one transaction: all of them or, on
// any error, none. Empty names are chosen by the store. The result is in the
// order of names. ErrInvalid for a name that breaks the rule or stands there
// twice, ErrAlreadyExists for one that is taken; Value tells which.
func (s *Store) RegisterDevices(ctx context.Context, productKey string, names []string) ([]platform.Device, error) {
	const op = "register devices"
	p, err := s.need(op, productKey)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, nil
	}
	// Everything that takes time but the writing itself happens here, in the
	// caller's goroutine.
	random := newBulkGenerator()
	rows := make([]newRow, len(names))
	for i, name := range names {
		if name != "" {
			if err := platform.ValidateDeviceName(name); err != nil {
				return nil, err
			}
		}
		rows[i] = s.newRow(random, p.key, name, "")
	}
	if twice, found := repeated(rows); found {
		return nil, &platform.Error{
			Op: op, Kind: platform.ErrInvalid, Field: platform.FieldDeviceName, Value: twice,
			Message: fmt.Sprintf("DeviceName %q is given twice", twice),
		}
	}
	return write(ctx, s.writer, op, false, func(t *tx) ([]platform.Device, error) {
		return s.insert(t, op, p, random, rows, 0)
	})
}

func repeated(rows []newRow) (string, bool) {
	seen := make(map[string]struct{}, len(rows))
	for _, row := range rows {
		if _, found := seen[row.name]; found {
			return row.name, true
		}
		seen[row.name] = struct{}{}
	}
	return "", false
}

// insert writes new devices and returns them in the order given. Names must be
// distinct. It runs in the writer.
func (s *Store) insert(t *tx, op string, p *product, random generator, rows []newRow, application int64) ([]platform.Device, error) {
	created := s.now().UTC().Truncate(time.Millisecond)
	devices := make([]platform.Device, len(rows))
	for i := range rows {
		rows[i].seq = p.nextSeq
		p.nextSeq++ // a number that is not used in the end is no loss
		rows[i].iotID = random.iotID(p.id, rows[i].seq)
		devices[i] = platform.Device{
			DeviceRef:    platform.DeviceRef{ProductKey: p.key, DeviceName: rows[i].name},
			DeviceSecret: rows[i].secret, IotID: rows[i].iotID, Nickname: rows[i].nickname,
			Status: platform.StatusUnactive, Created: created,
		}
	}
	// In the order of the key, rows go into the tree side by side: three times
	// as fast as at random.
	sorted := slices.Clone(rows)
	slices.SortFunc(sorted, func(a, b newRow) int { return cmp.Compare(a.name, b.name) })
	const columns = 8
	args := make([]any, 0, min(len(rows), insertRows)*columns)
	for chunk := range slices.Chunk(sorted, insertRows) {
		args = args[:0]
		for _, r := range chunk {
			args = append(args, p.id, r.name, int64(r.seq), r.iotID, r.nickname, r.sealed, millis(created), application)
		}
		_, err := t.exec("INSERT INTO devices (product, name, seq, iot_id, nickname, secret, created, application) VALUES "+
			list("(?, ?, ?, ?, ?, ?, ?, ?)", len(chunk)), args...)
		switch {
		case isOrphan(err):
			return nil, noProduct(op, p.key)
		case isTaken(err):
			taken, err := taken(t, p, chunk)
			if err != nil {
				return nil, err
			}
			return nil, &platform.Error{
				Op: op, Kind: platform.ErrAlreadyExists, Field: platform.FieldDeviceName, Value: taken[0],
				Message: fmt.Sprintf("there is already a device %q in the product", taken[0]),
			}
		case err != nil:
			return nil, err
		}
	}
	t.committed(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, r := range rows {
			p.devices.add(r.name, r.secret, r.seq, 0)
		}
	})
	return devices, nil
}

// list repeats an item, separated by commas.
func list(item string, n int) string {
	return strings.Repeat(item+", ", n-1) + item
}

// taken returns those of the rows' names that are in the database. It runs in
// the writer and sees what its transaction has done so far.
func taken(t *tx, p *product, rows []newRow) ([]string, error) {
	var names []string
	for chunk := range slices.Chunk(rows, selectRows) {
		args := []any{p.id}
		for _, r := range chunk {
			args = append(args, r.name)
		}
		found, err := t.query("SELECT name FROM devices WHERE product = ? AND name IN ("+list("?", len(chunk))+")", args...)
		if err != nil {
			return nil, err
		}
		for found.Next() {
			var name string
			if err := found.Scan(&name); err != nil {
				found.Close()
				return nil, err
			}
			names = append(names, name)
		}
		if err := found.Err(); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// Device returns one device with its DeviceSecret. ErrNotFound with the field
// that names nothing.
func (s *Store) Device(ctx context.Context, ref platform.DeviceRef) (platform.Device, error) {
	const op = "read device"
	p, err := s.need(op, ref.ProductKey)
	if err != nil {
		return platform.Device{}, err
	}
	devices, err := s.fetch(ctx, op, p, []string{ref.DeviceName}, anyApplication)
	if err != nil {
		return platform.Device{}, err
	}
	if len(devices) == 0 {
		return platform.Device{}, noDevice(op, ref.DeviceName)
	}
	return devices[0], nil
}

// DeviceByIotID returns the device with an IotID. ErrNotFound when there is
// none; the IotID of a deleted device stays unknown for ever.
func (s *Store) DeviceByIotID(ctx context.Context, iotID string) (platform.Device, error) {
	const op = "read device"
	unknown := &platform.Error{Op: op, Kind: platform.ErrNotFound, Field: "IotId", Value: iotID, Message: "there is no device with this IotId"}
	id, seq, ok := parseIotID(iotID)
	if !ok {
		return platform.Device{}, unknown
	}
	s.mu.RLock()
	p, ok := s.byID[id]
	s.mu.RUnlock()
	if !ok {
		return platform.Device{}, unknown
	}
	p.mu.RLock()
	record, ok := p.devices.findSeq(seq)
	var name string
	if ok {
		name = p.devices.name(record)
	}
	p.mu.RUnlock()
	if !ok {
		return platform.Device{}, unknown
	}
	devices, err := s.fetch(ctx, op, p, []string{name}, anyApplication)
	if err != nil {
		return platform.Device{}, err
	}
	if len(devices) == 0 || devices[0].IotID != iotID {
		return platform.Device{}, unknown
	}
	return devices[0], nil
}

// Devices returns one page of a product's devices, newest first. Total is
// exact. A page deep in the list costs what the first one costs.
func (s *Store) Devices(ctx context.Context, productKey string, page platform.Page) (platform.DevicePage, error) {
	const op = "list devices"
	p, err := s.need(op, productKey)
	if err != nil {
		return platform.DevicePage{}, err
	}
	skip, size, err := bounds(op, page)
	if err != nil {
		return platform.DevicePage{}, err
	}
	p.mu.RLock()
	total := p.devices.alive
	names := p.devices.page(skip, size)
	p.mu.RUnlock()
	devices, err := s.fetch(ctx, op, p, names, anyApplication)
	if err != nil {
		return platform.DevicePage{}, err
	}
	return platform.DevicePage{Devices: devices, Total: total}, nil
}

// DevicesNamed returns the named devices of one product in the order of names,
// leaving out those that do not exist. ErrNotFound for an unknown product.
func (s *Store) DevicesNamed(ctx context.Context, productKey string, names []string) ([]platform.Device, error) {
	const op = "read devices"
	p, err := s.need(op, productKey)
	if err != nil {
		return nil, err
	}
	return s.fetch(ctx, op, p, names, anyApplication)
}

// anyApplication has fetch return devices of every origin.
const anyApplication = -1

// fetch reads devices by name, in the order of names, and leaves out those that
// do not exist.
func (s *Store) fetch(ctx context.Context, op string, p *product, names []string, application int64) ([]platform.Device, error) {
	found := make(map[string]platform.Device, len(names))
	for chunk := range slices.Chunk(names, selectRows) {
		if err := s.fetchChunk(ctx, p, chunk, application, found); err != nil {
			return nil, s.readFailure(op, err)
		}
	}
	devices := make([]platform.Device, 0, len(found))
	for _, name := range names {
		if d, ok := found[name]; ok && s.complete(p, &d) {
			devices = append(devices, d)
		}
	}
	return devices, nil
}

func (s *Store) fetchChunk(ctx context.Context, p *product, names []string, application int64, found map[string]platform.Device) error {
	args := make([]any, 0, len(names)+1)
	args = append(args, p.id)
	for _, name := range names {
		args = append(args, name)
	}
	rows, err := s.read.QueryContext(ctx, `SELECT name, iot_id, nickname, created, activated, last_online, address, application
		FROM devices WHERE product = ? AND name IN (`+list("?", len(names))+")", args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		d := platform.Device{DeviceRef: platform.DeviceRef{ProductKey: p.key}}
		var created, activated, lastOnline, origin int64
		err := rows.Scan(&d.DeviceName, &d.IotID, &d.Nickname, &created, &activated, &lastOnline, &d.Address, &origin)
		if err != nil {
			return err
		}
		if application != anyApplication && application != origin {
			continue
		}
		d.Created, d.Activated, d.LastOnline = fromMillis(created), fromMillis(activated), fromMillis(lastOnline)
		found[d.DeviceName] = d
	}
	return rows.Err()
}

// complete adds what only memory knows. False means that the device is not in
// memory: nobody has been told yet that it is registered, or it is just being
// deleted.
func (s *Store) complete(p *product, d *platform.Device) bool {
	p.mu.RLock()
	record, ok := p.devices.find(d.DeviceName)
	if ok {
		d.DeviceSecret = p.devices.secret(record)
		d.Status = status(p.devices.flags[record])
	}
	p.mu.RUnlock()
	if latest, behind := s.presence.of(d.DeviceRef); behind {
		d.LastOnline, d.Address = fromMillis(latest.at), latest.address
	}
	return ok
}

func status(f flags) platform.Status {
	switch {
	case f.has(flagDisabled):
		return platform.StatusDisabled
	case f.has(flagOnline):
		return platform.StatusOnline
	case f.has(flagActivated):
		return platform.StatusOffline
	default:
		return platform.StatusUnactive
	}
}

// changeDevice runs one statement that changes exactly one row and then the
// change of memory. The statement's parameters end with product and name.
func (s *Store) changeDevice(ctx context.Context, op string, ref platform.DeviceRef, query string, args []any, apply func(*table, uint32)) error {
	p, err := s.need(op, ref.ProductKey)
	if err != nil {
		return err
	}
	args = append(args, p.id, ref.DeviceName)
	return update(ctx, s.writer, op, true, func(t *tx) error {
		n, err := t.exec(query+" WHERE product = ? AND name = ?", args...)
		if err == nil && n == 0 {
			err = noDevice(op, ref.DeviceName)
		}
		if err != nil {
			return err
		}
		t.committed(func() { p.change(ref.DeviceName, apply) })
		return nil
	})
}

// DeleteDevice removes a device; its certificate cannot be recovered.
// Registering the same DeviceName again makes a new DeviceSecret and IotID.
// ErrNotFound when there is none.
func (s *Store) DeleteDevice(ctx context.Context, ref platform.DeviceRef) error {
	return s.changeDevice(ctx, "delete device", ref, "DELETE FROM devices", nil, func(t *table, record uint32) {
		t.remove(record)
		s.presence.forget(ref)
	})
}

// SetDisabled refuses a device or lets it in again. Its session, where it has
// one, is the broker's to end. ErrNotFound when there is no such device.
func (s *Store) SetDisabled(ctx context.Context, ref platform.DeviceRef, disabled bool) error {
	op := "enable device"
	if disabled {
		op = "disable device"
	}
	return s.changeDevice(ctx, op, ref, "UPDATE devices SET disabled = ?", []any{disabled}, func(t *table, record uint32) {
		if disabled {
			t.set(record, flagDisabled)
		} else {
			t.unset(record, flagDisabled)
		}
	})
}

// ResetDevice allows dynamic registration again to a device that was active.
// Its status and its DeviceSecret stay, as on the cloud. ErrNotFound when there
// is no such device.
func (s *Store) ResetDevice(ctx context.Context, ref platform.DeviceRef) error {
	return s.changeDevice(ctx, "reset device", ref, "UPDATE devices SET registrable = 1", nil, func(t *table, record uint32) {
		t.set(record, flagRegistrable)
	})
}

// ReissueSecret gives a device that registers itself a new DeviceSecret, which
// replaces the one before: the last one wins. ErrConflict when the device is
// active and has not been reset, ErrNotFound when there is none.
func (s *Store) ReissueSecret(ctx context.Context, ref platform.DeviceRef) (platform.Device, error) {
	const op = "reissue DeviceSecret"
	p, err := s.need(op, ref.ProductKey)
	if err != nil {
		return platform.Device{}, err
	}
	secret := newGenerator().deviceSecret()
	sealed := s.seal.seal(place("devices", p.key, ref.DeviceName), secret)
	err = update(ctx, s.writer, op, true, func(t *tx) error {
		n, err := t.exec("UPDATE devices SET secret = ? WHERE product = ? AND name = ? AND (activated = 0 OR registrable <> 0)",
			sealed, p.id, ref.DeviceName)
		if err != nil {
			return err
		}
		if n == 0 {
			return s.whyNotReissued(t, op, p, ref)
		}
		t.committed(func() {
			p.change(ref.DeviceName, func(t *table, record uint32) { t.setSecret(record, secret) })
		})
		return nil
	})
	if err != nil {
		return platform.Device{}, err
	}
	device, err := s.Device(ctx, ref)
	device.DeviceSecret = secret // another one may have been issued since
	if err != nil {
		return platform.Device{}, err
	}
	return device, nil
}

func (s *Store) whyNotReissued(t *tx, op string, p *product, ref platform.DeviceRef) error {
	var exists bool
	if err := t.row("SELECT EXISTS (SELECT 1 FROM devices WHERE product = ? AND name = ?)", p.id, ref.DeviceName).Scan(&exists); err != nil {
		return err
	}
	if !exists {
		return noDevice(op, ref.DeviceName)
	}
	return &platform.Error{
		Op: op, Kind: platform.ErrConflict, Field: platform.FieldDeviceName, Value: ref.DeviceName,
		Message: fmt.Sprintf("device %q is already active; reset it before it registers again", ref.DeviceName),
	}
}
