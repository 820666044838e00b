package detect

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nexushub/nexushub/internal/manifest"
)

// Who made a package may have chosen its names, its links and its files so that somebody else is
// misled by them.
func TestHostileFolders(t *testing.T) {
	elf := &fstest.MapFile{Data: []byte("\x7fELF"), Mode: 0o755}
	page := &fstest.MapFile{Data: []byte("<html>")}
	link := func(to string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink | 0o777}
	}
	for name, fsys := range map[string]fstest.MapFS{
		"a variable as a name":          {"$HOME": elf},
		"a command as a name":           {"a;reboot": elf},
		"an escape as a name":           {"a\x1b[2J": elf},
		"a line as a name":              {"a\nb": elf},
		"letters that read right left":  {"a\u202eb": elf},
		"a folder behind a link":        {"secret/index.html": page, "dist": link("secret")},
		"a page behind a link":          {"secret.html": page, "dist/index.html": link("../secret.html")},
		"a pipe as a page":              {"dist/index.html": {Mode: fs.ModeNamedPipe}},
		"a device as a Procfile":        {"Procfile": {Data: []byte("web: x"), Mode: fs.ModeDevice}},
		"a program that is none":        {"a": {Data: []byte("\x7fEL"), Mode: 0o755}},
		"a page in a folder with parts": {"a/../index.html": page},
	} {
		if r := Of(fsys, manifest.Manifest{}); r.IsReady() {
			t.Errorf("%s is %s", name, r.Line())
		}
	}
	for name, command := range map[string]string{
		"an escape in a command": "web: x\x1b[2J", "a carriage return": "web: x\ry", "a command that reads right left": "web: x\u202ey",
	} {
		r := Of(fstest.MapFS{procfile: {Data: []byte(command)}}, manifest.Manifest{})
		if r.IsReady() || strings.ContainsAny(r.Line(), "\x1b\r\u202e") {
			t.Errorf("%s: %q", name, r.Line())
		}
	}
}
