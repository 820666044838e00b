package plan

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/manifest"
)

func TestSettingsArePatched(t *testing.T) {
	before := Settings{Env: map[string]string{"A": "1", "B": "2"}, Limits: manifest.Limits{Memory: 64 << 20},
		Access: "open"}
	for _, c := range []struct{ patch, want string }{
		{`{}`, ""},
		{`{"env":{"A":"1"}}`, ""},
		{`{"env":{"A":"3","B":null,"C":""}}`, "config A, config B, config C"},
		{`{"env":null}`, "config A, config B"},
		{`{"env":{"NONE":null}}`, ""},
		{`{"limits":{"memory":"1G","cpu":150,"tasks":20}}`, "limits memory, limits tasks, limits cpu"},
		{`{"limits":{"memory":67108864}}`, ""},
		{`{"limits":{"memory":null}}`, "limits memory"},
		{`{"limits":null,"access":null,"env":null}`, "config A, config B, limits memory, access"},
		{`{"access":"areas"}`, "access"},
		{`{"access":"private","roles":["ops"]}`, "access"},
	} {
		next, _, faults := before.Patched([]byte(c.patch))
		if len(faults) > 0 {
			t.Errorf("%s: %v", c.patch, faults)
		}
		if got := strings.Join(next.Changes(before), ", "); got != c.want {
			t.Errorf("%s changes %q, want %q", c.patch, got, c.want)
		}
	}
	closed, _, _ := before.Patched([]byte(`{"access":"private","roles":["ops"]}`))
	for patch, want := range map[string]string{`{"access":"private"}`: "access", `{"access":"open"}`: "access",
		`{"access":"private","roles":["ops"]}`: "", `{"env":{"A":"1"}}`: "", `{"access":"private","roles":["dev"]}`: "access"} {
		next, _, faults := closed.Patched([]byte(patch))
		if got := strings.Join(next.Changes(closed), ", "); got != want || len(faults) > 0 ||
			next.Access == "open" && next.Roles != nil {
			t.Errorf("%s of what is private changes %q, %v", patch, got, faults)
		}
	}
	if len(before.Env) != 2 {
		t.Errorf("the settings themselves were changed: %v", before)
	}
}

// Every fault is listed, and no value with it.
func TestRefusedPatches(t *testing.T) {
	for patch, want := range map[string]string{
		`[]`:                                   ": must be a JSON object",
		`null`:                                 ": must be a JSON object",
		`{"colour":"red"}`:                     "colour: unknown key",
		`{"colour":null}`:                      "colour: unknown key",
		`{"limits":{"mem":1}}`:                 `limits.mem: unknown key (did you mean "memory"?)`,
		`{"limits":{"x":null}}`:                "limits.x: unknown key",
		`{"limits":"1G"}`:                      "limits: must be a table",
		`{"env":{"A":hidden}}`:                 ": must be a JSON object",
		`{"access":"public"}`:                  "access: must be one of areas, open, private",
		`{"roles":["ops"]}`:                    `roles: needs access = "private" beside it`,
		`{"access":"open","roles":["ops"]}`:    `roles: needs access = "private" beside it`,
		`{"access":"private","roles":["a b"]}`: "roles: a role is up to 64 letters, digits or ._:@/+-",
		`{"set_by":{"A":"root"}}`:              "set_by: unknown key",
		`{"SetBy":{"A":"root"}}`:               "SetBy: unknown key",
		`{"env":{"A":7}}`:                      "env.A: must be a string",
		`{"env":{"A":1.5}}`:                    "env.A: must be a string",
		`{"env":{"a b":"hidden"},"limits":{"memory":"hidden","cpu":0,"tasks":"4"},"access":"hidden"}`: "env.a b: invalid name of an environment variable; " +
			`limits.memory: must be a size such as "64M" or "1G"; limits.cpu: must be from 1 to 100000; ` +
			"limits.tasks: must be a whole number, without quotes; access: must be one of areas, open, private",
		`{"env":{"PORT":"hidden","HOST":"hidden","STATE_DIRECTORY":"hidden"}}`: "env.HOST: is set by NexusHub and cannot be changed; " +
			"env.PORT: is set by NexusHub and cannot be changed; env.STATE_DIRECTORY: is set by NexusHub and cannot be changed",
		`{"env":{"A":"hidden\nhidden"}}`:                          "env.A: must be one line without control characters",
		`{"env":{"A":"` + strings.Repeat("hidden", 11000) + `"}}`: "env: the variables would have 66001 bytes together, and 65536 is the most: a secret, or a file of the package, has room for more",
	} {
		_, _, faults := Settings{}.Patched([]byte(patch))
		for want := range strings.SplitSeq(want, "; ") {
			key, problem, _ := strings.Cut(want, ": ")
			found := false
			for _, f := range faults {
				found = found || f.Key == key && f.Problem == problem
				if strings.Contains(f.Problem, "hidden") {
					t.Errorf("%.80s: %q tells a value", patch, f.Problem)
				}
			}
			if !found {
				t.Errorf("%.80s: %+v, want %q", patch, faults, want)
			}
		}
		if n := strings.Count(want, "; ") + 1; len(faults) != n {
			t.Errorf("%.80s: %d faults, want %d: %v", patch, len(faults), n, faults)
		}
	}
}

