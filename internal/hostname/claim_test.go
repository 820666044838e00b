package hostname

import (
	"strings"
	"testing"
)

// Two applications, the first of which has what the second wants.
func TestConflict(t *testing.T) {
	for _, c := range []struct{ held, heldBy, wanted, wantedBy, says string }{
		{"a.example", "", "a.example", "", "is taken"},
		{"a.example", "ann", "a.example", "ann", "is taken"},
		{"a.example/docs", "ann", "a.example/docs", "", "is taken"},
		{"*.example.org", "ann", "*.example.org", "bob", "is taken"},
		{"a.example", "ann", "b.example", "bob", ""},

		{"a.example", "ann", "a.example/docs", "ann", ""},
		{"a.example", "ann", "a.example/docs", "bob", "another owner"},
		{"a.example", "ann", "a.example/docs", "", "another owner"},
		{"a.example/docs", "", "a.example", "bob", "another owner"},
		{"a.example/docs", "ann", "a.example/docs/api", "bob", "another owner"},
		{"a.example/docs", "ann", "a.example/docs/api", "ann", ""},

		{"*.example.org", "ann", "a.example.org", "ann", ""},
		{"*.example.org", "ann", "a.example.org", "bob", "under the wildcard *.example.org"},
		{"*.example.org", "", "a.example.org", "bob", "under the wildcard *.example.org"},
		{"*.example.org", "ann", "a.example.org", "", ""},
		{"*.example.org", "ann", "a.b.example.org", "bob", ""},
		{"*.example.org", "ann", "example.org", "bob", ""},
		{"*.given.org", "", "a.given.org", "bob", ""},
		{"*.given.org", "", "a.debug.given.org", "bob", ""},
		{"*.b.given.org", "ann", "a.b.given.org", "bob", "under the wildcard"},

		{"a.example.org", "ann", "*.example.org", "bob", ""}, // it keeps its own
		{"*.example.org", "ann", "a.example.org/docs", "ann", ""},
		{"*.example.org", "ann", "a.example.org/docs", "", "another owner"},
		{"*.given.org", "", "a.given.org/docs", "bob", "another owner"},
		{"a.example.org/docs", "ann", "*.example.org", "", "another owner"},
		{"*.example.org/docs", "", "a.example.org", "bob", "another owner"},
	} {
		claim := func(host, app, owner string) Claim {
			h, err := ParseHost(host)
			if err != nil {
				t.Fatal(err)
			}
			return Claim{Host: h, App: app, Owner: owner, Granted: GivenOut(h.Name, "given.org")}
		}
		held, wanted := claim(c.held, "1", c.heldBy), claim(c.wanted, "2", c.wantedBy)
		var claims Claims
		claims.Hold(held)
		if says := claims.Conflict(wanted); says != c.says && (c.says == "" || !strings.Contains(says, c.says)) {
			t.Errorf("%s of %q wants what %q has of %s: %q, want %q", c.wanted, c.wantedBy, c.heldBy, c.held, says, c.says)
		}
		if wanted.App = held.App; wanted.Conflict(held) != "" {
			t.Errorf("%s is in conflict with its own application", c.wanted)
		}
	}
}
