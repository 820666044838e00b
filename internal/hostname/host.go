package hostname

import (
	"errors"
	"fmt"
	"strings"
)

// Host is one name of an application. "*." at its beginning stands for any one label, as in a
// certificate; with Prefix, the application has what lies below that path alone.
type Host struct {
	Name     string `json:"name"`               // canonical
	Prefix   string `json:"prefix,omitempty"`   // "/docs"; empty: the whole host
	Strip    bool   `json:"strip,omitempty"`    // the application does not see Prefix
	Redirect bool   `json:"redirect,omitempty"` // an alias: leads to the first name
	Owner    string `json:"owner,omitempty"`    // who took it; empty: whom the application belongs to
}

// String is the host as people write it: "*.shop.example", "example.org/docs".
func (h Host) String() string { return h.Name + h.Prefix }

// Wildcard says whether it stands for many names.
func (h Host) Wildcard() bool { return strings.HasPrefix(h.Name, "*.") }

// Plain says whether it is one name with all of its paths.
func (h Host) Plain() bool { return h.Prefix == "" && !h.Wildcard() }

// At says whether both are the same place.
func (h Host) At(o Host) bool { return h.Name == o.Name && h.Prefix == o.Prefix }

// Covers says whether h is a wildcard that stands for the name of o, too.
func (h Host) Covers(o Host) bool { return h.Wildcard() && WildcardOf(o.Name) == h.Name }

// IsAPI says whether the API is there: of admin.DOMAIN the admin application has the rest, of
// internal.DOMAIN nobody anything.
func (h Host) IsAPI(domain string) bool {
	return h.Name == "internal."+domain || h.Name == "admin."+domain && (h.Prefix != "" || h.Redirect)
}

// WildcardOf is the wildcard that stands for a name.
func WildcardOf(name string) string {
	_, rest, _ := strings.Cut(name, ".")
	return "*." + rest
}

// ParseHost reads a host as people write it. A port is ignored.
func ParseHost(s string) (Host, error) {
	if strings.Contains(s, "://") {
		return Host{}, fmt.Errorf("host name %q: is to be written without https://", s)
	}
	name, path, _ := strings.Cut(s, "/")
	rest, wild := strings.CutPrefix(name, "*.")
	h, err := ParseName(rest)
	if err != nil {
		return Host{}, err
	}
	if wild && !strings.Contains(h, ".") {
		return Host{}, fmt.Errorf("host name %q: a wildcard must have two more parts, as *.example.org has", s)
	}
	if wild {
		h = "*." + h
	}
	prefix, err := parsePrefix(path)
	if err != nil {
		return Host{}, fmt.Errorf("host name %q: %w", s, err)
	}
	return Host{Name: h, Prefix: prefix}, nil
}

// maxPrefix bounds a path prefix, in bytes.
const maxPrefix = 200

// parsePrefix takes only what all programs read alike: with another reading of a request's path
// somebody could reach what lies below a prefix, or beside it.
func parsePrefix(path string) (string, error) {
	path = strings.TrimSuffix(path, "/")
	if path == "" {
		return "", nil
	}
	if len(path) > maxPrefix {
		return "", fmt.Errorf("its path must not be longer than %d characters", maxPrefix)
	}
	for segment := range strings.SplitSeq(path, "/") {
		if err := checkSegment(segment); err != nil {
			return "", err
		}
	}
	return "/" + path, nil
}

func checkSegment(s string) error {
	switch {
	case s == "":
		return errors.New("its path has an empty part (//)")
	case strings.Trim(s, ".") != s:
		return fmt.Errorf("part %q of its path must not begin or end with a dot", s)
	}
	for _, c := range s {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.~", c) {
			return fmt.Errorf("part %q of its path may have a-z, 0-9, - _ . and ~ alone", s)
		}
	}
	return nil
}
