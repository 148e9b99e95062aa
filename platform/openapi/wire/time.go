package wire

import (
	"fmt"
	"time"
)

const (
	utcLayout   = "2006-01-02T15:04:05.000Z"
	localLayout = "2006-01-02 15:04:05"
)

// UTC formats t for the Utc fields, such as 2018-08-07T07:54:15.000Z. The zero
// time, an event that never happened, is the empty text.
func UTC(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(utcLayout)
}

// ParseUTC reads a Utc field. The empty text is the zero time.
func ParseUTC(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	// RFC 3339 covers the documented form and those with another precision.
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("parse time %q: want the form %s", text, utcLayout)
	}
	return t.UTC(), nil
}

// Local formats t for the Gmt fields of devices, which despite their name hold
// the region's local time without a zone, such as 2018-08-07 15:54:15. The zero
// time is the empty text. Read the Utc fields instead of these.
func Local(t time.Time, region *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(region).Format(localLayout)
}

// Millis is t in milliseconds since 1970, the form of a product's GmtCreate and
// of Timestamp; 0 for the zero time.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// FromMillis is the opposite of Millis.
func FromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
