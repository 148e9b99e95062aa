package platform

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Errors of ParsePattern.
var (
	ErrNoRange      = errors.New("the pattern has no range in braces such as {001..100}")
	ErrBadRange     = errors.New("a range is two whole numbers such as {001..100}, the first not above the last")
	ErrTooManyNames = errors.New("the range has too many names")
)

// BatchMax is how many devices one batch of the console may register.
const BatchMax = 100_000

// Pattern is a family of DeviceNames that differ in one number, written such as
// SN-{00001..00100}. A first number with leading zeros keeps its width.
type Pattern struct {
	prefix, suffix string
	first, last    int
	width          int
}

// PatternError is a refused pattern; it wraps one of the errors above.
type PatternError struct {
	Range string // the text between the braces, where there is one
	Err   error
}

// Error says what is wrong with which range.
func (e *PatternError) Error() string {
	if e.Range == "" {
		return e.Err.Error()
	}
	return fmt.Sprintf("{%s}: %v", e.Range, e.Err)
}

// Unwrap gives errors.Is the sentinel.
func (e *PatternError) Unwrap() error { return e.Err }

// ParsePattern reads a pattern with exactly one range. The names it makes obey
// ValidateDeviceName when ParsePattern returns no error: a name that would
// break the rule is reported as ErrInvalid.
func ParsePattern(text string) (Pattern, error) {
	prefix, rest, found := strings.Cut(text, "{")
	inside, suffix, closed := strings.Cut(rest, "}")
	if !found || !closed {
		return Pattern{}, &PatternError{Err: ErrNoRange}
	}
	if strings.ContainsAny(suffix, "{}") {
		return Pattern{}, &PatternError{Range: inside, Err: ErrBadRange}
	}
	from, to, ok := strings.Cut(inside, "..")
	first, err := parseNumber(from)
	last, err2 := parseNumber(to)
	if !ok || err != nil || err2 != nil || first > last {
		return Pattern{}, &PatternError{Range: inside, Err: ErrBadRange}
	}
	if last-first >= BatchMax {
		return Pattern{}, &PatternError{Range: inside, Err: ErrTooManyNames}
	}
	p := Pattern{prefix: prefix, suffix: suffix, first: first, last: last}
	if strings.HasPrefix(from, "0") {
		p.width = len(from)
	}
	// The first and the last name are the shortest and the longest.
	for _, name := range []string{p.Name(0), p.Name(p.Len() - 1)} {
		if err := ValidateDeviceName(name); err != nil {
			return Pattern{}, err
		}
	}
	return p, nil
}

// parseNumber takes digits alone: strconv would also take a sign.
func parseNumber(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err
}

// Len is how many names the pattern makes.
func (p Pattern) Len() int { return p.last - p.first + 1 }

// Name is the name at index i, counted from 0.
func (p Pattern) Name(i int) string {
	return fmt.Sprintf("%s%0*d%s", p.prefix, p.width, p.first+i, p.suffix)
}

// Names are all names of the pattern in order.
func (p Pattern) Names() []string {
	names := make([]string, p.Len())
	for i := range names {
		names[i] = p.Name(i)
	}
	return names
}
