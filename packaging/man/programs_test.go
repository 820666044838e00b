package man

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// build makes one of the programs and returns what runs it.
func build(t *testing.T, name string) func(args ...string) []byte {
	t.Helper()
	watch(t, "../../cmd/"+name)
	program := filepath.Join(t.TempDir(), name)
	compile := exec.Command("go", "build", "-o", program, "../../cmd/"+name)
	compile.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return func(args ...string) []byte {
		out, err := exec.Command(program, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %q: %v\n%s", name, args, err, out)
		}
		return out
	}
}

// watch tells go test that the result depends on the files of a folder, which only a child
// process reads: without it a result from before a new flag would come out of the cache.
func watch(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			_, err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func matches(re string, text []byte) []string {
	var out []string
	for _, m := range regexp.MustCompile(re).FindAllSubmatch(text, -1) {
		out = append(out, string(m[1]))
	}
	return out
}

func TestDaemonPagesHaveEveryFlag(t *testing.T) {
	for _, name := range []string{"nexushubd", "nexushub-proxy"} {
		t.Run(name, func(t *testing.T) {
			help := build(t, name)("-h")
			p := read(t, name+".8")
			documented := matches(`(?m)^\.It Fl -([a-z-]+)`, []byte(p.section(t, "DESCRIPTION")))
			same(t, p.name, documented, matches(`(?m)^  -([a-z-]+)`, help))
		})
	}
}

// The client writes its own page; like the others it must please the formatter.
func TestPagesAreSoundRoff(t *testing.T) {
	if _, err := exec.LookPath("man"); err != nil {
		t.Fatal("man is missing: apt install man-db")
	}
	pages, err := filepath.Glob("*.[1-8]")
	if err != nil || len(pages) < 5 {
		t.Fatalf("pages: %q, %v", pages, err)
	}
	own := filepath.Join(t.TempDir(), "nexushub.1")
	if err := os.WriteFile(own, build(t, "nexushub")("man-page"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(pages, own) {
		format := exec.Command("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", name)
		format.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MANWIDTH=80")
		var complaints bytes.Buffer
		format.Stderr = &complaints
		if err := format.Run(); err != nil || complaints.Len() > 0 {
			t.Errorf("%s: %v\n%s", name, err, complaints.Bytes())
		}
	}
}

// TestRoutingRulesAreInOrder holds nexushub-proxy(8) against the order that the proxy decides
// in, which TestRulesOrder of package proxy checks.
func TestRoutingRulesAreInOrder(t *testing.T) {
	_, rules, _ := strings.Cut(read(t, "nexushub-proxy.8").text, "\n.Ss Routing\n")
	rules, _, _ = strings.Cut(rules, "\n.Ss ")
	for _, word := range []string{
		": 421.", ": 400, with the reason", "redirect to HTTPS", ".Pa /debug/application", ".Pa /public/login", ".Va X-Application-Id",
		".Pa /api/set_token", ".Pa /public/*", ".Pa /api/*", ".Pa /internal/*", "Anything else", ".El", ".Ic hold_timeout", "503 at once",
	} {
		_, rest, found := strings.Cut(rules, word)
		if !found {
			t.Fatalf("%q is missing, or stands before the rule that it follows", word)
		}
		rules = rest
	}
}
