package hostname

import (
	"errors"
	"strings"
	"testing"
)

// Who may take which name for the application shop.
func TestJudge(t *testing.T) {
	p := Policy{Domain: "example.org", Reserved: []string{"vpn", "intranet.example.net"},
		Developers: []string{"*.apps.example.net", "status.example.net", "autoconfig.example.org", "*.example.org"}}
	plain := Policy{Domain: "example.org"}
	for _, c := range []struct {
		p                           Policy
		name                        string
		tester, developer, operator Verdict
	}{
		{plain, "shop.example.org", Free, Free, Free},
		{plain, "shop.example.org/docs", Free, Free, Free},
		{plain, "blog.example.org", Free, NotGranted, Free},
		{plain, "x.debug.example.org", Free, Free, Free},
		{plain, "login.debug.example.org", Free, Free, Free},
		{plain, "a.b.debug.example.org", Free, Free, Free},
		{plain, "xn--mnchen-3ya.debug.example.org", Free, Free, Free},
		{plain, "myapp.debug", Free, Free, Free},
		{plain, "debug", Free, NotGranted, Free},
		{plain, "shop", Free, NotGranted, Free},
		{plain, "www.shop.example.org", Free, NotGranted, Free},
		{plain, "www.google.com", Free, NotGranted, Free},
		{plain, "login.example.com", Free, NotGranted, Free},
		{plain, "a.admin.example.org", Free, NotGranted, Free},
		{plain, "wwwlogin.example.org", Free, NotGranted, Free},
		{plain, "org", Free, NotGranted, Free},
		{plain, "xn--mnchen-3ya.de", Free, NotGranted, Free},
		{plain, "mail.example.com", Free, NotGranted, Free},
		{plain, "a.mail.example.org", Free, NotGranted, Free},
		{plain, "vpn.example.org", Free, NotGranted, Free},

		{plain, "*.shop.example.org", NotGranted, NotGranted, Free},
		{plain, "*.x.debug.example.org", NotGranted, NotGranted, Free},
		{plain, "*.example.com/docs", NotGranted, NotGranted, Free},
		{plain, "*.example.org", Reserved, Reserved, Free},

		{plain, "example.org", Reserved, Reserved, Free},
		{plain, "example.org/shop", Reserved, Reserved, Free},
		{plain, "www.example.org", Reserved, Reserved, Free},
		{plain, "www", Reserved, Reserved, Free},
		{plain, "mail.example.org", Reserved, Reserved, Free},
		{plain, "www.mail.example.org", Reserved, Reserved, Free},
		{plain, "autodiscover.example.org", Reserved, Reserved, Free},
		{plain, "autoconfig.example.org", Reserved, Reserved, Free},
		{plain, "mta-sts.example.org", Reserved, Reserved, Free},
		{plain, "wpad.example.org", Reserved, Reserved, Free},
		{plain, "wpad", Reserved, Reserved, Free},
		{plain, "xn--lgin-0ra.example.org", Reserved, Reserved, Free},

		{plain, "admin.example.org", Own, Own, Own},
		{plain, "internal.example.org", Own, Own, Own},
		{plain, "login.example.org", Own, Own, Own},
		{plain, "login.example.org/docs", Own, Own, Own},
		{plain, "*.login.example.org", Own, Own, Own},
		{plain, "www.login.example.org", Own, Own, Own},
		{plain, "debug.example.org", Own, Own, Own},
		{plain, "*.debug.example.org", Own, Own, Own},
		{plain, "admin", Own, Own, Own},
		{plain, "login", Own, Own, Own},
		{plain, "internal", Own, Own, Own},
		{plain, "localhost", Own, Own, Own},
		{plain, "www.localhost", Own, Own, Own},

		{p, "vpn.example.org", Reserved, Reserved, Free},
		{p, "vpn", Reserved, Reserved, Free},
		{p, "vpn.example.com", Free, NotGranted, Free},
		{p, "intranet.example.net", Reserved, Reserved, Free},
		{p, "a.apps.example.net", Free, Free, Free},
		{p, "a.b.apps.example.net/docs", Free, Free, Free},
		{p, "*.b.apps.example.net", Free, Free, Free},
		{p, "*.apps.example.net", NotGranted, NotGranted, Free},
		{p, "*.status.example.net", NotGranted, NotGranted, Free},
		{p, "apps.example.net", Free, NotGranted, Free},
		{p, "xapps.example.net", Free, NotGranted, Free},
		{p, "status.example.net", Free, Free, Free},
		{p, "blog.example.org", Free, Free, Free},
		{p, "autoconfig.example.org", Free, Free, Free},           // allowed by name
		{p, "autodiscover.example.org", Reserved, Reserved, Free}, // a pattern allows nothing reserved
		{p, "admin.example.org", Own, Own, Own},
	} {
		for by, want := range []Verdict{c.tester, c.developer, c.operator} {
			if got := c.p.Judge(c.name, "shop", Taker(by)); got != want {
				t.Errorf("Judge(%q) by %d = %d, want %d", c.name, by, got, want)
			}
		}
	}
}

// A refusal names the name, what may be taken instead, and who can help.
func TestRefusalSaysWhoMay(t *testing.T) {
	p := Policy{Domain: "example.org"}
	for name, want := range map[string][]string{
		"admin.example.org": {"NexusHub itself"},
		"wpad.example.org":  {"reserved", "operator", "[policy.hosts]"},
		"blog.example.org":  {"shop.example.org", "below debug.example.org", "operator", "[policy.hosts]"},
	} {
		err := p.Refuse(name, "shop", Developer)
		var refusal *Refusal
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), name) {
			t.Fatalf("Refuse(%q): %v", name, err)
		}
		for _, part := range want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("Refuse(%q): %q does not say %q", name, err, part)
			}
		}
	}
	if err := p.Refuse("shop.example.org", "shop", Developer); err != nil {
		t.Errorf("its own name: %v", err)
	}
}
