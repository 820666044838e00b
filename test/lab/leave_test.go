package lab

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A machine must vanish whoever is killed: its owner, or its owner and its keeper.
func TestNothingIsLeft(t *testing.T) {
	tool := filepath.Join(t.TempDir(), "lab")
	if out, err := exec.Command("go", "build", "-o", tool, "./cmd/lab").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Run("owner killed", func(t *testing.T) {
		owner, id := bootWith(t, tool)
		if err := owner.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = owner.Wait()
		eventually(t, func() bool { return !traces(t, id) })
	})
	t.Run("keeper killed", func(t *testing.T) {
		owner, id := bootWith(t, tool)
		killKeeper(t, id)
		_ = owner.Process.Kill()
		_ = owner.Wait()
		eventually(t, func() bool { // a killed keeper holds its lock for a moment
			if err := Sweep(); err != nil {
				t.Fatal(err)
			}
			return !traces(t, id)
		})
	})
}

func bootWith(t *testing.T, tool string) (owner *exec.Cmd, id string) {
	owner = exec.Command(tool, "run", "--", "sleep", "600")
	stderr, err := owner.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if _, err := fmt.Sscanf(lines.Text(), "lab: machine %s", &id); err == nil {
			return owner, id
		}
	}
	t.Fatal("the tool says no machine")
	return nil, ""
}

func killKeeper(t *testing.T, id string) {
	if out, err := exec.Command("pkill", "-KILL", "-f", "keeper "+id+" ").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func traces(t *testing.T, id string) bool {
	_, err := os.Stat(filepath.Join(runDir, id))
	groups, globErr := filepath.Glob("/sys/fs/cgroup/*/nexushub-lab-" + id)
	mounts, readErr := os.ReadFile("/proc/self/mounts")
	if globErr != nil || readErr != nil {
		t.Fatal(globErr, readErr)
	}
	nspawn := exec.Command("pgrep", "-f", "machine=lab-"+id).Run() == nil
	return err == nil || len(groups) > 0 || strings.Contains(string(mounts), id) || nspawn
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Error("not in 20 s")
}