// A merge patch that was applied changes nothing more, and whatever it is, it is answered.
func FuzzPatched(f *testing.F) {
	for _, seed := range []string{`{"env":{"A":"1","B":null},"limits":{"memory":"1G","cpu":5},"access":"open"}`, `{"env":null}`,
		`[]`, `{"limits":{"memory":67108864,"tasks":null}}`, `{"a":{"b":{}}}`, `{"access":1e400}`} {
		f.Add([]byte(seed))
	}
	before := Settings{Env: map[string]string{"A": "0", "B": "2"}, Access: "areas"}
	f.Fuzz(func(t *testing.T, patch []byte) {
		next, _, faults := before.Patched(patch)
		if len(faults) > 0 {
			return
		}
		if again, _, faults := next.Patched(patch); len(faults) > 0 || !again.Is(next) {
			t.Errorf("%s: %+v became %+v (%v)", patch, next, again, faults)
		}
	})
}

// A manifest never widens what an operator set, nor changes what he set at all.
func TestSettingsPrecedeTheManifest(t *testing.T) {
	defaults, small := manifest.Default(), manifest.Limits{Memory: 64 << 20}
	open := Settings{
		Env: map[string]string{"DEBUG": "1"}, Limits: manifest.Limits{Memory: 1 << 30}, Access: "open",
	}
	for _, c := range []struct {
		name     string
		kind     string
		operator manifest.Manifest
		release  manifest.Manifest
		want     string // memory, access, DEBUG; each with who says so
	}{
		{"nobody says anything", KindDebug, manifest.Manifest{}, manifest.Manifest{},
			"512M default areas default  "},
		{"the manifest alone", KindDebug, manifest.Manifest{},
			open.Manifest(),
			"1G manifest open manifest 1 manifest"},
		{"a manifest that asks for more", KindDebug,
			Settings{Env: map[string]string{"DEBUG": "0"}, Limits: small, Access: "areas"}.Manifest(),
			open.Manifest(),
			"64M settings areas settings 0 settings"},
		{"settings that ask for more", KindDynamic,
			open.Manifest(),
			Settings{Limits: small, Access: "areas"}.Manifest(),
			"1G settings open settings 1 settings"},
		{"apps.d", KindStatic, manifest.Manifest{Access: "areas"}, manifest.Manifest{Access: "open"},
			"512M default areas apps.d  "},
	} {
		layers := Layers(Instance{Kind: c.kind, Manifest: c.operator}, fact.Release{Manifest: c.release}, defaults)
		m := Effective(layers)
		got := strings.Join([]string{
			m.Limits.Memory.String(), From(layers, func(m manifest.Manifest) bool { return m.Limits.Memory != 0 }),
			m.Access, From(layers, func(m manifest.Manifest) bool { return m.Access != "" }),
			m.Env["DEBUG"], From(layers, func(m manifest.Manifest) bool { return m.Env["DEBUG"] != "" }),
		}, " ")
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestEditionsAreRemembered(t *testing.T) {
	with := func(hash, debug string) PastRelease {
		p := PastRelease{Hash: hash}
		if debug != "" {
			p.Settings.Env = map[string]string{"DEBUG": debug}
		}
		return p
	}
	for _, c := range []struct {
		name string
		keep int
		seen []PastRelease // oldest first
		want string        // newest first
	}{
		{"releases", 2, []PastRelease{with("a", ""), with("b", ""), with("c", ""), with("d", "")}, "d c b"},
		{"a release again", 2, []PastRelease{with("a", ""), with("b", ""), with("a", "")}, "a b"},
		{"settings beside releases", 1, []PastRelease{with("a", ""), with("b", ""), with("b", "1"), with("b", "2")}, "b2 b1 b a"},
		{"of other releases, too", 1, []PastRelease{with("a", ""), with("a", "1"), with("b", "1"), with("c", "1")}, "c1 b1"},
		{"many settings", 1, []PastRelease{with("a", ""), with("b", ""), with("b", "1"), with("b", "2"), with("b", "3"),
			with("b", "4"), with("b", "5"), with("b", "6"), with("b", "7"), with("b", "8"), with("b", "9"), with("b", "10")},
			"b10 b9 b8 b7 b6 b5 b4 b3 b2 b1 a"},
		{"settings again", 3, []PastRelease{with("a", ""), with("a", "1"), with("a", "")}, "a a1"},
		{"none", 0, []PastRelease{with("a", ""), with("b", ""), with("b", "1")}, "b1 b"},
	} {
		var m Memory
		for _, p := range c.seen {
			m.Remember(p, c.keep)
		}
		var got []string
		for _, p := range m.History {
			got = append(got, p.Hash+p.Settings.Env["DEBUG"])
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s: %q, want %q", c.name, text, c.want)
		}
	}
	if with("a", "1").ID() == with("a", "2").ID() || with("a", "1").ID() == with("b", "1").ID() {
		t.Error("editions that differ have the same id")
	}
	one := with("abc", "1")
	for id, want := range map[string]bool{"": true, "a": true, "abc": true, "b": false, one.ID(): true, one.ID()[:6]: true,
		"a+0": false, "ab+": true, "abcd": false} {
		if one.Named(id) != want {
			t.Errorf("%q names %s: %v", id, one.ID(), !want)
		}
	}
	if !with("abc", "").Named("ab+0") {
		t.Error("the edition without settings has no name")
	}
}

// TestWithheldVariables: a release that gets a secret does not get variables of who does not get it.
func TestWithheldVariables(t *testing.T) {
	ci, uid := audience.Token("ci"), audience.Operator(1000)
	var s Settings
	for _, c := range []struct {
		by    audience.Installer
		patch string
	}{
		{ci, `{"env":{"CI":"1","TAKEN":"1","GONE":"1"}}`}, {uid, `{"env":{"UID":"1","TAKEN":"1","GONE":null}}`},
		{audience.Root, `{"env":{"ROOT":"1"}}`}, {audience.Unrecorded, `{"env":{"UNKNOWN":"1"}}`},
	} {
		next, asked, faults := s.Patched([]byte(c.patch))
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		s = next.Signed(asked, c.by)
	}
	delete(s.SetBy, "UNKNOWN") // as of a version that recorded nobody
	if len(s.SetBy) != 4 || s.SetBy["TAKEN"] != uid {
		t.Errorf("set by %v", s.SetBy)
	}
	operators, root := audience.Audience{audience.Operators}, audience.Audience{audience.OnlyRoot}
	shared := audience.Audience{audience.Operators, string(ci)}
	for _, c := range []struct {
		secrets   []audience.Audience
		installer audience.Installer
		want      string
	}{
		{nil, uid, ""},
		{[]audience.Audience{operators}, uid, "CI"},
		{[]audience.Audience{operators}, ci, ""}, // it gets none itself
		{[]audience.Audience{shared}, uid, ""},
		{[]audience.Audience{shared, root}, uid, ""},
		{[]audience.Audience{shared, root}, audience.Root, "CI TAKEN UID"},
		{[]audience.Audience{{audience.Developers}}, uid, ""},
	} {
		if got := strings.Join(s.Withheld(c.secrets, c.installer), " "); got != c.want {
			t.Errorf("%v of %s: %q, want %q", c.secrets, c.installer, got, c.want)
		}
	}
	if m := s.Without([]string{"CI", "UID"}); len(m.Env) != 3 || len(s.Env) != 5 {
		t.Errorf("without two of them: %v of %v", m.Env, s.Env)
	}
	theirs := s
	theirs.SetBy = nil
	if a, b := (PastRelease{Settings: s}), (PastRelease{Settings: theirs}); a.ID() != b.ID() || !a.Is(b) {
		t.Error("who has set variables makes another edition")
	}
}

// What is not even decoded may be white space alone.
func TestALargePatchIsRefused(t *testing.T) {
	if _, _, faults := (Settings{}).Patched([]byte("{}" + strings.Repeat(" ", maxPatch))); len(faults) != 1 {
		t.Errorf("%d bytes: %v", maxPatch+2, faults)
	}
}
