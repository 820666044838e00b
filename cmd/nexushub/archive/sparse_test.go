package archive

import (
	"archive/tar"
	"bytes"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func (h host) sparse(name string, size int64, at ...int64) {
	h.Helper()
	f, err := os.Create(h.state(name))
	h.must(err)
	h.must(f.Truncate(size))
	for _, offset := range at {
		_, err := f.WriteAt([]byte("content"), offset)
		h.must(err)
	}
	h.must(f.Close())
}

// A file of a terabyte takes no space, and comes back as it was.
func TestHolesCostNothing(t *testing.T) {
	h := newHost(t)
	const size = 1 << 40
	h.sparse("huge", size, 0, size/2, size-7)
	h.sparse("hole", size)
	h.sparse("tail", 1<<30, 4096)
	file, notes := h.backup()
	if info, err := os.Stat(file); err != nil || info.Size() > large || len(notes) > 0 {
		t.Fatalf("%v, %v, %v", info, err, notes)
	}
	other := host{t, t.TempDir()}
	other.restore(file)
	other.has(apps+"/"+app+"/data", "precious") // what follows is still in step
	for name, want := range map[string]int64{"huge": size, "hole": size, "tail": 1 << 30} {
		info, err := os.Stat(other.state(name))
		if err != nil || info.Size() != want || info.Sys().(*syscall.Stat_t).Blocks > 1024 {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
	}
	f, err := os.Open(other.state("huge"))
	h.must(err)
	defer f.Close()
	for _, offset := range []int64{0, size / 2, size - 7} {
		got := make([]byte, 7)
		if _, err := f.ReadAt(got, offset); err != nil || string(got) != "content" {
			t.Errorf("at %d: %q, %v", offset, got, err)
		}
	}
}

// Others read it as well: tar(1) has the same format.
func TestHolesAreReadByOthers(t *testing.T) {
	h := newHost(t)
	h.sparse("some", 1<<20, 8192, 512<<10)
	h.sparse("hole", 1<<20)
	want, err := os.ReadFile(h.state("some"))
	h.must(err)
	file, _ := h.backup()
	entries := read(t, file)
	if entries[apps+"/"+app+"/some"] != string(want) || entries[apps+"/"+app+"/hole"] != strings.Repeat("\x00", 1<<20) {
		t.Error("other content")
	}
}

func TestAFileInManyPiecesIsTakenWithItsSmallHoles(t *testing.T) {
	h := newHost(t)
	h.sparse("scattered", 1<<26, 0, 1<<20, 1<<21, 1<<25)
	f, err := os.Open(h.state("scattered"))
	h.must(err)
	defer f.Close()
	for _, c := range []struct {
		gap   int64
		most  int
		count int
		whole bool
	}{{0, 10, 4, true}, {0, 3, 0, false}, {1 << 20, 3, 2, true}, {1 << 26, 1, 1, true}} {
		pieces, whole, err := scan(t.Context(), f, 1<<26, c.gap, c.most)
		if len(pieces) != c.count || whole != c.whole || err != nil {
			t.Errorf("%+v: %v, %v, %v", c, pieces, whole, err)
		}
	}
}

func TestContentIsFilledUpToWhatWasSaid(t *testing.T) {
	h := newHost(t)
	var out bytes.Buffer
	w := &writer{ctx: t.Context(), copy: make([]byte, 1024)}
	k := &walker{writer: w}
	f, err := os.Open(h.state("data"))
	h.must(err)
	defer f.Close()
	missing, err := k.content(&out, f, []segment{{0, 4}, {6, 5000}})
	if err != nil || missing != 4998 || out.Len() != 5004 || !strings.HasPrefix(out.String(), "precus\x00\x00") {
		t.Errorf("missing %d of %d, %v: %.10q", missing, out.Len(), err, out.String())
	}
}

// A changed file is marked in the archive, and whoever restores it is told.
func TestChangedFilesAreMarked(t *testing.T) {
	h := newHost(t)
	var out bytes.Buffer
	name := apps + "/" + app + "/data"
	var notes []Note
	k := &walker{
		writer: &writer{tar: tar.NewWriter(&out), note: func(n Note) { notes = append(notes, n) }},
		tree:   appTree(app),
	}
	f, err := os.Open(h.path(name))
	h.must(err)
	defer f.Close()
	h.must(k.markChanged(f, name, 8, 0)) // as it was
	h.must(k.markChanged(f, name, 5, 0)) // grew
	h.must(k.markChanged(f, name, 8, 3)) // was cut
	if len(notes) != 2 || notes[0].Lost || !notes[1].Lost {
		t.Fatalf("said %v", notes)
	}
	head, err := tar.NewReader(&out).Next()
	if err != nil || head.PAXRecords[recordChanged] != name {
		t.Errorf("%+v, %v", head, err)
	}
}

func FuzzSparseHeader(f *testing.F) {
	f.Add("name", int64(100), int64(3), int64(4), uint32(0o644))
	f.Add("\xff\nGNU.sparse.map=1", int64(1)<<60, int64(0), int64(0), uint32(0))
	f.Add(strings.Repeat("long/", 900), int64(10), int64(9), int64(1), uint32(0o777))
	f.Fuzz(func(t *testing.T, name string, size, offset, length int64, mode uint32) {
		if size < 1 || offset < 0 || length < 1 || length > 1<<16 || offset > size-length || strings.ContainsRune(name, 0) ||
			name == "" {
			return
		}
		head := &tar.Header{Name: name, Size: size, Mode: int64(mode & 0o777), ModTime: time.Unix(size, 0)}
		archive := append(sparseHeader(head, []segment{{offset, length}}), make([]byte, length+padding(length)+1024)...)
		got, err := tar.NewReader(bytes.NewReader(archive)).Next()
		if err != nil || got.Name != name || got.Size != size || got.Mode != head.Mode || !got.ModTime.Equal(head.ModTime) {
			t.Fatalf("%+v, %v", got, err)
		}
		pieces, err := parseMap(got.PAXRecords[sparsePrefix+"map"])
		if err != nil || len(pieces) != 1 || pieces[0] != (segment{offset, length}) {
			t.Errorf("%v, %v", pieces, err)
		}
	})
}
