package archive

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// meanwhile runs attack over and over until do has returned.
func meanwhile(attack func(n int), do func()) {
	done, stopped := make(chan struct{}), sync.WaitGroup{}
	stopped.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			default:
				attack(n)
			}
		}
	})
	do()
	close(done)
	stopped.Wait()
}

// An application swaps folders, files and links while root reads.
func TestNobodyElsesFileGetsIntoABackup(t *testing.T) {
	h := newHost(t)
	h.write("etc/secret/shadow", "root's own")
	h.write(apps+"/"+app+"/d/shadow", "mine")
	h.write(apps+"/"+app+"/shadow", "mine")
	h.must(os.Symlink(h.path("etc/secret"), h.state("l")))
	h.must(os.Symlink(h.path("etc/secret/shadow"), h.state("s")))
	swap := func(a, b string) {
		_ = unix.Renameat2(unix.AT_FDCWD, h.state(a), unix.AT_FDCWD, h.state(b), unix.RENAME_EXCHANGE)
	}
	meanwhile(func(int) { swap("d", "l"); swap("shadow", "s") }, func() {
		for range 60 {
			file, _ := h.backup()
			entries := read(t, file)
			for name, content := range entries {
				if strings.Contains(content, "root's own") {
					t.Fatalf("%s has root's content", name)
				}
			}
			if entries["etc/nexushub/nexushub.toml"] != "domain" || entries[apps+"/other/data"] != "others'" {
				t.Fatal("others' files are not complete")
			}
		}
	})
}

// An application cuts and grows its files while root reads: the archive is whole, and
// comes back.
func TestChangingFilesDoNotSpoilABackup(t *testing.T) {
	h := newHost(t)
	for n := range 4 {
		h.write(fmt.Sprintf("%s/%s/file%d", apps, app, n), strings.Repeat("x", 300_000))
	}
	var file string
	meanwhile(func(n int) {
		name := h.state(fmt.Sprintf("file%d", n%4))
		_ = os.Truncate(name, int64(n%7)*50_000)
		_ = os.WriteFile(name, bytes.Repeat([]byte("x"), 300_000+n%3), 0o644)
	}, func() {
		for range 40 {
			file, _ = h.backup()
			if got := read(t, file)[apps+"/other/data"]; got != "others'" {
				t.Fatalf("other's data = %q", got)
			}
		}
	})
	h.restore(file)
	h.has(apps+"/other/data", "others'")
}

// An application moves folders about under the walk.
func TestMovedFoldersDoNotMultiply(t *testing.T) {
	h := newHost(t)
	for n := range 50 {
		h.must(os.Mkdir(h.state(fmt.Sprintf("to%02d", n)), 0o755))
	}
	h.write(apps+"/"+app+"/big/file", strings.Repeat("x", large))
	at := h.state("big")
	meanwhile(func(n int) {
		to := h.state(fmt.Sprintf("to%02d/big", n%50))
		if os.Rename(at, to) == nil {
			at = to
		}
	}, func() {
		for range 20 {
			file, _ := h.backup()
			size := 0
			for _, content := range read(t, file) {
				size += len(content)
			}
			if size > 2*large {
				t.Fatalf("a file of %d bytes takes %d", large, size)
			}
		}
	})
}

// Each of these is one application's trouble and a line about it.
func TestTroubleIsItsOwnersAlone(t *testing.T) {
	h := newHost(t)
	deep := h.state("deep")
	h.must(os.Mkdir(deep, 0o755))
	d, err := unix.Open(deep, unix.O_DIRECTORY, 0)
	h.must(err)
	for range 60 { // longer than PATH_MAX
		name := strings.Repeat("n", 100)
		h.must(unix.Mkdirat(d, name, 0o755))
		next, err := unix.Openat(d, name, unix.O_DIRECTORY, 0)
		h.must(err)
		h.must(unix.Close(d))
		d = next
	}
	h.must(unix.Close(d))
	held, err := os.Create(h.state("leased"))
	h.must(err)
	h.must(held.Close())
	held, err = os.Open(h.state("leased"))
	h.must(err)
	defer held.Close()
	_, err = unix.FcntlInt(held.Fd(), unix.F_SETLEASE, unix.F_WRLCK)
	h.must(err)
	h.must(unix.Mkfifo(h.state("fifo"), 0o666))

	file, notes := h.backup()
	said := lost(notes)
	if len(said) != 2 || !strings.Contains(said[0], "nested too deeply") ||
		!strings.Contains(said[1], "leased: is leased") {
		t.Errorf("said %q", said)
	}
	for _, line := range said {
		if !strings.HasPrefix(line, app+": ") {
			t.Errorf("%q does not say whose", line)
		}
	}
	h.restore(file)
	h.has(apps+"/"+app+"/data", "precious")
}

// Whoever may write to the proxy's folder cannot spoil a backup either, but a fault in
// what is root's is one.
func TestTroubleOfOursIsAnError(t *testing.T) {
	h := newHost(t)
	h.must(os.RemoveAll(h.path("etc/nexushub")))
	h.must(os.Symlink(filepath.Join(h.base, "var"), h.path("etc/nexushub")))
	if err := Write(t.Context(), &bytes.Buffer{}, h.base, false, nil); err == nil {
		t.Error("an archive without a configuration")
	}
	h = newHost(t)
	h.must(os.RemoveAll(h.path("var/lib/nexushub-proxy")))
	h.must(os.Symlink(filepath.Join(h.base, "etc"), h.path("var/lib/nexushub-proxy")))
	_, notes := h.backup()
	if said := lost(notes); len(said) != 1 || !strings.HasPrefix(said[0], "/var/lib/nexushub-proxy: ") {
		t.Errorf("said %q", said)
	}
}
