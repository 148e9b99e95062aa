package store

import (
	"context"
	"maps"
	"sync"
	"time"

	"fleetmint/platform"
)

// seen is when, in milliseconds, and from where a device was last online.
type seen struct {
	at      int64
	address string
}

// presence holds what is to be written behind: the last news of each device.
// It is safe for concurrent use.
type presence struct {
	mu      sync.Mutex
	pending map[platform.DeviceRef]seen
}

func (p *presence) of(ref platform.DeviceRef) (seen, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	latest, ok := p.pending[ref]
	return latest, ok
}

func (p *presence) note(ref platform.DeviceRef, latest seen) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending[ref] = latest
}

func (p *presence) forget(ref platform.DeviceRef) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pending, ref)
}

// Connected notes that a device has a session. The first one activates the
// device and ends a reset, durably before Connected returns; later ones change
// memory at once and the database a little later. ErrNotFound when the device
// is gone.
func (s *Store) Connected(ctx context.Context, ref platform.DeviceRef, remote string, at time.Time) error {
	const op = "connect device"
	p, err := s.need(op, ref.ProductKey)
	if err != nil {
		return err
	}
	if at.IsZero() {
		at = s.now()
	}
	first := false
	known := p.change(ref.DeviceName, func(t *table, record uint32) {
		f := t.flags[record]
		if first = !f.has(flagActivated) || f.has(flagRegistrable); !first {
			t.set(record, flagOnline)
		}
	})
	switch {
	case !known:
		return noDevice(op, ref.DeviceName)
	case !first:
		s.presence.note(ref, seen{millis(at), remote})
		return nil
	}
	return s.changeDevice(ctx, op, ref,
		`UPDATE devices SET activated = iif(activated = 0, ?, activated), registrable = 0, last_online = ?, address = ?`,
		[]any{millis(at), millis(at), remote},
		func(t *table, record uint32) {
			t.unset(record, flagRegistrable)
			t.set(record, flagActivated|flagOnline)
			s.presence.forget(ref) // older than what was just written
		})
}

// Disconnected notes that a device's only session has ended. It must not be
// called for a session that another one of the same device has replaced. The
// time changes nothing: LastOnline is when a device came online.
// ErrNotFound when the device is gone.
func (s *Store) Disconnected(_ context.Context, ref platform.DeviceRef, _ time.Time) error {
	const op = "disconnect device"
	p, err := s.need(op, ref.ProductKey)
	if err != nil {
		return err
	}
	if !p.change(ref.DeviceName, func(t *table, record uint32) { t.unset(record, flagOnline) }) {
		return noDevice(op, ref.DeviceName)
	}
	return nil
}

// flushPresence writes what is behind. It runs in the writer. What stays in
// pending until the commit is what readers add to rows that are older.
func (s *Store) flushPresence(t *tx) error {
	s.presence.mu.Lock()
	batch := maps.Clone(s.presence.pending)
	s.presence.mu.Unlock()
	for ref, latest := range batch {
		p, ok := s.product(ref.ProductKey)
		if !ok {
			continue
		}
		_, err := t.exec("UPDATE devices SET last_online = ?, address = ? WHERE product = ? AND name = ?",
			latest.at, latest.address, p.id, ref.DeviceName)
		if err != nil {
			return err
		}
	}
	t.committed(func() {
		s.presence.mu.Lock()
		defer s.presence.mu.Unlock()
		for ref, written := range batch {
			if s.presence.pending[ref] == written {
				delete(s.presence.pending, ref)
			}
		}
	})
	return nil
}
