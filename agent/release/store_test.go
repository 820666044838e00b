package release

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/disk"
	"github.com/nexushub/nexushub/internal/hostile"
)

func TestImportUnpacksWithModes(t *testing.T) {
	s := openStore(t, testLimits())
	when := time.Date(2024, 5, 6, 7, 8, 10, 0, time.UTC)
	r, err := s.Import(t.Context(), writeZip(t, hostile.Zip(t,
		hostile.Entry{Name: "bin/app", Body: "run", Mode: 0o600},
		hostile.Entry{Name: "bin/tool", Body: "tool", Mode: fs.ModeSetuid | fs.ModeSetgid | 0o777},
		hostile.Entry{Name: "static/index.html", Body: "<p>", Mode: 0o640, Header: setModified(when)},
		hostile.Entry{Name: "node_modules/.bin/x", Body: "../x/cli.js", Mode: fs.ModeSymlink | 0o777},
		hostile.Entry{Name: "empty/", Mode: fs.ModeDir | 0o700},
		hostile.Entry{Name: ManifestName, Body: "network = \"socket\"\n"},
	)))
	if err != nil {
		t.Fatal(err)
	}
	if !r.Runs || !r.Static || r.Manifest.Network != "socket" || r.Size == 0 || r.ImportedAt.IsZero() {
		t.Errorf("got %+v", r)
	}
	for name, want := range map[string]fs.FileMode{
		"bin/app": 0o755, "bin/tool": 0o755, "static/index.html": 0o644, "empty": fs.ModeDir | 0o755, ".": fs.ModeDir | 0o755,
	} {
		info, err := os.Stat(filepath.Join(r.Dir, name))
		if err != nil || info.Mode() != want {
			t.Errorf("%s: got %v %v, want %v", name, info.Mode(), err, want)
		}
	}
	if target, err := os.Readlink(filepath.Join(r.Dir, "node_modules/.bin/x")); target != "../x/cli.js" {
		t.Errorf("link: got %q %v", target, err)
	}
	if info, _ := os.Stat(filepath.Join(r.Dir, "static/index.html")); !info.ModTime().Equal(when) {
		t.Errorf("time: got %v, want %v", info.ModTime(), when)
	}
}

// A package that was installed when all of exec was literal stays so until it is installed
// again, however often it is looked up.
func TestExecExpandsFromTheNextInstallation(t *testing.T) {
	s := openStore(t, testLimits())
	path := writeZip(t, hostile.Zip(t, hostile.App))
	r, err := s.Import(t.Context(), path)
	if err != nil || !r.Expands {
		t.Fatalf("a new package: %v, expands %v", err, r.Expands)
	}
	old := s.readMeta(r.Hash)
	old.Expands = false // as an older NexusHub wrote it
	if err := s.writeMeta(r.Hash, old); err != nil {
		t.Fatal(err)
	}
	for name, find := range map[string]func() (fact.Release, error){
		"Get":     func() (fact.Release, error) { return s.Get(r.Hash) },
		"Resolve": func() (fact.Release, error) { return s.Resolve(t.Context(), path) },
	} {
		if r, err := find(); err != nil || r.Expands {
			t.Errorf("%s: %v, expands %v", name, err, r.Expands)
		}
	}
	if r, err := s.Import(t.Context(), path); err != nil || !r.Expands {
		t.Errorf("installed again: %v, expands %v", err, r.Expands)
	}
	if again, err := s.Get(r.Hash); err != nil || !again.Expands || !again.ImportedAt.Equal(r.ImportedAt) {
		t.Errorf("kept as %+v, %v", again, err)
	}
}

func TestImportChecksTheCommand(t *testing.T) {
	for exec, want := range map[string]string{
		`["bin/app", "$PORT", "$ANYTHING"]`:    "",
		`["sh", "-c", "exec bin/app ${X:-1}"]`: "",
		`["$RUNTIME/bin/node"]`:                "",
		`["bin/app", "${PORT:-80}"]`:           "${PORT:-80}",
		`["no-such-program", "$PORT"]`:         `"no-such-program" is neither a file of the package nor a program of this host`,
		`["./no-such-program"]`:                `the package has no file "./no-such-program"`,
	} {
		s := openStore(t, testLimits())
		_, err := s.Import(t.Context(), writeZip(t, hostile.Zip(t, hostile.App,
			hostile.Entry{Name: ManifestName, Body: "exec = " + exec})))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("exec = %s: %v, want %q", exec, err, want)
		}
	}
}

