package secret

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/internal/atomicfile"
)

const app = "11111111-1111-4111-8111-111111111111"

func open(t *testing.T) (*Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "secrets")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func set(t *testing.T, s *Store, name, kind, value string) {
	t.Helper()
	change(t, s, Change{Name: name, Kind: kind, Value: value})
}

func change(t *testing.T, s *Store, c Change) {
	t.Helper()
	if err := s.Set(app, c); err != nil {
		t.Fatal(err)
	}
}

// seen is what a release that who installed finds in its files now.
func seen(t *testing.T, s *Store, who audience.Installer) string {
	t.Helper()
	f, err := s.Files(app, who)
	if err != nil {
		t.Fatal(err)
	}
	return read(f)
}

// read is what a unit that was given f finds at its next start.
func read(f Files) (all string) {
	for _, path := range f.EnvFiles {
		raw, _ := os.ReadFile(path)
		all += string(raw)
	}
	for _, name := range slices.Sorted(maps.Keys(f.Credentials)) {
		raw, _ := os.ReadFile(f.Credentials[name])
		all += name + ":" + string(raw) + "\n"
	}
	return all
}

func TestBothForms(t *testing.T) {
	s, _ := open(t)
	set(t, s, "DB_PASSWORD", Env, "a\"b\\c$d`e\nf")
	set(t, s, "key.pem", Credential, "raw \x01 bytes")
	f, err := s.Files(app, audience.Root)
	if err != nil {
		t.Fatal(err)
	}
	env, _ := os.ReadFile(f.EnvFiles[0])
	if want := "DB_PASSWORD=\"a\\\"b\\\\c\\$d\\`e\nf\"\n"; string(env) != want {
		t.Errorf("env file = %q, want %q", env, want)
	}
	if got, _ := os.ReadFile(f.Credentials["key.pem"]); string(got) != "raw \x01 bytes" {
		t.Errorf("credential = %q", got)
	}
	if len(f.Credentials) != 1 {
		t.Errorf("credentials = %v, want key.pem alone", f.Credentials)
	}
}

func TestVersionChangesWithEveryChange(t *testing.T) {
	s, _ := open(t)
	seen := map[string]bool{"": true}
	look := func() {
		f, err := s.Files(app, audience.Root)
		if err != nil || seen[f.Version] {
			t.Errorf("version %q seen before, %v", f.Version, err)
		}
		seen[f.Version] = true
	}
	set(t, s, "A", Env, "1")
	look()
	set(t, s, "A", Env, "1")
	look()
	set(t, s, "B", Env, "2")
	look()
	if err := s.Remove(app, "B"); err != nil {
		t.Fatal(err)
	}
	look()
	if err := s.Remove(app, "B"); !errors.Is(err, ErrNotFound) {
		t.Errorf("second removal = %v, want not found", err)
	}
}

func TestNobodyElseCanRead(t *testing.T) {
	s, dir := open(t)
	set(t, s, "A", Env, "canary")
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		info, e := d.Info()
		if e == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return errors.Join(err, e)
	})
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := os.ReadFile(filepath.Join(dir, app, "index.json"))
	if strings.Contains(string(raw), "canary") {
		t.Error("the index holds a value")
	}
}

// What is no text is refused where it would keep the application from starting, and the
// message names what takes it.
func TestOnlyTextIsAVariable(t *testing.T) {
	s, _ := open(t)
	for _, value := range []string{
		"gr\xfc\xdfe\xff", "a\x00b", "\uffff", "\ufdd0", "x\U0010fffe", strings.Repeat("x", 128<<10),
	} {
		set(t, s, "A", Credential, value)
		if got := seen(t, s, audience.Root); got != "A:"+value+"\n" {
			t.Errorf("credential = %.80q, want %.80q", got, value)
		}
		err := s.Set(app, Change{Name: "A", Kind: Env, Value: value})
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "--credential") {
			t.Errorf("Set(%.80q) = %v, want a refusal that names --credential", value, err)
		}
	}
	set(t, s, "A", Env, "\x01\t\r\n\x1b \u0085\u2028\ufeff\ufffd")
}

