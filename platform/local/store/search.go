package store

import (
	"bytes"
	"context"
	"strings"

	"fleetmint/platform"
)

// FindDevices returns one page of those devices of a product that a filter lets
// through, newest first. Total is exact. The names are searched in memory: some
// milliseconds for a million devices.
func (s *Store) FindDevices(ctx context.Context, productKey string, filter platform.DeviceFilter, page platform.Page) (platform.DevicePage, error) {
	if filter == (platform.DeviceFilter{}) {
		return s.Devices(ctx, productKey, page)
	}
	const op = "find devices"
	p, err := s.need(op, productKey)
	if err != nil {
		return platform.DevicePage{}, err
	}
	skip, size, err := bounds(op, page)
	if err != nil {
		return platform.DevicePage{}, err
	}
	p.mu.RLock()
	names, total := p.devices.search(filter, skip, size)
	p.mu.RUnlock()
	devices, err := s.fetch(ctx, op, p, names, anyApplication)
	if err != nil {
		return platform.DevicePage{}, err
	}
	return platform.DevicePage{Devices: devices, Total: total}, nil
}

// search returns the names of up to size devices that a filter lets through,
// newest first and leaving out the skip newest, and how many there are in all.
func (t *table) search(filter platform.DeviceFilter, skip, size int) (names []string, total int) {
	var records []uint32
	pass := func(record uint32) {
		f := t.flags[record]
		if !f.has(flagDead) && (filter.Status == "" || status(f) == filter.Status) {
			records = append(records, record)
		}
	}
	if filter.Contains == "" {
		for record := range t.flags {
			pass(uint32(record))
		}
	} else {
		t.eachContaining([]byte(strings.ToLower(filter.Contains)), pass)
	}
	for i := len(records) - 1 - skip; i >= 0 && len(names) < size; i-- {
		names = append(names, t.name(records[i]))
	}
	return names, len(records)
}

// eachContaining calls f for every record whose name has a part, in order. It
// looks for the part in all names at once, which lie end to end, and drops what
// begins in one name and ends in the next.
func (t *table) eachContaining(part []byte, f func(record uint32)) {
	record, from := 0, 0
	for {
		i := bytes.Index(t.folded[from:], part)
		if i < 0 {
			return
		}
		at := from + i
		for int(t.offsets[record+1]) <= at {
			record++
		}
		end := int(t.offsets[record+1])
		if at+len(part) <= end {
			f(uint32(record))
			from = end
		} else {
			from = at + 1
		}
	}
}
