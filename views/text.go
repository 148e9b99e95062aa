package views

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2/lang"
)

// values fill the {{.Name}} places of a translated text.
type values map[string]any

// text returns the words for a key in the user's language. A key without a
// translation shows as itself, which a test of the key sets keeps from
// happening.
func text(key string, data ...any) string { return lang.X(key, key, data...) }

// plural returns the words for a key in the form that a number asks for. The
// number is at hand in the text as {{.Count}}, its digits grouped.
func plural(key string, n int64, data values) string {
	all := values{"Count": count(n)}
	maps.Copy(all, data)
	return lang.XN(key, key, int(n), map[string]any(all))
}

// count writes a whole number with its digits grouped by three.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i, digit := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

// moment writes a time in the ISO order and the user's zone; a dash stands for
// never.
func moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}
