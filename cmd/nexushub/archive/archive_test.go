package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/api"
)

const app = "0f0e0d0c-0000-4000-8000-000000000001"

// host is a folder that stands for "/".
type host struct {
	*testing.T
	base string
}

func newHost(t *testing.T) host {
	t.Helper()
	h := host{t, t.TempDir()}
	for name, content := range map[string]string{
		"etc/nexushub/nexushub.toml": "domain", "etc/passwd": "root's", "var/lib/nexushub/state/1": "state",
		"var/lib/nexushub-proxy/ca/root.key": "key", apps + "/" + app + "/data": "precious", apps + "/other/data": "others'",
	} {
		h.write(name, content)
	}
	return h
}

func (h host) path(name string) string { return filepath.Join(h.base, name) }

func (h host) state(name string) string { return h.path(apps + "/" + app + "/" + name) }

func (h host) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h host) write(name, content string) {
	h.Helper()
	h.must(os.MkdirAll(filepath.Dir(h.path(name)), 0o755))
	h.must(os.WriteFile(h.path(name), []byte(content), 0o644))
}

func (h host) has(name, content string) {
	h.Helper()
	if got, err := os.ReadFile(h.path(name)); err != nil || string(got) != content {
		h.Errorf("%s = %q, %v; want %q", name, got, err, content)
	}
}

func (h host) lacks(name string) {
	h.Helper()
	if _, err := os.Lstat(h.path(name)); !errors.Is(err, fs.ErrNotExist) {
		h.Errorf("%s: %v", name, err)
	}
}

// clean says that no stage is left.
func (h host) clean() {
	h.Helper()
	for _, parent := range []string{"etc", "var/lib", "var/lib/private"} {
		entries, err := os.ReadDir(h.path(parent))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			h.Error(err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), stagePrefix) {
				h.Errorf("%s/%s is left", parent, e.Name())
			}
		}
	}
}

// backup returns the archive and what was said about it.
func (h host) backup() (file string, notes []Note) {
	h.Helper()
	var out bytes.Buffer
	h.must(Write(h.Context(), &out, h.base, true, func(n Note) { notes = append(notes, n) }))
	return h.keep(out.Bytes()), notes
}

func (h host) keep(archive []byte) string {
	h.Helper()
	file := filepath.Join(h.TempDir(), "backup.tar.gz")
	h.must(os.WriteFile(file, archive, 0o600))
	return file
}

// stage checks and unpacks an archive.
func (h host) stage(file string) (*Stage, error) {
	a, err := Open(file)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	if err := a.Check(h.Context()); err != nil {
		return nil, err
	}
	return a.Stage(h.Context(), h.base)
}

func (h host) restore(file string) {
	h.Helper()
	s, err := h.stage(file)
	h.must(err)
	h.must(s.Swap())
	h.must(s.Close())
	h.clean()
}

func TestEverythingComesBack(t *testing.T) {
	h := newHost(t)
	odd := "odd\nname \xff"
	h.write(apps+"/"+app+"/"+odd, "odd")
	h.write(apps+"/"+app+"/empty", "")
	h.must(os.Symlink("../../../../../etc", h.state("link")))
	h.must(os.Link(h.state("data"), h.state("hard")))
	h.must(unix.Mkfifo(h.state("fifo"), 0o666))
	h.must(os.Mkdir(h.state("sticky"), 0o700))
	h.must(os.Chmod(h.state("sticky"), 0o777|fs.ModeSticky))
	h.must(os.Chmod(h.state("data"), 0o640))
	file, notes := h.backup()
	if len(notes) > 0 {
		t.Errorf("said %v", notes)
	}

	other := host{t, t.TempDir()}
	other.restore(file)
	other.has("etc/nexushub/nexushub.toml", "domain")
	other.has("var/lib/nexushub-proxy/ca/root.key", "key")
	other.has(apps+"/"+app+"/"+odd, "odd")
	other.has(apps+"/"+app+"/empty", "")
	other.lacks("etc/passwd")
	other.lacks(apps + "/" + app + "/fifo")
	if to, err := os.Readlink(other.state("link")); to != "../../../../../etc" {
		t.Errorf("link = %q, %v", to, err)
	}
	one, err1 := os.Stat(other.state("data"))
	two, err2 := os.Stat(other.state("hard"))
	if err1 != nil || err2 != nil || !os.SameFile(one, two) || one.Mode() != 0o640 {
		t.Errorf("hard link: %v, %v, %v", one, err1, err2)
	}
	if info, err := os.Stat(other.state("sticky")); err != nil || info.Mode() != fs.ModeDir|fs.ModeSticky|0o777 {
		t.Errorf("folder: %v, %v", info, err)
	}
	before, _ := os.Stat(h.state("data"))
	if !one.ModTime().Equal(before.ModTime().Truncate(1e9)) && !one.ModTime().Equal(before.ModTime().Round(1e9)) {
		t.Errorf("time %v, was %v", one.ModTime(), before.ModTime())
	}
}

