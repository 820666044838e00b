package proxy

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/proxyctl"
)

// snapshot is a Table compiled for look-ups. It never changes; the next table makes
// a new one and closes changed, which wakes the requests that wait for it.
type snapshot struct {
	table     proxyctl.Table
	hosts     map[string]*site
	instances map[string]*route
	login     *route
	control   *site // whose /v1 is the agent's
	agent     *targetSet
	secret    [sha256.Size]byte
	hasSecret bool
	changed   chan struct{}
}

// compile checks a table and builds its snapshot. Targets that an earlier snapshot
// knew are taken over with their connections and counts.
func compile(t proxyctl.Table, pool *targets) (*snapshot, error) {
	if t.Format != 1 {
		return nil, fmt.Errorf("route table format %d is not supported, want 1", t.Format)
	}
	s := &snapshot{
		table:     t,
		hosts:     make(map[string]*site, len(t.Routes)+2),
		instances: make(map[string]*route, len(t.Routes)),
		hasSecret: t.InternalSecret != "",
		secret:    sha256.Sum256([]byte(t.InternalSecret)),
		changed:   make(chan struct{}),
	}
	if t.AgentSocket != "" {
		s.agent = pool.setOf(proxyctl.Target{ID: "agent", Network: "unix", Address: t.AgentSocket})
	}
	if err := s.addAPIHosts(t.APIHosts); err != nil {
		return nil, err
	}
	for i := range t.Routes {
		if err := s.addRoute(&t.Routes[i], pool); err != nil {
			return nil, err
		}
	}
	s.completeSites()
	s.login = s.instances[t.LoginInstance]
	return s, nil
}

func (s *snapshot) addAPIHosts(hosts []string) error {
	for _, h := range hosts {
		name, err := hostname.Parse(h)
		if err != nil {
			return fmt.Errorf("route table: API %w", err)
		}
		s.hosts[name] = &site{api: true}
	}
	if s.table.ControlHost != "" {
		name, err := hostname.Parse(s.table.ControlHost)
		if s.control = s.hosts[name]; err != nil || s.control == nil {
			return fmt.Errorf("route table: control host %q is no API host", s.table.ControlHost)
		}
	}
	return nil
}

func (s *snapshot) addRoute(r *proxyctl.Route, pool *targets) error {
	if r.Instance == "" {
		return fmt.Errorf("route table: route %q has no instance", r.Name)
	}
	if _, twice := s.instances[r.Instance]; twice {
		return fmt.Errorf("route table: instance %s has two routes", r.Instance)
	}
	compiled, err := newRoute(r, pool)
	if err != nil {
		return err
	}
	s.setAccess(compiled)
	s.instances[r.Instance] = compiled
	if err := s.addHosts(compiled); err != nil {
		return fmt.Errorf("route table: instance %s: %w", r.Instance, err)
	}
	return nil
}

// covers says whether a connection that asked for this server name may send requests.
// Some clients name an address there, which is as good as no name (RFC 6066 section 3).
func (s *snapshot) covers(sni string) bool {
	if sni == "" || s.knows(sni) {
		return true
	}
	_, err := netip.ParseAddr(sni)
	return err == nil
}

// knows says whether a server name is one that we answer for.
func (s *snapshot) knows(name string) bool {
	return !strings.Contains(name, ":") && s.lookup(name) != nil
}

// subject is the name by which a certificate of the local authority covers a server name, or nothing.
func (s *snapshot) subject(name string) string {
	host := canonical(new([maxHost]byte), name)
	switch {
	case !s.knows(name):
		return ""
	case s.hosts[string(host)] != nil:
		return string(host)
	}
	return string(toWildcard(host))
}

// lookup finds the site of a Host header or :authority. It allocates nothing.
func (s *snapshot) lookup(authority string) *site {
	var buf [maxHost]byte
	host := canonical(&buf, authority)
	if found := s.hosts[string(host)]; found != nil {
		if host[0] == '*' {
			return nil
		}
		return found
	}
	return s.hosts[string(toWildcard(host))]
}

// maxHost is more than any host name has.
const maxHost = 255

// canonical is the canonical form of a Host header or :authority; empty: it has none.
func canonical(buf *[maxHost]byte, authority string) []byte {
	n := len(authority)
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && isPort(authority[i+1:]) {
		n = i
	}
	if n > 0 && authority[n-1] == '.' {
		n--
	}
	if n > len(buf) {
		return nil
	}
	for i := range n {
		c := authority[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return buf[:n]
}

// toWildcard makes of a canonical name, in place, the wildcard that stands for it, or nothing.
func toWildcard(host []byte) []byte {
	dot := bytes.IndexByte(host, '.')
	if dot < 1 || dot > 63 || host[0] == '-' || host[dot-1] == '-' {
		return nil
	}
	for _, c := range host[:dot] {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return nil
		}
	}
	host[dot-1] = '*'
	return host[dot-1:]
}

// host is the canonical name that a request is for.
func (r *request) host() string { return string(canonical(new([maxHost]byte), r.authority)) }

func isPort(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) <= 5
}

// portOf is the port as the client named it, with its colon, or nothing.
func portOf(authority string) string {
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && i+1 < len(authority) && isPort(authority[i+1:]) {
		return authority[i:]
	}
	return ""
}

// optedIn are the hosts that want a certificate from an authority, which certifies no wildcards
// by the challenges that a proxy can answer.
func (s *snapshot) optedIn() []string {
	var list []string
	for name, site := range s.hosts {
		if !strings.HasPrefix(name, "*") && (site.wantsACME() || slices.Contains(s.table.Certify, name)) {
			list = append(list, name)
		}
	}
	return list
}

// targets is the set of everything that the table names.
func (s *snapshot) targets() map[*target]bool {
	named := map[*target]bool{}
	add := func(set *targetSet) {
		if set != nil {
			for _, t := range set.all {
				named[t] = true
			}
		}
	}
	add(s.agent)
	for _, r := range s.instances {
		add(r.targets)
		add(r.dev)
		add(r.service)
	}
	return named
}
