package hostname

import (
	"slices"
	"strings"
)

// parts of NexusHub have these names below the domain.
var parts = []string{"admin", "internal", "login"}

// Reserved says whether a host name is NexusHub's own, or passes for one: the domain
// itself, the names of its parts with and without the domain, all of it behind "www.",
// the folder of generated names, this machine's own name, and names directly below the
// domain that a browser may show in other letters. Both names are canonical.
func Reserved(host, domain string) bool {
	host = strings.TrimPrefix(host, "www.")
	first, rest, _ := strings.Cut(host, ".")
	switch {
	case host == domain, host == "debug."+domain, host == "localhost", host == "www":
		return true
	case rest == "" || rest == domain:
		return slices.Contains(parts, first) || rest == domain && strings.HasPrefix(first, "xn--")
	}
	return false
}
