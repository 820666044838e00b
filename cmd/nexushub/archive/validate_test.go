package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/api"
)

func dir(name string) *tar.Header { return &tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755} }
func reg(name string) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: 4}
}
func sym(name, to string) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: to, Mode: 0o777}
}

// forge makes an archive of a configuration, an application's folder, and more.
func forge(t testing.TB, more ...*tar.Header) []byte {
	t.Helper()
	archive, err := encode(more)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func encode(more []*tar.Header) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	all := []*tar.Header{dir("etc/nexushub/"), reg("etc/nexushub/file"), dir(apps + "/"), dir(apps + "/a/")}
	for _, h := range append(all, more...) {
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write([]byte("evil")[:h.Size]); err != nil {
			return nil, err
		}
	}
	err := errors.Join(w.Close(), z.Close())
	return out.Bytes(), err
}

func TestForgedArchivesChangeNothing(t *testing.T) {
	hard := func(name, to string) *tar.Header {
		return &tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: to}
	}
	setuid := reg(apps + "/a/su")
	setuid.Mode = 0o4755
	for what, more := range map[string][]*tar.Header{
		"through its own link":       {sym(apps+"/a/l", "/etc"), reg(apps + "/a/l/owned")},
		"through a relative link":    {sym(apps+"/a/l", "../../../../../etc"), dir(apps + "/a/l/"), reg(apps + "/a/l/owned")},
		"a folder on a link":         {sym(apps+"/a/l", "/etc"), dir(apps + "/a/l/")},
		"a file on a link":           {sym(apps+"/a/l", "/etc/passwd"), reg(apps + "/a/l")},
		"a link on a folder":         {dir(apps + "/a/l/"), sym(apps+"/a/l", "/etc")},
		"a file twice":               {reg(apps + "/a/f"), reg(apps + "/a/f")},
		"a folder twice":             {dir(apps + "/a/")},
		"below a file":               {reg(apps + "/a/f"), reg(apps + "/a/f/g")},
		"without its folder":         {reg(apps + "/a/d/f")},
		"an application's link":      {sym(apps+"/b", "/etc"), reg(apps + "/b/owned")},
		"an application's file":      {reg(apps + "/b")},
		"all applications as a link": {sym(apps, "/etc")},
		"a tree of ours as a link":   {sym("var/lib/nexushub", "/etc")},
		"dots":                       {reg("etc/nexushub/../owned")},
		"dots for an application":    {dir(apps + "/../"), reg(apps + "/../owned")},
		"absolute":                   {reg("/etc/owned")},
		"elsewhere":                  {reg("etc/owned")},
		"a hard link out":            {hard(apps+"/a/h", "etc/nexushub/file")},
		"a hard link to anything":    {hard(apps+"/a/h", "/etc/passwd")},
		"a hard link in ours":        {hard("etc/nexushub/h", "etc/nexushub/file")},
		"a hard link to nothing":     {hard(apps+"/a/h", apps+"/a/none")},
		"a device":                   {{Typeflag: tar.TypeBlock, Name: apps + "/a/disk", Devmajor: 8}},
		"a FIFO":                     {{Typeflag: tar.TypeFifo, Name: apps + "/a/fifo"}},
		"a setuid bit":               {setuid},
		"another kind":               {{Typeflag: 'V', Name: apps + "/a/v"}},
	} {
		t.Run(what, func(t *testing.T) {
			h := newHost(t)
			s, err := h.stage(h.keep(forge(t, more...)))
			if err == nil {
				s.Close()
				t.Fatal("no error")
			}
			if !errors.Is(err, api.Invalid) {
				t.Errorf("%v", err)
			}
			h.clean()
			h.lacks("etc/owned")
			h.has("etc/passwd", "root's")
			h.has("etc/nexushub/nexushub.toml", "domain")
		})
	}
}

