package postgres

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var shop = Database{"11111111-2222-4333-8444-555555555555", "nh-11111111222243338444", "shop"}

const (
	gone  = "NexusHub application shop, instance 99999999-2222-4333-8444-555555555555"
	goner = "nh-99999999222243338444"
)

// What the server has, and what follows from it.
func TestFacts(t *testing.T) {
	own, ours := `"owner": "`+shop.User+`"`, comment(shop)
	for _, c := range []struct {
		name, facts string
		missing     bool
		problem     string // of Ensure
		left        string // to Adopt
		refused     string // of Adopt
	}{
		{name: "nothing", facts: `{}`, missing: true, refused: "no such database"},
		{name: "the role alone", facts: `{"role": {"comment": "` + ours + `"}}`, missing: true, refused: "no such database"},
		{name: "all", facts: `{"role": {"comment": "` + ours + `"}, "database": {` + own + `, "open": true}}`,
			refused: "belongs to the application already"},
		{name: "not closed to others yet", facts: `{"role": {"comment": "` + ours + `"}, "database": {` + own + `, "public": true}}`,
			missing: true, refused: "belongs to the application already"},
		{name: "closed by its administrator", facts: `{"role": {"comment": "` + ours + `"}, "database": {` + own + `}}`,
			problem: "takes no connections", refused: "belongs to the application already"},
		{name: "a role of somebody else's", facts: `{"role": {"comment": "mine"}}`, problem: "that NexusHub has not made",
			refused: "no such database"},
		{name: "renamed", facts: `{"role": {"comment": "` + ours + `"}, "others": ["store"]}`, problem: `as "store", and not as "shop"`,
			refused: "no such database"},
		{name: "being restored", facts: `{"role": {"comment": "` + ours + `"}, "others": ["` + shop.incoming() + `"]}`, missing: true,
			refused: "no such database"},
		{name: "an administrator's", facts: `{"database": {"owner": "postgres", "comment": "", "open": true, "public": true}}`,
			problem: "not one of NexusHub's", refused: "not one of NexusHub's"},
		{name: "a role that only says so", facts: `{"database": {"owner": "mallory", "comment": "` + gone + `", "open": true}}`,
			problem: "not one of NexusHub's", refused: "not one of NexusHub's"},
		{name: "of one that is gone", facts: `{"database": {"owner": "` + goner + `", "comment": "` + gone + `", "open": true}}`,
			problem: "nexushub adopt-data shop", left: goner},
		{name: "of one that is there", facts: `{"database": {"owner": "nh-77777777222243338444", "open": true,
			"comment": "NexusHub application shop, instance 77777777-2222-4333-8444-555555555555"}}`,
			problem: "belongs to another application", refused: "which is still there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			facts := `{"version": 150013` + strings.TrimPrefix(strings.Replace(c.facts, "{", ", ", 1), ", }")
			if c.facts == "{}" {
				facts = `{"version": 150013}`
			}
			f, err := answering(facts).facts(t.Context(), shop, shop.Name)
			if err != nil {
				t.Fatal(err, facts)
			}
			missing, err := f.missing(shop, shop.Name)
			if missing != c.missing || !says(err, c.problem) {
				t.Errorf("missing %v, %v; want %v, %q", missing, err, c.missing, c.problem)
			}
			left, err := f.left(shop, func(instance string) bool { return strings.HasPrefix(instance, "7") })
			if left != c.left || !says(err, c.refused) {
				t.Errorf("left %q, %v; want %q, %q", left, err, c.left, c.refused)
			}
		})
	}
}

func says(err error, words string) bool {
	if words == "" {
		return err == nil
	}
	return err != nil && strings.Contains(err.Error(), words)
}

// answering is a server that has one answer.
func answering(answer string) *Server {
	return &Server{root: "/", run: func(context.Context, tool) (string, error) { return answer, nil }}
}

func TestOldServer(t *testing.T) {
	_, err := answering(`{"version": 130014}`).facts(t.Context(), shop, shop.Name)
	if !says(err, "PostgreSQL 13 is too old") {
		t.Error(err)
	}
}

