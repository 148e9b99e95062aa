package store

import (
	"context"
	"sync"
	"time"

	"fleetmint/platform"
)

// activityKept is how many activities are kept; older ones are forgotten.
const activityKept = 10_000

// Entry is an activity with its cursor. Cursors rise, also from one start of
// the platform to the next, and fit a JavaScript number.
type Entry struct {
	Cursor uint64
	platform.Activity
}

// activityLog is a bounded ring in memory, safe for concurrent use.
type activityLog struct {
	mu      sync.Mutex
	ring    []platform.Activity
	first   uint64        // cursor before the oldest entry kept
	changed chan struct{} // closed and replaced at every change
	now     func() time.Time
}

// newActivityLog begins cursors at the time in microseconds, so that a cursor
// of an earlier start is always older than the new entries.
func newActivityLog(now func() time.Time) *activityLog {
	return &activityLog{first: uint64(now().UnixMicro()), changed: make(chan struct{}), now: now}
}

// Record keeps an activity. It never blocks on disk or network; a zero Time
// becomes the time of the call.
func (s *Store) Record(a platform.Activity) { s.activity.record(a) }

func (l *activityLog) record(a platform.Activity) {
	if a.Time.IsZero() {
		a.Time = l.now()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// Cutting twice the bound down to it costs one copy in activityKept calls.
	if len(l.ring) == 2*activityKept {
		l.first += activityKept
		n := copy(l.ring, l.ring[activityKept:])
		clear(l.ring[n:])
		l.ring = l.ring[:n]
	}
	l.ring = append(l.ring, a)
	close(l.changed)
	l.changed = make(chan struct{})
}

// Activities returns the entries after a cursor, oldest first, at most limit of
// them. Where there are none it waits for news up to wait. Only the last 10,000
// are kept: with a cursor older than that, 0 for instance, the answer begins
// with the oldest kept. The only error is that of the context.
func (s *Store) Activities(ctx context.Context, after uint64, limit int, wait time.Duration) ([]Entry, error) {
	deadline := time.NewTimer(wait)
	defer deadline.Stop()
	for {
		entries, changed := s.activity.since(after, limit)
		if len(entries) > 0 || limit <= 0 || wait <= 0 {
			return entries, nil
		}
		select {
		case <-changed:
		case <-deadline.C:
			return nil, nil
		case <-s.writer.closing:
			return nil, nil
		case <-ctx.Done():
			return nil, failure("wait for activity", ctx.Err())
		}
	}
}

func (l *activityLog) since(after uint64, limit int) ([]Entry, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := max(0, len(l.ring)-activityKept)
	if after > l.first {
		from = int(max(uint64(from), min(after-l.first, uint64(len(l.ring)))))
	}
	kept := l.ring[from:]
	kept = kept[:min(len(kept), max(limit, 0))]
	entries := make([]Entry, len(kept))
	for i, a := range kept {
		entries[i] = Entry{Cursor: l.first + uint64(from+i) + 1, Activity: a}
	}
	return entries, l.changed
}
