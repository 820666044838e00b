package programs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// deployAll deploys every folder, some at once, keeps what deploy and then status say, and removes it: what keeps
// failing would slow down the others.
const deployAll = `cd /srv/failures; ls | xargs -P 6 -I NAME sh -c '
	cd NAME; [ ! -e bin/app ] || chmod 755 bin/app
	nexushub deploy --name NAME . >../NAME.said 2>&1
	nexushub status --json NAME >../NAME.json
	nexushub remove --yes --quiet NAME'`

// Every program that fails as people's do gets the hint that was written for it, in status and from
// deploy; one that is well gets none.
func TestFailuresHaveHints(t *testing.T) {
	folders, want := failures(t)
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := lab.NewHost(t, s, debian...)
		h.MustCopyIn(t, folders, "/srv/failures")
		h.Sh(t, deployAll)
		for name, row := range want {
			said, shown := h.Must(t, "cat", "/srv/failures/"+name+".said"), h.Must(t, "cat", "/srv/failures/"+name+".json")
			var app api.App
			if err := json.Unmarshal([]byte(shown), &app); err != nil {
				t.Errorf("%s: %v: %s\n%s", name, err, shown, said)
				continue
			}
			first := append(app.Hints, api.Hint{})[0]
			if first.Name != row || strings.Contains(said, "\nhint: ") != (row != "") || !strings.Contains(said, first.Write) {
				t.Errorf("%s: status gives the hint %q, want %q, as does deploy:\n%s\n%s", name, first.Name, row, said, app.LastExit)
			}
		}
		// Who has not said that its start takes long is not waited for when it listens elsewhere.
		if said := h.Must(t, "cat", "/srv/failures/port-3001.said"); !strings.Contains(said, ":3001, but not on 127.0.0.1:") {
			t.Errorf("port-3001: deploy said\n%s", said)
		}
	})
}

// failures unpacks the packages, and says which hint each is to get.
func failures(t *testing.T) (dir string, want map[string]string) {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/failures.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir, want = t.TempDir(), map[string]string{}
	for _, f := range archive.Files {
		name, rest, _ := strings.Cut(f.Name, "/")
		if rest == "hint" {
			want[name] = strings.TrimSpace(string(f.Data))
			continue
		}
		if rest == "patch" || rest == "machine" {
			f.Name, f.Data = name+"/program", program(t, strings.Fields(string(f.Data)))
		}
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		mode := os.FileMode(0o644)
		if filepath.Base(path) == "program" {
			mode = 0o755
		}
		if err := os.WriteFile(path, f.Data, mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir, want
}

// program is one that this host has, with a word in it replaced by another of the same length; without
// words it is for another processor.
func program(t *testing.T, words []string) []byte {
	t.Helper()
	path, err := exec.LookPath("true")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(words) == 2 {
		if !bytes.Contains(data, []byte(words[0])) {
			t.Fatal(fmt.Errorf("%s has no %s", path, words[0]))
		}
		return bytes.ReplaceAll(data, []byte(words[0]), []byte(words[1]))
	}
	const machine = 18 // e_machine of an ELF file
	data[machine] ^= 0xff
	return data
}