// Whatever somebody calls his application: what is no name of ours reaches no program.
func TestHostileNames(t *testing.T) {
	s := &Server{root: installedRoot(t), run: func(_ context.Context, tool tool) (string, error) {
		t.Errorf("it runs %q", tool.argv)
		return "", nil
	}}
	for _, name := range []string{
		"", "-", "-d", "a-", "A", "a_b", "a.b", "a b", "a\n", "a'b", `a"b`, `a\b`, "a;b", "a$b", "a%b", ":role", "ä", "a/b", "../a",
		"a\x00b", "host=evil", "postgresql://evil/", strings.Repeat("a", 64),
	} {
		for what, d := range map[string]Database{
			"database": {shop.Instance, shop.User, name}, "role": {shop.Instance, name, shop.Name},
			"instance": {name, shop.User, shop.Name},
		} {
			faults := []error{
				s.Ensure(t.Context(), d), s.Adopt(t.Context(), d, false, nil), s.Dump(t.Context(), d, io.Discard),
				s.Stage(t.Context(), d, strings.NewReader("")),
			}
			if what == "role" {
				faults = append(faults, s.Drop(t.Context(), name))
			}
			for _, err := range faults {
				if !errors.Is(err, errName) {
					t.Errorf("%s %q: %v", what, name, err)
				}
			}
		}
		if _, ok := ParseFile(name+"."+shop.Instance+".dump", func(string) string { return shop.User }); ok {
			t.Errorf("%q is the name of a dump", name)
		}
	}
}

// What happens to a database is decided by what the server says, and by nothing that the application can say.
func TestEnsure(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []string // of psql, in turn; !: fails
		scripts []string
		problem string
	}{
		{"is there", []string{shop.User}, []string{"check"}, ""},
		{"is made", []string{"!", `{"version": 150000}`, "", shop.User}, []string{"check", "facts", "create", "check"}, ""},
		{"belongs to another", []string{"nh-0", `{"version": 150000, "database": {"owner": "` + goner + `", "comment": "` + gone + `"}}`},
			[]string{"check", "facts"}, "nexushub adopt-data"},
		{"is not let in", []string{"!", `{"version": 150000}`, "", "!"}, []string{"check", "facts", "create", "check"}, "pg_hba.conf"},
		{"has no connection left", []string{"!", `{"version": 150000, "role": {"comment": "` + comment(shop) + `"},
			"database": {"owner": "` + shop.User + `", "open": true}}`}, []string{"check", "facts"}, ""},
		{"the server is down", []string{"!", "!"}, []string{"check", "facts"}, "systemctl start postgresql"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var ran []string
			s := &Server{root: installedRoot(t)}
			s.run = func(_ context.Context, tl tool) (string, error) {
				text, _ := io.ReadAll(tl.in)
				ran = append(ran, scriptOf(t, text))
				as := map[bool]string{true: shop.User, false: administrator}[ran[len(ran)-1] == "check"]
				if tl.user != as || tl.dynamic != (as == shop.User) {
					t.Errorf("%s runs as %s", ran[len(ran)-1], tl.user)
				}
				answer := c.answers[len(ran)-1]
				if answer == "!" {
					return "", &failure{noConnection, "connection refused"}
				}
				return answer, nil
			}
			if err := s.Ensure(t.Context(), shop); !says(err, c.problem) {
				t.Errorf("%v, want %q", err, c.problem)
			}
			if !slices.Equal(ran, c.scripts) {
				t.Errorf("ran %q, want %q", ran, c.scripts)
			}
		})
	}
}

func scriptOf(t *testing.T, text []byte) string {
	entries, err := scripts.ReadDir("sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if known, _ := scripts.ReadFile("sql/" + e.Name()); string(known) == string(text) {
			return strings.TrimSuffix(e.Name(), ".sql")
		}
	}
	t.Fatalf("what runs is none of the scripts: %s", text)
	return ""
}

