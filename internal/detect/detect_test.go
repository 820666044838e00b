package detect

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nexushub/nexushub/internal/manifest"
)

var update = flag.Bool("update", false, "rewrite what is expected in testdata")

const want = "=> recognised"

// Each file of testdata is a folder and, at its end, what it is recognised as. A name that ends in '@' is
// a link, with what it leads to as its content.
func TestFolders(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) < 50 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, file := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			fsys, expected := folderOf(archive)
			r := Of(fsys, own(t, fsys))
			got := inWords(r)
			if *update {
				write(t, file, archive, got)
			} else if got != expected {
				t.Errorf("recognised as\n%s\nwant\n%s", got, expected)
			}
			readsBack(t, r)
		})
	}
}

func folderOf(a *txtar.Archive) (fstest.MapFS, string) {
	fsys, expected := fstest.MapFS{}, ""
	for _, f := range a.Files {
		name, isLink := strings.CutSuffix(f.Name, "@")
		switch {
		case f.Name == want:
			expected = string(f.Data)
		case isLink:
			fsys[name] = &fstest.MapFile{Mode: fs.ModeSymlink | 0o777, Data: []byte(strings.TrimSpace(string(f.Data)))}
		default:
			fsys[name] = &fstest.MapFile{Mode: 0o644, Data: []byte(strings.ReplaceAll(string(f.Data), "ELF:", "\x7fELF"))}
		}
	}
	return fsys, expected
}

func own(t *testing.T, fsys fstest.MapFS) (m manifest.Manifest) {
	t.Helper()
	if f := fsys[manifest.FileName]; f != nil {
		var err error
		if m, err = manifest.Parse(manifest.FileName, f.Data); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// inWords is a result as the files of testdata have it.
func inWords(r Result) string {
	var b strings.Builder
	if r.Name == "" {
		fmt.Fprintln(&b, "nothing")
	} else {
		fmt.Fprintln(&b, r.Line())
	}
	for _, n := range r.Notes {
		fmt.Fprintln(&b, "note: "+n)
	}
	if r.IsReady() {
		for line := range strings.Lines(string(TOML(r))) {
			if !strings.HasPrefix(line, "#") && line != "\n" {
				b.WriteString(line)
			}
		}
	}
	return b.String()
}

func write(t *testing.T, file string, a *txtar.Archive, got string) {
	t.Helper()
	if last := len(a.Files) - 1; last >= 0 && a.Files[last].Name == want {
		a.Files = a.Files[:last]
	}
	a.Files = append(a.Files, txtar.File{Name: want, Data: []byte(got)})
	if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// readsBack: what is written for people is the manifest that is meant, and every row's is valid.
func readsBack(t *testing.T, r Result) {
	t.Helper()
	if !r.IsReady() {
		if !reflect.DeepEqual(r.Manifest, manifest.Manifest{}) {
			t.Errorf("what is not ready has a manifest: %+v", r.Manifest)
		}
		return
	}
	m, err := manifest.Parse(manifest.FileName, TOML(r))
	if err != nil || !reflect.DeepEqual(m, r.Manifest) {
		t.Errorf("it reads back as %+v, %v\nwant %+v", m, err, r.Manifest)
	}
}

// Every row has a folder that it knows, and words for the manual.
func TestTable(t *testing.T) {
	for _, row := range Table {
		if row.Name == "" || row.Seen == "" || row.Starts == "" {
			t.Errorf("%+v has no words", row)
		}
	}
}

func FuzzOf(f *testing.F) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range cases {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var data []string
		for _, part := range archive.Files {
			data = append(data, part.Name, string(part.Data))
		}
		f.Add(strings.Join(data, "\x00"))
	}
	f.Fuzz(func(t *testing.T, data string) {
		var a txtar.Archive
		for part := range slices.Chunk(strings.Split(data, "\x00"), 2) {
			if len(part) == 2 && fs.ValidPath(strings.TrimSuffix(part[0], "@")) && strings.TrimSuffix(part[0], "@") != "." {
				a.Files = append(a.Files, txtar.File{Name: part[0], Data: []byte(part[1])})
			}
		}
		fsys, _ := folderOf(&a)
		r := Of(fsys, manifest.Manifest{})
		if strings.ContainsAny(r.Line()+strings.Join(r.Notes, ""), "\n\x1b\x00") {
			t.Errorf("a sentence that is no line: %q", r.Line())
		}
		readsBack(t, r)
	})
}

func FuzzProcfile(f *testing.F) {
	for _, s := range []string{"web: node server.js --port $PORT\nworker: x\n", "web:", "a b", "web: a\nweb: b", "web: a && b; c 2>&1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := parseProcfile(text)
		if err != nil {
			if len(list) > 0 || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v with %v", err, list)
			}
			return
		}
		for _, p := range list {
			if p.command == "" || strings.ContainsAny(p.command, "\n\x00\x1b") || !strings.Contains(text, p.name+":") {
				t.Errorf("%+v", p)
			}
			without := strings.NewReplacer("exec env ", "", "exec ", "", " ", "").Replace
			if got := shellText(p.command); without(got) != without(p.command) {
				t.Errorf("%q became %q", p.command, got)
			}
		}
	})
}

