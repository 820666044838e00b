package release

import (
	"archive/zip"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/nexushub/nexushub/internal/hostile"
)

// withoutModes is how an entry looks that a system without modes has packed.
func withoutModes(h *zip.FileHeader) { h.CreatorVersion, h.ExternalAttrs = 20, 0x20 }

// TestArchivesAsToolsMakeThem: what common tools write is a package, and what it starts can
// be executed.
func TestArchivesAsToolsMakeThem(t *testing.T) {
	script := "#!/bin/sh\nexec ./server\n"
	for name, c := range map[string]struct {
		entries []hostile.Entry
		modes   map[string]fs.FileMode
	}{
		"bsdtar of the current folder": {
			[]hostile.Entry{{Name: "./", Mode: fs.ModeDir | 0o755}, {Name: "./bin/", Mode: fs.ModeDir | 0o755},
				{Name: "./bin/app", Mode: 0o755},
				{Name: "./lib", Body: "bin", Mode: fs.ModeSymlink | 0o777}, {Name: "./" + ManifestName, Body: "proxy_all = true\n"}},
			map[string]fs.FileMode{"bin/app": 0o755, ManifestName: 0o644, "lib/app": 0o755},
		},
		"a folder listed twice": {
			[]hostile.Entry{{Name: "bin/", Mode: fs.ModeDir | 0o755}, hostile.App, {Name: "bin/", Mode: fs.ModeDir | 0o755}},
			map[string]fs.FileMode{"bin/app": 0o755},
		},
		"without modes": {
			[]hostile.Entry{{Name: "bin/app", Body: script, Header: withoutModes},
				{Name: "server", Body: "\x7fELF\x02\x01", Header: withoutModes},
				{Name: "run.py", Body: "#!/usr/bin/env python3\n", Header: withoutModes}, {Name: "data", Body: "x", Header: withoutModes},
				{Name: "empty", Header: withoutModes}},
			map[string]fs.FileMode{"bin/app": 0o755, "server": 0o755, "run.py": 0o755, "data": 0o644, "empty": 0o644},
		},
		"what exec names": {
			[]hostile.Entry{{Name: ManifestName, Body: `exec = ["./tools/start"]`, Header: withoutModes},
				{Name: "tools/start", Body: "whatever", Header: withoutModes}},
			map[string]fs.FileMode{"tools/start": 0o755},
		},
		"exec through a link": {
			[]hostile.Entry{{Name: ManifestName, Body: `exec = ["start"]`}, hostile.Link("start", "run.sh"),
				{Name: "run.sh", Body: script, Mode: 0o644}},
			map[string]fs.FileMode{"start": 0o755, "run.sh": 0o755},
		},
		"modes that say no": { // somebody has packed a script that is not to be executed
			[]hostile.Entry{hostile.App, {Name: "lib.sh", Body: "#!/bin/sh\n", Mode: 0o644}},
			map[string]fs.FileMode{"bin/app": 0o755, "lib.sh": 0o644},
		},
		"a manifest with a byte order mark": {
			[]hostile.Entry{hostile.App, {Name: ManifestName, Body: "\ufeffproxy_all = true\r\n"}},
			map[string]fs.FileMode{"bin/app": 0o755},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := openStore(t, testLimits()).Import(t.Context(), writeZip(t, hostile.Zip(t, c.entries...)))
			if err != nil {
				t.Fatal(err)
			}
			for file, want := range c.modes {
				if info, err := os.Stat(filepath.Join(r.Dir, file)); err != nil || info.Mode() != want {
					t.Errorf("%s: %v, %v, want %v", file, info, err, want)
				}
			}
		})
	}
}