func TestImportStoresSameContentOnce(t *testing.T) {
	s := openStore(t, testLimits())
	path := writeZip(t, hostile.Zip(t, hostile.App))
	var wg sync.WaitGroup
	got := make([]fact.Release, 8)
	for i := range got {
		wg.Go(func() {
			r, err := s.Import(t.Context(), path)
			if err != nil {
				t.Error(err)
			}
			got[i] = r
		})
	}
	wg.Wait()
	for _, r := range got {
		if r.Hash != got[0].Hash {
			t.Errorf("got %s and %s", r.Hash, got[0].Hash)
		}
	}
	if left := leftovers(t, s); len(left) != 1 {
		t.Errorf("got %v, want one folder", left)
	}
}

func TestImportAcceptsSiteOfFilesAndManifestExec(t *testing.T) {
	for _, entries := range [][]hostile.Entry{
		{{Name: "static/index.html"}},
		{{Name: ManifestName, Body: `exec = ["/usr/bin/node", "server.js"]`}, {Name: "server.js"}},
		{{Name: ManifestName, Body: `exec = ["./run"]`}, {Name: "run", Mode: 0o755}},
	} {
		if _, err := openStore(t, testLimits()).Import(t.Context(), writeZip(t, hostile.Zip(t, entries...))); err != nil {
			t.Error(err)
		}
	}
}

func TestImportRefusesWithoutSpace(t *testing.T) {
	limits := testLimits()
	limits.Free.Bytes = 1 << 60
	s := openStore(t, limits)
	_, err := s.Import(t.Context(), writeZip(t, hostile.Zip(t, hostile.App)))
	if !errors.Is(err, disk.ErrNoSpace) {
		t.Errorf("got %v, want ErrNoSpace", err)
	}
	if left := leftovers(t, s); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestImportEndsWithItsContext(t *testing.T) {
	s := openStore(t, testLimits())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Import(ctx, writeZip(t, hostile.Zip(t, hostile.App))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestOpenRemovesWhatACrashLeft(t *testing.T) {
	s := openStore(t, testLimits())
	for _, name := range []string{tempPrefix + "1", trashPrefix + "2"} {
		if err := os.MkdirAll(filepath.Join(s.dir, name, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(s.dir, testLimits()); err != nil {
		t.Fatal(err)
	}
	if left := leftovers(t, s); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestGetUnknown(t *testing.T) {
	s := openStore(t, testLimits())
	for _, hash := range []string{"", "..", "../../etc",
		"0000000000000000000000000000000000000000000000000000000000000000"} {
		if _, err := s.Get(hash); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: got %v", hash, err)
		}
	}
}

func TestSweepSparesWhatIsInUse(t *testing.T) {
	s := openStore(t, testLimits())
	var hashes []string
	for _, body := range []string{"used", "held", "free"} {
		r, err := s.Import(t.Context(), writeZip(t, hostile.Zip(t, hostile.Entry{Name: "bin/app", Body: body})))
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, r.Hash)
	}
	used, held, free := hashes[0], hashes[1], hashes[2]
	inUse := map[string]bool{used: true}
	if removed, err := s.Sweep(inUse); len(removed) != 0 || err != nil {
		t.Fatalf("fresh imports: removed %v, %v", removed, err)
	}
	letGo := s.Hold(held)
	s.Hold(free)()
	removed, err := s.Sweep(inUse)
	if err != nil || len(removed) != 1 || removed[0] != free {
		t.Fatalf("removed %v, %v, want %s", removed, err, free)
	}
	letGo()
	letGo() // only the first call counts
	if removed, _ := s.Sweep(inUse); len(removed) != 1 || removed[0] != held {
		t.Errorf("removed %v, want %s", removed, held)
	}
	all, err := s.List()
	if err != nil || len(all) != 1 || all[0].Hash != used {
		t.Errorf("left %v, %v", all, err)
	}
}

func TestSweepForgetsTheGraceOfAnotherProcess(t *testing.T) {
	s := openStore(t, testLimits())
	r, err := s.Import(t.Context(), writeZip(t, hostile.Zip(t, hostile.App)))
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(s.dir, testLimits())
	if err != nil {
		t.Fatal(err)
	}
	if removed, err := again.Sweep(nil); len(removed) != 1 || removed[0] != r.Hash || err != nil {
		t.Errorf("removed %v, %v", removed, err)
	}
}

func TestSweepAgainstImportsOfTheSameContent(t *testing.T) {
	s := openStore(t, testLimits())
	path := writeZip(t, hostile.Zip(t, hostile.App))
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 50 {
			if _, err := s.Sweep(nil); err != nil {
				t.Error(err)
			}
		}
	})
	for range 50 {
		r, err := s.Import(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		letGo := s.Hold(r.Hash)
		if _, err := os.Stat(filepath.Join(r.Dir, "bin/app")); err != nil {
			t.Fatal(err)
		}
		letGo()
	}
	wg.Wait()
}