// More than a unit can be given would keep it from starting, whichever secret is one too many.
func TestSecretsTogetherFit(t *testing.T) {
	s, _ := open(t)
	half := strings.Repeat("x", maxTotal/2-1)
	set(t, s, "a", Credential, half)
	set(t, s, "b", Credential, half)
	if err := s.Set(app, Change{Name: "c", Kind: Credential}); !errors.Is(err, ErrInvalid) {
		t.Errorf("one byte too many: %v, want invalid", err)
	}
	set(t, s, "b", Credential, half) // what is replaced does not count
	change(t, s, Change{Name: "b", Keep: true, For: audience.Audience{audience.OnlyRoot}})
	set(t, s, "C", Env, "1")
	if err := s.Remove(app, "a"); err != nil {
		t.Fatal(err)
	}
	set(t, s, "c", Credential, "")
}

func TestRefusals(t *testing.T) {
	s, _ := open(t)
	for _, c := range []struct{ name, kind, value string }{
		{"A B", Env, "x"}, {"../x", Credential, "x"}, {"", Env, "x"}, {"A", "other", "x"},
		{".hidden", Credential, "x"}, {"A", Env, "a\x00b"}, {"A", Credential, strings.Repeat("x", maxTotal+1)},
	} {
		if err := s.Set(app, Change{Name: c.name, Kind: c.kind, Value: c.value}); !errors.Is(err, ErrInvalid) {
			t.Errorf("Set(%q, %q) = %v, want invalid", c.name, c.kind, err)
		}
	}
	if list, err := s.List(app); len(list) != 0 || err != nil {
		t.Errorf("list = %v, %v; want nothing", list, err)
	}
}

func TestEachGetsWhatIsForHim(t *testing.T) {
	s, _ := open(t)
	set(t, s, "DEFAULT", Env, "1")
	change(t, s, Change{Name: "SHARED", Kind: Env, Value: "2", For: audience.Audience{audience.Developers}})
	change(t, s, Change{Name: "ci.key", Kind: Credential, Value: "3", For: audience.Audience{"token:ci"}})
	change(t, s, Change{Name: "root.key", Kind: Credential, Value: "4", For: audience.Audience{audience.OnlyRoot}})
	const first, second, ci, root = "DEFAULT=\"1\"\n", "SHARED=\"2\"\n", "ci.key:3\n", "root.key:4\n"
	for who, want := range map[audience.Installer]string{
		audience.Root: first + second + ci + root, audience.Operator(7): first + second + ci,
		audience.Token("ci"): second + ci, audience.Token("other"): second, audience.Access: second, audience.Unrecorded: "",
	} {
		if got := seen(t, s, who); got != want {
			t.Errorf("%s sees %q, want %q", who, got, want)
		}
	}
	if f, _ := s.Files(app, audience.Unrecorded); f.Version != "" {
		t.Error("who gets nothing is told when something changes")
	}
}

// What a unit was given once it reads again at each restart, whatever was set meanwhile.
func TestFilesNeverComeToHoldMore(t *testing.T) {
	s, _ := open(t)
	developers := audience.Audience{audience.Developers}
	change(t, s, Change{Name: "A", Kind: Env, Value: "old", For: developers})
	change(t, s, Change{Name: "k", Kind: Credential, Value: "old", For: developers})
	given, err := s.Files(app, audience.Token("x"))
	if err != nil {
		t.Fatal(err)
	}
	set(t, s, "B", Env, "for operators")
	set(t, s, "A", Env, "new")
	if got, want := read(given), "A=\"new\"\nk:old\n"; got != want {
		t.Errorf("after a rotation the unit reads %q, want %q", got, want)
	}
	change(t, s, Change{Name: "A", Kind: Env, Value: "secret", For: audience.Default()})
	change(t, s, Change{Name: "k", Keep: true, For: audience.Default()})
	if got := read(given); got != "k:\n" {
		t.Errorf("after it was withdrawn the unit reads %q", got)
	}
	if got, want := seen(t, s, audience.Root), "A=\"secret\"\nB=\"for operators\"\nk:old\n"; got != want {
		t.Errorf("root sees %q, want %q", got, want)
	}
}

func TestKeepNeedsAValue(t *testing.T) {
	s, _ := open(t)
	if err := s.Set(app, Change{Name: "A", Keep: true}); !errors.Is(err, ErrNotFound) {
		t.Errorf("Set = %v, want not found", err)
	}
	change(t, s, Change{Name: "A", Kind: Env, Value: "1", For: audience.Audience{audience.Developers}})
	set(t, s, "A", Env, "2")
	change(t, s, Change{Name: "A", Keep: true, For: audience.Audience{audience.Developers, "token:x"}})
	if got := seen(t, s, audience.Access); got != "A=\"2\"\n" {
		t.Errorf("a rotation changed the audience: %q", got)
	}
}

