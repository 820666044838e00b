package setup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nexushub/nexushub/internal/config"
)

func folder(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func content(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var wanted = []Setting{{"domain", "example.org"}, {"proxy.acme.email", "ops@example.org"}}

func TestEdit(t *testing.T) {
	const own = "conf.d/setup.toml"
	for name, c := range map[string]struct {
		files, in string
		want      string // what is in the file in
	}{
		"fresh host": {"-- nexushub.toml --\n#domain = \"yesterday.localhost\"\n", own,
			ownHead + "domain = \"example.org\"\nproxy.acme.email = \"ops@example.org\"\n"},
		"a comment stays": {"-- nexushub.toml --\n# ours\ndomain = \"old.org\" # since May\n[proxy.acme]\nemail = ''\n", "nexushub.toml",
			"# ours\ndomain = \"example.org\" # since May\n[proxy.acme]\nemail = \"ops@example.org\"\n"},
		"the last counts": {"-- nexushub.toml --\ndomain = \"a.org\"\n-- conf.d/z.toml --\n  domain='b.org'\n", "conf.d/z.toml",
			"  domain=\"example.org\"\n"},
		"lines end as they did": {"-- nexushub.toml --\nlog_level = \"info\"\r\ndomain = \"a.org\"\r\n", "nexushub.toml",
			"log_level = \"info\"\r\ndomain = \"example.org\"\r\n"},
		"a second time": {"-- nexushub.toml --\n-- " + own + " --\n" + ownHead + "domain = \"a.org\"\n", own,
			ownHead + "domain = \"example.org\"\nproxy.acme.email = \"ops@example.org\"\n"},
		"before the tables": {"-- nexushub.toml --\n-- " + own + " --\n# mine\n[ports]\nlast = 15000", own,
			"# mine\ndomain = \"example.org\"\nproxy.acme.email = \"ops@example.org\"\n[ports]\nlast = 15000\n"},
	} {
		dir := folder(t, c.files)
		e, err := NewEdit(dir, wanted)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := e.Write(); err != nil {
			t.Fatal(err)
		}
		if got := content(t, filepath.Join(dir, c.in)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		conf, err := config.LoadProxy(dir)
		if err != nil || conf.Domain != "example.org" || conf.Proxy.ACME.Email != "ops@example.org" {
			t.Errorf("%s: %+v, %v", name, conf, err)
		}
		if again, err := NewEdit(dir, wanted); err != nil || len(again.Lines) != 0 {
			t.Errorf("%s: a second run changes %v, %v", name, again, err)
		}
		if err := e.Undo(); err != nil {
			t.Fatal(err)
		}
		for _, f := range txtar.Parse([]byte(c.files)).Files {
			if got := content(t, filepath.Join(dir, f.Name)); got != string(f.Data) {
				t.Errorf("%s: after Undo %s is %q", name, f.Name, got)
			}
		}
	}
}

// What setup cannot change without a doubt is left to the operator, and nothing is written.
func TestEditRefuses(t *testing.T) {
	for files, want := range map[string]string{
		"-- nexushub.toml --\nnonsense = 1\n":                                                 "faults",
		"-- nexushub.toml --\nproxy = { acme = { email = \"a@b\" } }\n":                       "nexushub.toml:1 must be changed by hand",
		"-- nexushub.toml --\ndomain = \"\"\"a.org\"\"\"\n":                                   "nexushub.toml:1 must be changed by hand",
		"-- nexushub.toml --\n-- conf.d/setup.toml --\n[proxy.acme]\ndirectory=\"https://x\"": "by hand",
	} {
		dir := folder(t, files)
		if _, err := NewEdit(dir, wanted); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", files, err, want)
		}
	}
}

func TestWriteKeepsTheMode(t *testing.T) {
	dir := folder(t, "-- nexushub.toml --\ndomain = \"old.org\"\n")
	e, err := NewEdit(dir, wanted[:1])
	if err == nil {
		err = e.Write()
	}
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "nexushub.toml"))
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Error(err, info)
	}
}
