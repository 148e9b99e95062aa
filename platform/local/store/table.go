package store

import (
	"encoding/hex"
	"hash/maphash"
	"slices"
	"sort"
	"strings"
)

// rawSecret is the length of a DeviceSecret of 32 lower-case hex digits as
// bytes.
const rawSecret = 16

// pageBlock is how many records share one count of living ones.
const pageBlock = 4096

// flags are what is known of a device apart from its secret.
type flags uint8

const (
	flagDisabled    flags = 1 << iota
	flagActivated         // has connected at least once
	flagRegistrable       // was reset: dynamic registration is allowed again
	flagOnline            // has a session now; never stored
	flagText              // the secret is in texts, not in secrets
	flagDead              // deleted
)

func (f flags) has(g flags) bool { return f&g != 0 }

// table holds the devices of one product in the order of their registration:
// what verification needs, and the names for paging. Records live in a few
// large arrays without pointers, found by open addressing, so that a million
// devices cost some 57 MB and next to nothing to the garbage collector.
//
// A deleted record stays, marked dead, until there are enough of them to
// rebuild. The table is not safe for concurrent use; product guards it.
type table struct {
	seed    maphash.Seed
	slots   []uint32 // record number + 1, 0 is free; the length is a power of two
	offsets []uint32 // record i's name is names[offsets[i]:offsets[i+1]]
	names   []byte
	folded  []byte // names in lower case, for searching
	secrets []byte // rawSecret bytes a record
	flags   []flags
	seqs    []uint32          // ascending
	texts   map[uint32]string // secrets of any other form
	living  []int32           // living records in each block of pageBlock

	alive, activated, online int
}

func newTable(capacity int) *table {
	t := &table{
		seed:    maphash.MakeSeed(),
		offsets: make([]uint32, 1, capacity+1),
		names:   make([]byte, 0, capacity*12),
		folded:  make([]byte, 0, capacity*12),
		secrets: make([]byte, 0, capacity*rawSecret),
		flags:   make([]flags, 0, capacity),
		seqs:    make([]uint32, 0, capacity),
		texts:   map[uint32]string{},
	}
	t.makeSlots(capacity)
	return t
}

func (t *table) makeSlots(records int) {
	n := 16
	for n*2 < records*3 { // at most two thirds full
		n *= 2
	}
	t.slots = make([]uint32, n)
	for i := range t.flags {
		t.link(uint32(i))
	}
}

func (t *table) link(record uint32) {
	mask := uint64(len(t.slots) - 1)
	h := maphash.Bytes(t.seed, t.nameBytes(record)) & mask
	for t.slots[h] != 0 {
		h = (h + 1) & mask
	}
	t.slots[h] = record + 1
}

func (t *table) nameBytes(record uint32) []byte {
	return t.names[t.offsets[record]:t.offsets[record+1]]
}

func (t *table) name(record uint32) string { return string(t.nameBytes(record)) }

// find returns the living record of a name.
func (t *table) find(name string) (uint32, bool) {
	mask := uint64(len(t.slots) - 1)
	for h := maphash.String(t.seed, name) & mask; t.slots[h] != 0; h = (h + 1) & mask {
		record := t.slots[h] - 1
		if !t.flags[record].has(flagDead) && string(t.nameBytes(record)) == name {
			return record, true
		}
	}
	return 0, false
}

// findSeq returns the living record of a sequence number.
func (t *table) findSeq(seq uint32) (uint32, bool) {
	i, found := slices.BinarySearch(t.seqs, seq)
	return uint32(i), found && !t.flags[i].has(flagDead)
}

