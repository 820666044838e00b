package release

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/hostile"
	"github.com/nexushub/nexushub/internal/manifest"
)

var server = []hostile.Entry{
	{Name: "package.json", Body: `{"scripts":{"start":"node server.js"}}`}, {Name: "server.js"}, {Name: "static/a.css"},
}

func TestImportRecognisesAndRemembers(t *testing.T) {
	s := openStore(t, testLimits())
	r, err := s.Import(t.Context(), writeZip(t, hostile.Zip(t, server...)))
	if err != nil || !r.Runs || !r.Static || r.Recognised.Name != "Node.js" {
		t.Fatalf("%+v, %v", r, err)
	}
	if m := r.Asks(); !reflect.DeepEqual(m.Exec, []string{"node", "server.js"}) || !m.IsOpen() {
		t.Errorf("it asks for %+v", m)
	}
	if again, err := s.Get(r.Hash); err != nil || !reflect.DeepEqual(again, r) {
		t.Errorf("read again it is %+v, %v", again, err)
	}

	// Another table would take it for something else: what it was taken for is kept.
	m := s.readMeta(r.Hash)
	m.Recognised.Manifest.Exec = []string{"node", "other.js"}
	if err := s.writeMeta(r.Hash, m); err != nil {
		t.Fatal(err)
	}
	if again, err := s.Get(r.Hash); err != nil || again.Asks().Exec[1] != "other.js" {
		t.Errorf("%+v, %v", again, err)
	}
	// Losing what is noted loses no release.
	if err := os.Remove(s.metaPath(r.Hash)); err != nil {
		t.Fatal(err)
	}
	if again, err := s.Get(r.Hash); err != nil || again.Asks().Exec[1] != "server.js" {
		t.Errorf("%+v, %v", again, err)
	}
}

