package factory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// FileName turns a DeviceName into a file name, without extension, that every
// file system takes. Letters, digits and - _ @ . stay; other bytes, such as the
// colon, are percent-encoded, and so are a first and a last dot (hidden, or
// dropped by Windows) and the first letter of a name that Windows reserves,
// such as COM1 or nul.1. url.PathUnescape gives the DeviceName back.
//
// File systems may ignore the case of letters, DeviceNames do not: within one
// export the second of two names that differ only in case gets "~2" appended,
// the third "~3". No file name has a ~ otherwise.
func FileName(deviceName string) string {
	var b strings.Builder
	b.Grow(len(deviceName))
	reserved := isReserved(deviceName)
	for i := 0; i < len(deviceName); i++ {
		c := deviceName[i]
		safe := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_@", c) >= 0 ||
			c == '.' && i > 0 && i < len(deviceName)-1
		if !safe || i == 0 && reserved {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// isReserved reports whether Windows takes a name for a device of its own. It
// does so with any extension.
func isReserved(name string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch base {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(base) == 4 && (base[:3] == "COM" || base[:3] == "LPT") && base[3] >= '0' && base[3] <= '9'
}

// names gives each DeviceName of one export a file name of its own.
type names struct {
	first  map[string]string   // folded to lower case -> the first name
	others map[string][]string // the further names, which are rare
}

func newNames() *names {
	return &names{first: make(map[string]string), others: make(map[string][]string)}
}

// add returns the file name of a DeviceName, or ErrCertificate when the name
// was added before.
func (n *names) add(name string) (string, error) {
	folded := strings.ToLower(name)
	first, taken := n.first[folded]
	if !taken {
		n.first[folded] = name
		return FileName(name), nil
	}
	if first == name || slices.Contains(n.others[folded], name) {
		return "", fmt.Errorf("%w: device %s is given twice", ErrCertificate, name)
	}
	n.others[folded] = append(n.others[folded], name)
	return FileName(name) + "~" + strconv.Itoa(len(n.others[folded])+1), nil
}
