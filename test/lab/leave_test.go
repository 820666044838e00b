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

// A machine is removed whichever process is killed: its owner, or its owner and its keeper.
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
		Within(t, 20*time.Second, "nothing of the machine is left", func() error { return traces(t, id) })
	})
	t.Run("keeper killed", func(t *testing.T) {
		owner, id := bootWith(t, tool)
		killKeeper(t, id)
		_ = owner.Process.Kill()
		_ = owner.Wait()
		// a killed keeper holds its lock for a moment
		Within(t, 20*time.Second, "nothing of the machine is left", func() error {
			if err := Sweep(); err != nil {
				t.Fatal(err)
			}
			return traces(t, id)
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

// traces says what there still is of a machine.
func traces(t *testing.T, id string) error {
	t.Helper()
	groups, globErr := filepath.Glob("/sys/fs/cgroup/*/nexushub-lab-" + id)
	mounts, readErr := os.ReadFile("/proc/self/mounts")
	if globErr != nil || readErr != nil {
		t.Fatal(globErr, readErr)
	}
	var left []string
	if _, err := os.Stat(filepath.Join(runDir, id)); err == nil {
		left = append(left, "its folder")
	}
	if len(groups) > 0 {
		left = append(left, "control groups")
	}
	if strings.Contains(string(mounts), id) {
		left = append(left, "mounts")
	}
	if exec.Command("pgrep", "-f", "machine=lab-"+id).Run() == nil {
		left = append(left, "systemd-nspawn")
	}
	if len(left) > 0 {
		return fmt.Errorf("there are %s", strings.Join(left, ", "))
	}
	return nil
}