// What says itself what is started is what it was, whatever else is in it.
func TestImportTakesAtItsWord(t *testing.T) {
	for name, first := range map[string]hostile.Entry{
		"bin/app":           hostile.App,
		"static/index.html": {Name: "static/index.html"},
		"exec":              {Name: ManifestName, Body: `exec = ["server.js"]`},
	} {
		s := openStore(t, testLimits())
		r, err := s.Import(t.Context(), writeZip(t, hostile.Zip(t, append(server[:2:2], first)...)))
		if err != nil || r.Recognised.Name != "" || r.Asks().IsOpen() || r.Runs != (name != "static/index.html") {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if data, err := os.ReadFile(s.metaPath(r.Hash)); err != nil || strings.Contains(string(data), "recognised") {
			t.Errorf("%s: noted is %s, %v", name, data, err)
		}
	}
}

// A release of an older NexusHub has nothing noted, and is what it says itself.
func TestOldReleasesStayLiteral(t *testing.T) {
	s := openStore(t, testLimits())
	hash := strings.Repeat("a", 64)
	for name, body := range map[string]string{"package.json": `{"scripts":{"start":"node server.js"}}`, "server.js": ""} {
		if err := errors.Join(os.MkdirAll(s.path(hash), 0o755),
			os.WriteFile(filepath.Join(s.path(hash), name), []byte(body), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	old, err := json.Marshal(map[string]any{"size": 1, "imported_at": "2026-01-01T00:00:00Z", "expands": true})
	if err == nil {
		err = os.WriteFile(s.metaPath(hash), old, 0o600)
	}
	if r, getErr := s.Get(hash); err != nil || getErr != nil || r.Runs || r.Recognised.Name != "" {
		t.Errorf("%+v, %v, %v", r, err, getErr)
	}
}

func TestImportNamesTheMissingStep(t *testing.T) {
	for want, entries := range map[string][]hostile.Entry{
		"run npm ci first": {{Name: "package.json", Body: `{"scripts":{"start":"node a.js"},"dependencies":{"x":"1"}}`},
			{Name: "package-lock.json"}, {Name: "a.js"}},
		"go build -o bin/server .":          {{Name: "go.mod"}, {Name: "main.go"}},
		"NexusHub runs no containers":       {{Name: "Dockerfile"}},
		"nothing that is recognised":        {{Name: "readme"}},
		"pack what is in it":                {{Name: "shop/package.json", Body: `{}`}, {Name: "shop/server.js"}},
		"static.folder: the package has no": {{Name: ManifestName, Body: `static.folder = "dist"`}, {Name: "server.js"}},
		"pack what it leads to":             {{Name: "dist/index.html"}, hostile.Link("dist/a", "/usr/share/x")},
		"dist: must be a folder":            {{Name: ManifestName, Body: `static.folder = "dist"`}, {Name: "dist"}, hostile.App},
		"\"nowhere\" is neither a file o":   {{Name: ManifestName, Body: `exec = ["nowhere"]`}},
		"processes.w.exec: the package has no file \"bin/w\"": {hostile.App,
			{Name: ManifestName, Body: `processes.w.exec = ["bin/w"]`}},
		"processes.w.exec: \"nowhere\" is neither a file": {hostile.App,
			{Name: ManifestName, Body: `processes.w.exec = ["nowhere"]`}},
		"processes.w.exec: \"${A-B}\": malformed variable": {hostile.App,
			{Name: ManifestName, Body: `processes.w.exec = ["bin/app", "${A-B}"]`}},
		"processes.w.exec: is missing": {hostile.App, {Name: ManifestName, Body: `processes.w.replicas = 2`}},
		"processes: there is no process that answers requests": {{Name: "static/index.html"},
			{Name: ManifestName, Body: `processes.w.exec = ["sleep", "9"]`}},
		"jobs: there is no process that answers requests": {{Name: "static/index.html"},
			{Name: ManifestName, Body: `jobs.j = { exec = ["true"], schedule = "daily" }`}},
		"release: there is no process that answers requests": {{Name: "static/index.html"},
			{Name: ManifestName, Body: `release = ["true"]`}},
	} {
		_, err := openStore(t, testLimits()).Import(t.Context(), writeZip(t, hostile.Zip(t, entries...)))
		var invalid *InvalidError
		if !errors.As(err, &invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestSitesAreServedFromTheirFolder(t *testing.T) {
	s := openStore(t, testLimits())
	for _, c := range []struct{ file, manifest, folder string }{
		{"index.html", "", "."}, {"dist/index.html", "", "dist"},
		{"web/pages/index.html", `static.folder = "web/pages"`, "web/pages"},
	} {
		entries := []hostile.Entry{{Name: c.file}}
		if c.manifest != "" {
			entries = append(entries, hostile.Entry{Name: ManifestName, Body: c.manifest})
		}
		r, err := s.Import(t.Context(), writeZip(t, hostile.Zip(t, entries...)))
		if err != nil || r.Runs || !r.Static || r.StaticDir != filepath.Join(r.Dir, c.folder) || !r.Asks().IsOpen() {
			t.Errorf("%s: %+v, %v", c.file, r, err)
		}
	}
}

func TestAFolderInPlaceIsRecognised(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "server.js"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := openStore(t, testLimits()).Resolve(t.Context(), dir)
	if err != nil || !r.Runs || r.Recognised.Name != "Node.js" {
		t.Fatalf("%+v, %v", r, err)
	}
	if l := r.Literal(); l.Runs || !reflect.DeepEqual(l.Recognised, detect.Result{}) ||
		!reflect.DeepEqual(l.Asks(), manifest.Manifest{}) {
		t.Errorf("taken literally it is %+v", l)
	}
}

// What a host lacks for what was recognised is named as Debian has it.
func TestImportNamesTheDebianPackage(t *testing.T) {
	zip := hostile.Zip(t, hostile.Entry{Name: "deno.json", Body: "{}"}, hostile.Entry{Name: "main.ts"})
	_, err := openStore(t, testLimits()).Import(t.Context(), writeZip(t, zip))
	if err == nil || !strings.Contains(err.Error(), `Deno (there is main.ts): "deno" is neither`) {
		t.Errorf("got %v", err)
	}
	if got := install("php"); got != "install it (apt install php-cli)" {
		t.Error(got)
	}
}
