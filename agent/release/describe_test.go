package release

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/disk"
)

// What stands in place of a folder's manifest is a fault of the package, and nothing
// that is waited for.
func TestDescribeNamesWhatIsNoManifest(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path string) error
		want string
	}{
		"pipe":     {func(p string) error { return unix.Mkfifo(p, 0o600) }, "not a regular file"},
		"folder":   {func(p string) error { return os.Mkdir(p, 0o700) }, "is a directory"},
		"link out": {func(p string) error { return os.Symlink("/etc/passwd", p) }, "link is in the way"},
		"huge": {func(p string) error { return os.WriteFile(p, make([]byte, maxManifest+1), 0o600) },
			"more than 1048576 bytes"},
		"wrong": {func(p string) error { return os.WriteFile(p, []byte("x = 1"), 0o600) },
			"package invalid: nexushub.toml:1: x = 1: unknown key"}, // the folder is named by whoever asks
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := c.make(filepath.Join(dir, ManifestName)); err != nil {
				t.Fatal(err)
			}
			folder, err := beneath.Real(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer folder.Close()
			_, err = describe(dir, folder, nil)
			var invalid *InvalidError
			if !errors.As(err, &invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an InvalidError with %q", err, c.want)
			}
		})
	}
}

func TestZeroLimitsAreTheDefaults(t *testing.T) {
	want := DefaultLimits()
	want.Free = disk.Room{}
	if got := (Limits{}).filled(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	mine := Limits{1, 2, 3, 4, 5, 6, time.Second, disk.Room{Bytes: 7, Inodes: 8}}
	if got := mine.filled(); got != mine {
		t.Errorf("got %+v, want %+v", got, mine)
	}
}