// installedRoot is a host with everything that is needed.
func installedRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"usr/lib/postgresql/15/bin/postgres": "", "lib/x86_64-linux-gnu/libnss_systemd.so.2": "",
		"etc/nsswitch.conf": "passwd: files systemd\n",
	} {
		if err := os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	for remove, want := range map[string]string{
		"": "", "usr": "apt install postgresql", "lib": "apt install libnss-systemd", "etc": "apt install libnss-systemd",
	} {
		root := installedRoot(t)
		if remove != "" {
			if err := os.RemoveAll(filepath.Join(root, remove)); err != nil {
				t.Fatal(err)
			}
		}
		if err := (&Server{root: root}).installed(); !says(err, want) {
			t.Errorf("without %q: %v", remove, err)
		}
	}
	root := installedRoot(t)
	if err := os.WriteFile(filepath.Join(root, "etc/nsswitch.conf"), []byte("group: systemd\npasswd: files\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := (&Server{root: root}).installed(); !says(err, "apt install libnss-systemd") {
		t.Error(err)
	}
}

// A unit has the rights of one user and the way to the server, and nothing of a caller's.
func TestUnits(t *testing.T) {
	line := strings.Join(asAdministrator("facts", "role", "r").command("u.service"), "\n")
	for _, want := range []string{
		"--property=User=postgres", "--property=PrivateNetwork=yes", "--property=CapabilityBoundingSet=",
		"--property=RestrictAddressFamilies=AF_UNIX", "--property=ProtectSystem=strict", "--no-psqlrc", "--dbname=postgres",
		"--set=ON_ERROR_STOP=1", "--property=RuntimeMaxSec=30", "--set=role=r",
	} {
		if !strings.Contains(line+"\n", want+"\n") {
			t.Errorf("without %s:\n%s", want, line)
		}
	}
	if strings.Contains(line, "DynamicUser") {
		t.Error("the administrator is a dynamic user")
	}
	own := strings.Join(asApplication(shop, tool{argv: []string{"pg_dump"}}).command("u.service"), "\n")
	if !strings.Contains(own, "DynamicUser=yes") || !strings.Contains(own, "User="+shop.User) ||
		strings.Contains(own, "RuntimeMaxSec") {
		t.Error(own)
	}
}

// No application holds a backup or a restore for ever, and what it has stored in a way that cannot be restored
// is its own fault.
func TestCopiesAreBounded(t *testing.T) {
	var ran []tool
	s := &Server{root: installedRoot(t), run: func(_ context.Context, tl tool) (string, error) {
		ran = append(ran, tl)
		switch tl.argv[0] {
		case "psql":
			return `{"version": 150000}`, nil
		case "pg_restore":
			return "", &failure{1, "could not execute query"}
		}
		return "", nil
	}}
	if err := s.Dump(t.Context(), shop, io.Discard); err != nil {
		t.Error(err)
	}
	if err := s.Stage(t.Context(), shop, strings.NewReader("")); !errors.Is(err, ErrDump) {
		t.Error(err)
	}
	for _, tl := range ran {
		copies := tl.argv[0] != "psql"
		if tl.limit == 0 || copies != tl.dynamic || copies && tl.user != shop.User {
			t.Errorf("%q: as %s, within %s", tl.argv, tl.user, tl.limit)
		}
		if tl.argv[0] == "pg_dump" && !slices.Contains(tl.argv, "--lock-wait-timeout="+lockLimit) {
			t.Errorf("%q waits for locks", tl.argv)
		}
	}
}

func TestFilesOfDumps(t *testing.T) {
	d, ok := ParseFile(shop.File(), func(string) string { return shop.User })
	if !ok || d != shop {
		t.Errorf("%+v, %v", d, ok)
	}
	for _, name := range []string{"", "shop", "shop.dump", "../shop." + shop.Instance + ".dump", shop.File() + "x"} {
		if _, ok := ParseFile(name, func(string) string { return shop.User }); ok {
			t.Errorf("%q is one", name)
		}
	}
}
