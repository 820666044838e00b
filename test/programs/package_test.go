package programs_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/test/need"
)

// folder is the package of a program, with what has to be built for it.
func folder(t *testing.T, name string) string {
	t.Helper()
	switch {
	case exists(t, name, "package.json"):
		return npm(t, name)
	case exists(t, name, "main.go"):
		return backend(t, name)
	}
	return name
}

func exists(t *testing.T, path ...string) bool {
	t.Helper()
	_, err := os.Stat(filepath.Join(path...))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

// npm installs what package-lock.json pins and runs the build that package.json names.
func npm(t *testing.T, dir string) string {
	t.Helper()
	return built(t, dir, "npm ci --no-audit --no-fund", "npm run build --if-present")
}

// built is a copy of a folder in which commands were run that ask a registry, once for each content of the folder.
func built(t *testing.T, dir string, commands ...string) string {
	t.Helper()
	if len(commands) == 0 {
		return dir
	}
	script := strings.Join(commands, "\n")
	if strings.Contains(script, "npm") {
		if err := need.Commands(t.Context(), "npm=npm"); err != nil {
			t.Fatal(err)
		}
	}
	sum := sha256.Sum256([]byte(contentOf(t, dir) + script))
	name := fmt.Sprintf("built-%s-%x", filepath.Base(dir), sum[:6])
	copied, err := lab.Cached(name, os.Stderr, func(to string) error {
		cmd := exec.CommandContext(t.Context(), "sh", "-ec", `cp -r "$1" "$2"; cd "$2"; eval "$3"`, "build", dir, to, script)
		cmd.Env = append(os.Environ(), "NEXT_TELEMETRY_DISABLED=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return copied
}

// contentOf is a hash of a folder of this repository.
func contentOf(t *testing.T, dir string) string {
	t.Helper()
	sum := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(sum, "%s %d %s", path, len(text), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func backend(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "cp", "-r", name+"/.", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	program, err := need.Program(t.Context(), t.TempDir(), "./test/programs/"+name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Mkdir(dir+"/bin", 0o755), os.Rename(program, dir+"/bin/app")); err != nil {
		t.Fatal(err)
	}
	return dir
}