// add appends a device; seq must be larger than every one before.
func (t *table) add(name, secret string, seq uint32, f flags) {
	record := uint32(len(t.flags))
	t.names = append(t.names, name...)
	t.folded = append(t.folded, strings.ToLower(name)...)
	t.offsets = append(t.offsets, uint32(len(t.names)))
	t.secrets = append(t.secrets, make([]byte, rawSecret)...)
	t.flags = append(t.flags, 0)
	t.seqs = append(t.seqs, seq)
	if record%pageBlock == 0 {
		t.living = append(t.living, 0)
	}
	t.living[record/pageBlock]++
	t.alive++
	t.setSecret(record, secret)
	t.set(record, f)
	if 3*len(t.flags) > 2*len(t.slots) {
		t.makeSlots(2 * len(t.flags))
	} else {
		t.link(record)
	}
}

func (t *table) secret(record uint32) string {
	if t.flags[record].has(flagText) {
		return t.texts[record]
	}
	return hex.EncodeToString(t.raw(record))
}

func (t *table) raw(record uint32) []byte {
	return t.secrets[record*rawSecret : (record+1)*rawSecret]
}

func (t *table) setSecret(record uint32, secret string) {
	clear(t.raw(record))
	delete(t.texts, record)
	t.flags[record] &^= flagText
	if isLowerHex(secret) && len(secret) == 2*rawSecret {
		// The digits were checked: Decode cannot fail.
		_, _ = hex.Decode(t.raw(record), []byte(secret))
		return
	}
	t.flags[record] |= flagText
	t.texts[record] = secret
}

func isLowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// set and unset change flags and keep the counters in step.
func (t *table) set(record uint32, f flags)   { t.change(record, t.flags[record]|f) }
func (t *table) unset(record uint32, f flags) { t.change(record, t.flags[record]&^f) }

func (t *table) change(record uint32, to flags) {
	from := t.flags[record]
	t.activated += delta(from, to, flagActivated)
	t.online += delta(from, to, flagOnline)
	t.flags[record] = to
}

func delta(from, to, f flags) int {
	switch {
	case to.has(f) && !from.has(f):
		return 1
	case from.has(f) && !to.has(f):
		return -1
	}
	return 0
}

func (t *table) remove(record uint32) {
	t.unset(record, flagActivated|flagOnline)
	t.setSecret(record, "")
	delete(t.texts, record)
	t.flags[record] = flagDead
	t.living[record/pageBlock]--
	t.alive--
	if dead := len(t.flags) - t.alive; dead > 1024 && dead > t.alive/2 {
		t.rebuild()
	}
}

func (t *table) rebuild() {
	fresh := newTable(t.alive)
	for i, f := range t.flags {
		if record := uint32(i); !f.has(flagDead) {
			fresh.add(t.name(record), t.secret(record), t.seqs[i], f&^flagText)
		}
	}
	*t = *fresh
}

// page returns the names of up to size devices, newest first, leaving out the
// skip newest. Whole blocks are skipped by their counts, so a page deep down
// costs what the first one costs.
func (t *table) page(skip, size int) []string {
	if skip >= t.alive || size <= 0 {
		return nil
	}
	names := make([]string, 0, min(size, t.alive-skip))
	block := len(t.living) - 1
	for skip >= int(t.living[block]) {
		skip -= int(t.living[block])
		block--
	}
	record := min((block+1)*pageBlock, len(t.flags)) - 1
	for ; record >= 0 && len(names) < size; record-- {
		switch {
		case t.flags[record].has(flagDead):
		case skip > 0:
			skip--
		default:
			names = append(names, t.name(uint32(record)))
		}
	}
	return names
}

// loading collects the rows of one product in any order and puts them into a
// table in the order of registration.
type loading struct {
	names   []string
	secrets []string
	flags   []flags
	seqs    []uint32
}

func (l *loading) add(name, secret string, seq uint32, f flags) {
	l.names = append(l.names, name)
	l.secrets = append(l.secrets, secret)
	l.flags = append(l.flags, f)
	l.seqs = append(l.seqs, seq)
}

func (l *loading) table() *table {
	order := make([]int, len(l.seqs))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool { return l.seqs[order[i]] < l.seqs[order[j]] })
	t := newTable(len(order))
	for _, i := range order {
		t.add(l.names[i], l.secrets[i], l.seqs[i], l.flags[i])
	}
	return t
}
