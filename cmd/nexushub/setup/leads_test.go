package setup

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"
)

// resolver asks a name server of the test, which knows these names.
func resolver(t *testing.T, names map[string]string) *net.Resolver {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: pc, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		answer := new(dns.Msg).SetReply(q)
		ip, ok := names[strings.TrimSuffix(q.Question[0].Name, ".")]
		switch {
		case !ok:
			answer.Rcode = dns.RcodeNameError
		case q.Question[0].Qtype == dns.TypeA:
			rr, err := dns.NewRR(q.Question[0].Name + " A " + ip)
			if err != nil {
				t.Error(err)
			}
			answer.Answer = append(answer.Answer, rr)
		}
		if err := w.WriteMsg(answer); err != nil {
			t.Error(err)
		}
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", pc.LocalAddr().String())
	}}
}

func TestLeads(t *testing.T) {
	own := []netip.Addr{netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("10.0.0.2")}
	r := resolver(t, map[string]string{
		"admin.good.org": "203.0.113.7", "myapp.good.org": "10.0.0.2",
		"admin.other.org": "198.51.100.1", "myapp.other.org": "198.51.100.1",
		"admin.half.org": "203.0.113.7",
	})
	for domain, want := range map[string][]string{
		"good.org": nil, "yesterday.localhost": nil, "localhost": nil,
		"other.org": {"admin.other.org leads to 198.51.100.1", "myapp.other.org leads to 198.51.100.1"},
		"half.org":  {"myapp.half.org has no address: name servers do not know it"},
		"none.org":  {"admin.none.org has no address", "myapp.none.org has no address"},
	} {
		got := Leads(t.Context(), r, domain, own)
		if !slices.EqualFunc(got, want, strings.HasPrefix) {
			t.Errorf("%s: %q, want %q", domain, got, want)
		}
	}
}

// Without a network nothing is known of any name, which is said once and without the resolver's words.
func TestLeadsWithoutANetwork(t *testing.T) {
	r := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, syscall.ENETUNREACH
	}}
	got := Leads(t.Context(), r, "example.org", nil)
	if len(got) != 1 || !strings.Contains(got[0], "getent ahosts admin.example.org") || strings.Contains(got[0], "lookup") {
		t.Errorf("%q", got)
	}
}

func TestRecords(t *testing.T) {
	ip := netip.MustParseAddr
	own := []netip.Addr{ip("10.0.0.2"), ip("203.0.113.7"), ip("2001:db8::7")}
	want := []string{"a.org. A 203.0.113.7", "*.a.org. A 203.0.113.7", "a.org. AAAA 2001:db8::7", "*.a.org. AAAA 2001:db8::7"}
	if got := Records("a.org", own); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := Records("a.org", own[:1]); !slices.Equal(got, []string{"a.org. A ADDRESS", "*.a.org. A ADDRESS"}) {
		t.Errorf("behind a router: %q", got)
	}
}