func TestShellText(t *testing.T) {
	for in, out := range map[string]string{
		"node server.js --port $PORT":              "exec node server.js --port $PORT",
		"node server.js --port ${PORT:-80} 2>&1":   "exec node server.js --port ${PORT:-80} 2>&1",
		"NODE_ENV=production node server.js":       "exec env NODE_ENV=production node server.js",
		"python manage.py migrate && gunicorn app": "python manage.py migrate && exec gunicorn app",
		"cd backend && node server.js":             "cd backend && exec node server.js",
		"a | b":                                    "a | b",
		"exec node a.js":                           "exec node a.js",
		"cd x; node y":                             "cd x; node y",
		"sh -c 'a && b'":                           "sh -c 'a && b'",
		"a || b":                                   "a || b",
		"a (":                                      "a (",
		"gunicorn app --log '&'":                   "gunicorn app --log '&'",
		"node $(cat x)":                            "node $(cat x)",
		"cd x":                                     "cd x",
	} {
		if got := shellText(in); got != out {
			t.Errorf("%q became %q, want %q", in, got, out)
		}
	}
}

func TestProcfileNamesTheLine(t *testing.T) {
	for in, want := range map[string]string{
		"web: a\n\nworker b":          "Procfile:3: must be NAME: COMMAND",
		"web:":                        "Procfile:1: web has no command",
		"web: a\nweb: b":              "Procfile:2: web is there already, in line 1",
		"web: a\x1b[0m":               "Procfile:1: the command of web must be text without control characters",
		strings.Repeat("a", 65<<10):   "Procfile: is larger than 65536 bytes",
		"# x\r\nweb: node a\r\n":      "",
		"web: a\nrelease: b\nother:c": "",
	} {
		if _, err := parseProcfile(in); err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("%.40q: %v, want %s", in, err, want)
		}
	}
}

// A folder may be of any size: what is looked at is bounded.
func TestBounds(t *testing.T) {
	long := `{"scripts":{"start":"node a.js"},"x":"` + strings.Repeat("x", maxFile) + `"}`
	fsys := fstest.MapFS{"package.json": {Data: []byte(long)}}
	if r := Of(fsys, manifest.Manifest{}); r.IsReady() {
		t.Errorf("a file that is too long was read: %+v", r)
	}
	many := fstest.MapFS{}
	for i := range 3000 {
		many[fmt.Sprintf("d%04d/wsgi.py", i)] = &fstest.MapFile{Data: []byte(strings.Repeat("#", 10<<10))}
	}
	f := newFolder(many)
	for _, row := range Table {
		row.find(f)
	}
	if f.left < 0 || len(f.lists) > maxFolders {
		t.Errorf("%d bytes left, %d folders", f.left, len(f.lists))
	}
}
