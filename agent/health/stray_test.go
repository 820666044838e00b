package health

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
)

var errRefused = fmt.Errorf("dial tcp 127.0.0.1:10010: %w", syscall.ECONNREFUSED)

func addresses(list ...string) (out []netip.AddrPort) {
	for _, a := range list {
		out = append(out, netip.MustParseAddrPort(a))
	}
	return out
}

// Where it listens counts once it has for five seconds, and only while it refuses connections.
func TestStray(t *testing.T) {
	type moment struct {
		second  int
		listens []netip.AddrPort
		err     error
		want    string
	}
	for _, c := range []struct {
		name   string
		shared bool
		course []moment
	}{
		{"on another port", false, []moment{{1, nil, errRefused, ""}, {3, addresses("127.0.0.1:3000"), errRefused, ""},
			{7, addresses("127.0.0.1:3000"), errRefused, ""}, {8, addresses("127.0.0.1:3000"), errRefused, "127.0.0.1:3000"},
			{9, addresses("127.0.0.1:3000"), errors.New("answered 503"), ""}}},
		{"on one more", false, []moment{{1, addresses("[::]:9229"), errRefused, ""},
			{5, addresses("127.0.0.1:3000", "[::]:9229"), errRefused, ""},
			{9, addresses("127.0.0.1:3000", "[::]:9229"), errRefused, ""},
			{10, addresses("127.0.0.1:3000", "[::]:9229"), errRefused, "127.0.0.1:3000 [::]:9229"}}},
		{"nowhere", false, []moment{{1, nil, errRefused, ""}, {100, nil, errRefused, ""}}},
		{"there no more", false, []moment{{1, addresses("127.0.0.1:3000"), errRefused, ""}, {8, nil, errRefused, ""}}},
		{"what the one before it listens on", true, []moment{{1, addresses("127.0.0.1:9000"), errRefused, ""},
			{7, addresses("127.0.0.1:9000"), errRefused, ""},
			{8, addresses("127.0.0.1:3000", "127.0.0.1:9000"), errRefused, ""},
			{13, addresses("127.0.0.1:3000", "127.0.0.1:9000"), errRefused, "127.0.0.1:3000"}}},
	} {
		began := time.Unix(1000, 0)
		var now moment
		s := stray{where: func() ([]netip.AddrPort, bool) { return now.listens, c.shared }}
		for _, now = range c.course {
			got := s.look(Outcome{Err: now.err}, began.Add(time.Duration(now.second)*time.Second))
			if got != now.want {
				t.Errorf("%s, second %d: %q, want %q", c.name, now.second, got, now.want)
			}
		}
	}
	if got := new(stray).look(Outcome{Err: errRefused}, time.Unix(1000, 0)); got != "" {
		t.Errorf("nobody can tell, and it is %q", got)
	}
}

// What has come to its port is not told to be elsewhere any more.
func TestElsewhereEndsWithHealth(t *testing.T) {
	p := &play{site: site{nowhere: "404"}, closed: true}
	c := Check{Type: "tcp", Run: "1", Interval: 10 * time.Second, Timeout: 3 * time.Second, Failures: 2}
	where := func(string) ([]netip.AddrPort, bool) { return addresses("127.0.0.1:3000"), false }
	watchingFrom(t, p, c, where, func(m *Monitor) {
		pass(6 * time.Second)
		if r, _ := m.Result("u"); r.State != fact.Unknown || r.Elsewhere != "127.0.0.1:3000" {
			t.Errorf("got %+v", r)
		}
		p.mu.Lock()
		p.closed = false
		p.mu.Unlock()
		pass(time.Second)
		if r, _ := m.Result("u"); r.State != fact.Healthy || r.Elsewhere != "" {
			t.Errorf("got %+v", r)
		}
	})
}
