package proxy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/proxyctl"
)

// site is what a host name leads to, or what lies below one of its paths.
type site struct {
	route  *route // nil: an API host without an instance of its own, or one of whose paths alone are somebody's
	api    bool
	prefix string         // of the paths
	strip  bool           // prefix is cut off
	alias  *hostname.Host // that requests are led to instead
	below  []*site        // of a host: those of its paths, the longest first
}

// addHosts enters the hosts of a route.
func (s *snapshot) addHosts(r *route) error {
	for _, name := range r.Hosts {
		if err := s.addSite(r, proxyctl.Site{Name: name}); err != nil {
			return err
		}
	}
	for _, is := range r.Sites {
		if err := s.addSite(r, is); err != nil {
			return err
		}
	}
	return nil
}

func (s *snapshot) addSite(r *route, is proxyctl.Site) error {
	h, err := hostname.ParseHost(is.Name + is.Prefix)
	if err != nil {
		return err
	}
	added := &site{route: r, prefix: h.Prefix, strip: is.Strip}
	if is.RedirectTo != "" {
		to, err := hostname.ParseHost(is.RedirectTo)
		if err != nil {
			return err
		}
		added.alias = &to
	}
	host := s.hosts[h.Name]
	if host == nil {
		host = &site{}
		s.hosts[h.Name] = host
	}
	switch {
	case host.api && (h.Prefix != "" || added.alias != nil):
		return fmt.Errorf("host name %q is an API host, all of it", h)
	case h.Prefix != "":
		return host.addBelow(added)
	case host.route != nil && host.route != r:
		return fmt.Errorf("host name %q belongs to instance %s", h, host.route.Instance)
	}
	host.route, host.alias = r, added.alias
	return nil
}

func (s *site) addBelow(added *site) error {
	for _, b := range s.below {
		if b.prefix == added.prefix && b.route != added.route {
			return fmt.Errorf("the path %s of the host name belongs to instance %s", b.prefix, b.route.Instance)
		}
	}
	s.below = append(s.below, added)
	slices.SortStableFunc(s.below, func(a, b *site) int { return cmp.Compare(len(b.prefix), len(a.prefix)) })
	return nil
}

// completeSites lets a wildcard answer for what nobody has of a host that some paths are of.
func (s *snapshot) completeSites() {
	for name, host := range s.hosts {
		wild := s.hosts[hostname.WildcardOf(name)]
		if wild == nil || host.route != nil || host.api || strings.HasPrefix(name, "*") {
			continue
		}
		host.route, host.alias = wild.route, wild.alias
		host.below = slices.Concat(host.below, wild.below)
	}
}

func (s *site) wantsACME() bool {
	return s.route != nil && s.route.ACME || slices.ContainsFunc(s.below, (*site).wantsACME)
}

// at finds the site of a path, or says why programs could disagree about it. A prefix is matched
// on the path as it came; who reads it in another way must not come to another application by it.
func (s *site) at(path string) (found *site, doubt string) {
	if len(s.below) == 0 {
		return s, ""
	}
	found = s.match(path)
	reading, vague := path, ""
	if !isUnambiguous(path) {
		reading, vague = readLeniently(path)
	}
	if vague == "" && s.match(strings.ToLower(reading)) == found || vague != "" && !s.mayLeave(path, found) {
		return found, ""
	}
	return found, "The path is written so that a program could take it for that of another application on this host. " +
		"Write it in lower case, without anything encoded and without dot segments."
}

func (s *site) match(path string) *site {
	for _, b := range s.below {
		if under(path, b.prefix) {
			return b
		}
	}
	return s
}

// mayLeave says of a path that programs read in ways of their own whether one could come from
// the site that was found to another one: to that needs its name, and to leave a prefix, dots.
func (s *site) mayLeave(path string, found *site) bool {
	path = decodeFully(path)
	if found != s && strings.Contains(path, "..") {
		return true
	}
	return slices.ContainsFunc(s.below, func(b *site) bool {
		return !under(found.prefix, b.prefix) && strings.Contains(path, b.prefix[strings.LastIndexByte(b.prefix, '/')+1:])
	})
}

// isAliasFor says whether a path leads on to the first name of the application. What the proxy
// answers for a host it answers for that one, and a refresh token goes nowhere else.
func (s *site) isAliasFor(path string) bool {
	return s.alias != nil && strings.HasPrefix(path, "/") && openArea(path) == areaOther
}

// needsSlash says whether the browser is to ask for /docs/ in place of /docs: the application's
// links would not lead below it otherwise.
func (s *site) needsSlash(r *request) bool {
	return s.prefix != "" && r.path == s.prefix && (s.strip || s.route.files != nil) && r.upgrade == "" &&
		(r.method == "GET" || r.method == "HEAD")
}

// pathIn is what a path is below the prefix of a site.
func pathIn(prefix, path string) string {
	if path = strings.TrimPrefix(path, prefix); path == "" || path[0] == '?' {
		return "/" + path
	}
	return path
}