// What the archive has is replaced as a whole; what it lacks stays.
func TestWholeTreesAreExchanged(t *testing.T) {
	h := newHost(t)
	file, _ := h.backup()
	h.write("etc/nexushub/nexushub.toml", "changed")
	h.write("etc/nexushub/conf.d/later.toml", "later")
	h.write(apps+"/"+app+"/data", "changed")
	h.write(apps+"/newcomer/data", "stays")
	h.must(os.RemoveAll(h.path(apps + "/other")))
	h.restore(file)
	h.has("etc/nexushub/nexushub.toml", "domain")
	h.lacks("etc/nexushub/conf.d")
	h.has(apps+"/"+app+"/data", "precious")
	h.has(apps+"/newcomer/data", "stays")
	h.has(apps+"/other/data", "others'")
}

func TestUndoPutsTheOldBack(t *testing.T) {
	h := newHost(t)
	file, _ := h.backup()
	h.write("etc/nexushub/nexushub.toml", "changed")
	h.must(os.RemoveAll(h.path(apps + "/other")))
	s, err := h.stage(file)
	h.must(err)
	h.has("etc/nexushub/nexushub.toml", "changed") // staged is not there yet
	h.must(s.Swap())
	h.has("etc/nexushub/nexushub.toml", "domain")
	h.must(s.Undo())
	h.must(s.Undo()) // twice is once
	h.must(s.Close())
	h.has("etc/nexushub/nexushub.toml", "changed")
	h.lacks(apps + "/other")
	h.clean()
}

// An archive of a host that has no NexusHub would be empty, and be believed to be a backup.
func TestHostWithoutNexusHub(t *testing.T) {
	h := host{t, t.TempDir()}
	h.write("etc/passwd", "root's")
	h.must(os.MkdirAll(h.path("var/lib/private"), 0o700))
	err := Write(t.Context(), &bytes.Buffer{}, h.base, true, func(n Note) { t.Error(n) })
	if !errors.Is(err, api.NotFound) ||
		!strings.Contains(err.Error(), "no NexusHub on this host (no /etc/nexushub, no /var/lib/nexushub") {
		t.Errorf("says %v", err)
	}
	h.write("var/lib/nexushub/state/1", "state") // what a removed package keeps is worth a backup
	if _, notes := h.backup(); len(notes) > 0 {
		t.Errorf("said %v", notes)
	}
}

// The links were put there after the backup: nothing goes through them.
func TestRestoringFollowsNoLink(t *testing.T) {
	h := newHost(t)
	h.write(apps+"/"+app+"/d/owned.sh", "evil")
	h.write("var/lib/nexushub-proxy/acme/owned.sh", "evil")
	file, _ := h.backup()
	h.must(os.MkdirAll(h.path("etc/profile.d"), 0o755))
	for _, dir := range []string{h.state("d"), h.path("var/lib/nexushub-proxy/acme")} {
		h.must(os.RemoveAll(dir))
		h.must(os.Symlink(h.path("etc/profile.d"), dir))
	}
	h.restore(file)
	h.lacks("etc/profile.d/owned.sh")
	h.has(apps+"/"+app+"/d/owned.sh", "evil")
	if info, err := os.Stat(h.path("etc/profile.d")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("profile.d is %v, %v", info, err)
	}
}

func TestLeftoversOfAKilledRestoreGo(t *testing.T) {
	h := newHost(t)
	file, _ := h.backup()
	h.write("etc/"+stagePrefix+"X/nexushub/nexushub.toml", "left")
	h.restore(file)
}

func TestOneRestoreAtATime(t *testing.T) {
	h := newHost(t)
	file, _ := h.backup()
	s, err := h.stage(file)
	h.must(err)
	if _, err := h.stage(file); err == nil || !strings.Contains(err.Error(), "another restore") {
		t.Errorf("the second: %v", err)
	}
	h.must(s.Swap())
	h.must(s.Close())
	h.clean()
}

// read returns the entries of an archive as archive/tar has them.
func read(t *testing.T, file string) map[string]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for r := tar.NewReader(z); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[head.Name] = string(content)
	}
}

func lost(notes []Note) (out []string) {
	for _, n := range notes {
		if n.Lost {
			out = append(out, n.String())
		}
	}
	slices.Sort(out)
	return out
}
