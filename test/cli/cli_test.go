// Package cli runs every command of the client against a real agent on a machine:
// input, output and exit code of each are a script in testdata.
package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/nexushub/nexushub/cmd/nexushub/pack"
	"github.com/nexushub/nexushub/test/lab"
)

// into enters the machine. The scripts see it as the commands nexushub and machine.
const into = "#!/bin/sh\nexec nsenter -t %d -m -u -i -n -p -C -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 %s \"$@\"\n"

// code is `code N COMMAND...`: it succeeds if the command ends with N.
const code = "#!/bin/sh\nwant=$1; shift; got=0; \"$@\" || got=$?\n[ $got -eq $want ] || { echo \"exit code $got, not $want\" >&2; exit 1; }\n"

// copyIn is `copy-in FOLDER NAME`: FOLDER of the script becomes /srv/NAME of the machine.
const copyIn = "#!/bin/sh\nrm -rf /proc/%[1]d/root/srv/$2; cp -r \"$1\" /proc/%[1]d/root/srv/$2; chmod -R u=rwX,go=rX /proc/%[1]d/root/srv/$2\n[ ! -e /proc/%[1]d/root/srv/$2/bin ] || chmod 755 /proc/%[1]d/root/srv/$2/bin/*\n"

func TestCommands(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := lab.NewHost(t, s)
		h.Sh(t, "echo 127.0.0.1 admin.yesterday.localhost >>/etc/hosts; useradd olga; usermod -a -G nexushub olga; useradd sam")
		h.CopyExample(t, "hello")
		zip(t, h, filepath.Join(lab.Dist(), "examples", "hello"))
		bin := commands(t, h)
		t.Run("together", func(t *testing.T) { scripts(t, "testdata", bin) })
		t.Run("configured", func(t *testing.T) { scripts(t, filepath.Join("testdata", "configured"), bin) })
		t.Run("alone", func(t *testing.T) { scripts(t, filepath.Join("testdata", "alone"), bin) })
	})
}

// zip puts the package of a folder into the machine.
func zip(t *testing.T, h *lab.Host, folder string) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "hello.zip"))
	if err == nil {
		_, err = pack.Zip(t.Context(), folder, f)
	}
	if err == nil {
		err = errors.Join(f.Close(), h.CopyIn(t.Context(), f.Name(), "/srv/hello.zip"))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// scriptLimit bounds the scripts of a folder, which wait for conditions in loops.
const scriptLimit = 5 * time.Minute

// scripts runs those of a folder, side by side.
func scripts(t *testing.T, dir, bin string) {
	testscript.Run(t, testscript.Params{
		Dir: dir, RequireExplicitExec: true, Deadline: time.Now().Add(scriptLimit),
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			return nil
		},
	})
}

// commands makes the folder of commands that reach into the machine.
func commands(t *testing.T, h *lab.Host) string {
	t.Helper()
	dir := t.TempDir()
	for name, script := range map[string]string{
		"nexushub": fmt.Sprintf(into, h.PID(), "nexushub"),
		"machine":  fmt.Sprintf(into, h.PID(), ""),
		"code":     code,
		"copy-in":  fmt.Sprintf(copyIn, h.PID()),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
