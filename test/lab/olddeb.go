package lab

import (
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// oldPackages are lines of a name and a commit, with comments.
//
//go:embed old-packages
var oldPackages string

// OldDeb is the package of an earlier version that is named in old-packages, for tests of the
// upgrade from it. It is built once, from the history, and kept in the cache.
func OldDeb(name string, progress io.Writer) (string, error) {
	_, after, found := strings.Cut("\n"+oldPackages, "\n"+name+" ")
	commit, _, _ := strings.Cut(after, "\n")
	if !found {
		return "", fmt.Errorf("old-packages has no %s", name)
	}
	_, here, _, _ := runtime.Caller(0)
	repository := filepath.Join(filepath.Dir(here), "../..")
	return Cached("nexushub-"+commit+"_"+runtime.GOARCH+".deb", progress, func(path string) error {
		if err := exec.Command("git", "-C", repository, "cat-file", "-e", commit+"^{commit}").Run(); err != nil {
			return fmt.Errorf("commit %s is not in this clone, whose history is cut off: run git fetch --unshallow", commit)
		}
		dir, err := os.MkdirTemp("", "nexushub-old-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		script := `git -C "$1" archive "$2" | tar x -C "$3"; cd "$3"; make deb DIST="$3/dist" VERSION="0.1.0~old.$2" SOURCE_DATE_EPOCH=0; mv dist/nexushub_*.deb "$4"`
		cmd := exec.Command("bash", "-ec", "set -o pipefail; "+script, "old", repository, commit, dir, path)
		cmd.Env = append(os.Environ(), "NEXUSHUB_DIST=", "MAKEFLAGS=", "GOFLAGS=-buildvcs=false")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return nil
	})
}
