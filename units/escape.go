package units

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/godbus/dbus/v5"
)

const unitDir = string(systemdPath) + "/unit/"

// ourPaths begin the object paths of the units that run something of an application's.
var ourPaths = []string{unitDir + escape(Prefix), unitDir + escape(JobPrefix), unitDir + escape(ReleasePrefix)}

func isOurPath(path string) bool {
	return slices.ContainsFunc(ourPaths, func(begin string) bool { return strings.HasPrefix(path, begin) })
}

func unitPath(unit string) dbus.ObjectPath { return dbus.ObjectPath(unitDir + escape(unit)) }

// escape writes a unit's name as one element of an object path: all but letters and
// digits become _xx, and so does a digit at the start (sd_bus_path_encode(3)).
func escape(unit string) string {
	var b strings.Builder
	for i := range len(unit) {
		c := unit[i]
		letter := (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
		if letter || (c >= '0' && c <= '9' && i > 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "_%02x", c)
		}
	}
	return b.String()
}

// unescape is the inverse of escape; other text stays as it is.
func unescape(element string) string {
	var b strings.Builder
	for i := 0; i < len(element); i++ {
		if element[i] == '_' && i+2 < len(element) {
			if c, err := strconv.ParseUint(element[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(element[i])
	}
	return b.String()
}