// Secrets that an earlier version kept are given to those who have them already, in the
// same files, so that nothing is replaced.
func TestSecretsFromBefore(t *testing.T) {
	s, dir := open(t)
	folder := filepath.Join(dir, app)
	if err := os.MkdirAll(filepath.Join(folder, "values"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"index.json": `{"version":"v","secrets":[{"name":"A","kind":"env","updated_at":"2026-01-01T00:00:00Z"},{"name":"k","kind":"credential","updated_at":"2026-01-01T00:00:00Z"}]}`,
		"env":        "A=\"1\"\n", "values/A": "1", "values/k": "2",
	} {
		if err := atomicfile.Write(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := Files{EnvFiles: []string{filepath.Join(folder, "env")},
		Credentials: map[string]string{"k": filepath.Join(folder, "values/k")}, Version: "v"}
	for _, who := range []audience.Installer{audience.Unrecorded, audience.Root, audience.Operator(1)} {
		if f, err := s.Files(app, who); err != nil || !slices.Equal(f.EnvFiles, want.EnvFiles) ||
			!maps.Equal(f.Credentials, want.Credentials) || f.Version != "v" {
			t.Errorf("%s gets %+v, %v", who, f, err)
		}
	}
	if got := seen(t, s, audience.Token("x")); got != "" {
		t.Errorf("a token gets %q", got)
	}
	set(t, s, "NEW", Env, "3")
	if got, want := seen(t, s, audience.Unrecorded), "A=\"1\"\nk:2\n"; got != want {
		t.Errorf("who was not recorded sees %q, want %q", got, want)
	}
	change(t, s, Change{Name: "A", Keep: true, For: audience.Audience{"token:x"}})
	if got, want := seen(t, s, audience.Unrecorded), "k:2\n"; got != want {
		t.Errorf("who was not recorded sees %q, want %q", got, want)
	}
	if got, want := seen(t, s, audience.Token("x")), "A=\"1\"\n"; got != want {
		t.Errorf("the token sees %q, want %q", got, want)
	}
}

func TestCopy(t *testing.T) {
	s, _ := open(t)
	const other = "22222222-2222-4222-8222-222222222222"
	set(t, s, "A", Env, "1")
	change(t, s, Change{Name: "k", Kind: Credential, Value: "2", For: audience.Audience{"token:x"}})
	if err := errors.Join(s.Copy(app, other), s.RemoveAll(app)); err != nil {
		t.Fatal(err)
	}
	f, err := s.Files(other, audience.Root)
	if got, want := read(f), "A=\"1\"\nk:2\n"; err != nil || got != want {
		t.Errorf("root sees %q, %v, want %q", got, err, want)
	}
	if f, _ := s.Files(other, audience.Token("x")); read(f) != "k:2\n" {
		t.Errorf("the token sees %q", read(f))
	}
	if err := s.Copy(app, other); err != nil {
		t.Errorf("copying nothing = %v", err)
	}
}

// Several secrets are one change: with one that is refused, none is set and no file is written.
func TestSeveralSecretsAreSetTogether(t *testing.T) {
	s, _ := open(t)
	set(t, s, "A", Env, "old")
	before, err := s.Files(app, audience.Root)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]Change{
		"a bad name":   {Name: "a b", Kind: Env, Value: "x"},
		"no room":      {Name: "B", Kind: Env, Value: strings.Repeat("x", 120<<10)},
		"a name twice": {Name: "A", Kind: Env, Value: "x"}, "nothing to keep": {Name: "C", Keep: true},
	} {
		changes := []Change{{Name: "A", Kind: Env, Value: "new"}}
		for i := range 8 {
			changes = append(changes, Change{Name: "L" + string(rune('a'+i)), Kind: Env, Value: strings.Repeat("x", 120<<10)})
		}
		if err := s.Set(app, append(changes, bad)...); err == nil {
			t.Errorf("%s: taken", name)
		}
		if after, err := s.Files(app, audience.Root); err != nil || after.Version != before.Version {
			t.Errorf("%s: version %s, was %s, %v", name, after.Version, before.Version, err)
		}
		if got := seen(t, s, audience.Root); got != "A=\"old\"\n" {
			t.Errorf("%s: %q", name, got)
		}
	}
	a, b := Change{Name: "A", Kind: Env, Value: "new"}, Change{Name: "B", Kind: Env, Value: "b"}
	if err := s.Set(app, a, b); err != nil {
		t.Fatal(err)
	}
	if got := seen(t, s, audience.Root); got != "A=\"new\"\nB=\"b\"\n" {
		t.Errorf("%q", got)
	}
}