func TestDamagedArchivesAreRefused(t *testing.T) {
	whole := forge(t, reg(apps+"/a/f"))
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 1 // of the checksum
	empty := &bytes.Buffer{}
	z := gzip.NewWriter(empty)
	if err := errors.Join(tar.NewWriter(z).Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	for what, archive := range map[string][]byte{
		"cut": whole[:len(whole)-20], "flipped": flipped, "text": []byte("hello"), "nothing": nil, "empty": empty.Bytes(),
	} {
		h := newHost(t)
		if s, err := h.stage(h.keep(archive)); err == nil {
			s.Close()
			t.Errorf("%s: no error", what)
		} else if what == "cut" && !strings.Contains(err.Error(), "is damaged or cut short") {
			t.Errorf("%s: says %v", what, err)
		}
		h.clean()
	}
}

func TestWhoseArchiveItIs(t *testing.T) {
	h := newHost(t)
	file := h.keep(forge(t))
	h.must(os.Chmod(file, 0o666))
	if _, err := h.stage(file); !errors.Is(err, api.Forbidden) {
		t.Errorf("an archive that others can write to: %v", err)
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	h.must(unix.Mkfifo(fifo, 0o600))
	if _, err := h.stage(fifo); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a FIFO: %v", err)
	}
	info, err := os.Stat(file)
	h.must(err)
	foreign := strange{info, &syscall.Stat_t{Uid: 4711}}
	h.must(os.Chmod(file, 0o600))
	if err := checkOwner(file, foreign, nil); !errors.Is(err, api.Forbidden) {
		t.Errorf("somebody's archive: %v", err)
	}
}

func TestPlaces(t *testing.T) {
	for name, want := range map[string]string{
		"etc/nexushub": "etc/nexushub|", "etc/nexushub/a/b": "etc/nexushub|a/b", "./var/lib/nexushub-proxy/ca/": "var/lib/nexushub-proxy|ca",
		apps: apps + "|", apps + "/id": apps + "/id|", apps + "/id/f": apps + "/id|f",
	} {
		if tr, rel, err := treeOf(name); err != nil || tr.path()+"|"+rel != want {
			t.Errorf("%s: %s|%s, %v", name, tr.path(), rel, err)
		}
	}
	for _, name := range []string{"", "/", ".", "..", "etc", "etc/passwd", "/etc/nexushub/a", "../etc/nexushub",
		"etc/nexushub/../passwd", "etc//nexushub", "etc/nexushub/./a", "var/lib/nexushubs", "././etc/nexushub"} {
		if _, _, err := treeOf(name); !errors.Is(err, api.Invalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// An archive that needs more than there is is refused before anything is written.
func TestRoomIsAskedForFirst(t *testing.T) {
	h := newHost(t)
	a, err := Open(h.keep(forge(t)))
	h.must(err)
	defer a.Close()
	h.must(a.Check(t.Context()))
	for what, c := range map[string]cost{"bytes": {1 << 60, 1}, "inodes": {1, 1 << 60}} {
		a.need["etc"] = c
		if what == "inodes" && unlimited(t, h.base) {
			continue
		}
		if _, err := a.Stage(t.Context(), h.base); !errors.Is(err, api.NoSpace) {
			t.Errorf("%s: %v", what, err)
		}
	}
	h.clean()
}

func unlimited(t *testing.T, dir string) bool {
	t.Helper()
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	return s.Files == 0
}

// scripted makes entries of lines: kind and name, and where a link leads. Names are in an
// application's folder unless they begin with an exclamation mark.
func scripted(script string) (more []*tar.Header) {
	full := func(name string) string {
		if raw, ok := strings.CutPrefix(name, "!"); ok {
			return raw
		}
		return apps + "/a/" + name
	}
	kinds := map[string]byte{
		"d": tar.TypeDir,
		"f": tar.TypeReg,
		"l": tar.TypeSymlink,
		"h": tar.TypeLink,
		"p": tar.TypeFifo,
		"b": tar.TypeBlock,
	}
	for line := range strings.Lines(script) {
		part := append(strings.Fields(line), "", "", "")
		kind, ok := kinds[part[0]]
		if !ok || strings.ContainsRune(line, 0) {
			continue
		}
		head := &tar.Header{Typeflag: kind, Name: full(part[1]), Mode: 0o755}
		switch kind {
		case tar.TypeReg:
			head.Size = 4
		case tar.TypeSymlink:
			head.Linkname = part[2]
		case tar.TypeLink:
			head.Linkname = full(part[2])
		}
		more = append(more, head)
	}
	return more
}

// FuzzRestore makes archives of anything: they are refused, or stay where they belong.
func FuzzRestore(f *testing.F) {
	f.Setenv("TMPDIR", "/dev/shm") // restoring waits for the disk
	for _, script := range []string{
		"f f\nd d\nf d/f\nh h f\nl s /etc", "l l /etc\nf l/owned", "l l ../../../../../etc\nd l/\nf l/owned", "l a b\nh c a\nf c/d",
		"f !etc/owned", "d !etc/nexushub/../x", "l !var/lib/nexushub /etc\nf !var/lib/nexushub/owned", "p p\nb b", "h h !etc/nexushub/file",
	} {
		f.Add(script)
	}
	f.Fuzz(func(t *testing.T, script string) {
		archive, err := encode(scripted(script))
		if err != nil {
			return // no tar has it
		}
		h := host{t, t.TempDir()}
		s, err := h.stage(h.keep(archive))
		if err == nil {
			h.must(errors.Join(s.Swap(), s.Close()))
		}
		h.clean()
		h.must(filepath.WalkDir(h.base, func(name string, d fs.DirEntry, err error) error {
			rel, _ := filepath.Rel(h.base, name)
			if err == nil && !d.IsDir() && !strings.HasPrefix(rel, "etc/nexushub/") &&
				!strings.HasPrefix(rel, "var/lib/nexushub") &&
				!strings.HasPrefix(rel, apps+"/") {
				t.Errorf("%s was written", rel)
			}
			return err
		}))
	})
}

// FuzzCheck reads anything that gzip unpacks.
func FuzzCheck(f *testing.F) {
	head := reg(apps + "/a/s")
	head.Size = 1 << 20
	f.Add(append(sparseHeader(head, []segment{{512, 4}}), make([]byte, 2048)...))
	f.Fuzz(func(t *testing.T, plain []byte) {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		if _, err := z.Write(plain); err != nil || z.Close() != nil {
			t.Fatal(err)
		}
		a := &Archive{}
		var err error
		if a.file, err = os.Open(host{t, ""}.keep(out.Bytes())); err != nil {
			t.Fatal(err)
		}
		_ = a.Check(t.Context())
		a.Close()
	})
}
