package lab

import (
	"bufio"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

//go:embed keeper.sh
var keeper string

const runDir = "/run/nexushub-lab" // one folder per machine, locked by its keeper

// Options of a machine. The zero value is a Debian 12 machine on a 4 GiB RAM disk.
type Options struct {
	Suite    Suite
	Hostname string    // default "lab"
	Tree     string    // root tree to boot instead of the suite's own
	Layer    string    // put on top of the tree, see Installed
	Disk     string    // size of its RAM disk, "4G"; "host": on the host's disk under /run/nexushub-lab
	Progress io.Writer // default: os.Stderr; only what takes long is reported
}

// Start boots a machine and returns when systemd says that it runs. The caller ends it
// with Shutdown. Tests use Boot.
func Start(ctx context.Context, o Options) (*Machine, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("lab: machines need root: run the tests with sudo")
	}
	o = o.withDefaults()
	tree, err := o.tree()
	if err != nil {
		return nil, err
	}
	id, lock, err := claim()
	if err != nil {
		return nil, err
	}
	m, err := launch(id, lock, tree, o)
	if err != nil {
		return nil, err
	}
	if err := m.awaitBoot(ctx); err != nil {
		return nil, errors.Join(err, m.Shutdown())
	}
	return m, nil
}

func (o Options) tree() (string, error) {
	if o.Tree != "" {
		return o.Tree, nil
	}
	return Tree(o.Suite, o.Progress)
}

func (o Options) withDefaults() Options {
	if o.Suite == "" {
		o.Suite = Bookworm
	}
	if o.Hostname == "" {
		o.Hostname = "lab"
	}
	if o.Disk == "" {
		o.Disk = "4G"
	}
	if o.Progress == nil {
		o.Progress = os.Stderr
	}
	return o
}

// claim makes the folder of a new machine and returns its id and its lock.
func claim() (string, *os.File, error) {
	if err := os.MkdirAll(runDir, 0o755); err != nil {
		return "", nil, fmt.Errorf("lab: %w", err)
	}
	all, err := lockFile(runDir+".lock", unix.LOCK_EX)
	if err != nil {
		return "", nil, err
	}
	defer all.Close()
	if err := sweep(); err != nil {
		return "", nil, err
	}
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails, crypto/rand
	id := hex.EncodeToString(b[:])
	if err := os.Mkdir(filepath.Join(runDir, id), 0o755); err != nil {
		return "", nil, fmt.Errorf("lab: %w", err)
	}
	lock, err := lockFile(filepath.Join(runDir, id, "lock"), unix.LOCK_EX)
	return id, lock, err
}

func launch(id string, lock *os.File, tree string, o Options) (*Machine, error) {
	defer lock.Close() // the keeper's copy holds the lock
	dir := filepath.Join(runDir, id)
	cmd := exec.Command("unshare", "--mount", "--net", "--", "sh", "-c", keeper, "keeper", id, dir, tree,
		o.Layer, o.Hostname, o.Disk)
	cmd.ExtraFiles = []*os.File{lock}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // Ctrl-C is for the owner
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	boots := make(chan int, 8)
	m := &Machine{ID: id, Suite: o.Suite, dir: dir, boots: boots, stop: stdin, done: make(chan struct{})}
	go m.watch(cmd, stdout, boots)
	return m, nil
}

// watch hands on the keeper's "up PID" lines until it ends. How it ends does not
// matter: a machine that is gone shows in every later call.
func (m *Machine) watch(cmd *exec.Cmd, stdout io.Reader, boots chan<- int) {
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if pid, err := strconv.Atoi(strings.TrimPrefix(lines.Text(), "up ")); err == nil {
			boots <- pid
		}
	}
	_ = cmd.Wait()
	close(boots)
	close(m.done)
}

// innerInit finds the machine's PID 1 among the children of nspawn, 0 if not there yet.
func innerInit(nspawn int) int {
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", nspawn, nspawn))
	if err != nil {
		return 0
	}
	for _, c := range strings.Fields(string(children)) {
		status, err := os.ReadFile("/proc/" + c + "/status")
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(status)) {
			f := strings.Fields(line)
			if f[0] == "NSpid:" && len(f) > 2 && f[len(f)-1] == "1" {
				pid, _ := strconv.Atoi(c)
				return pid
			}
		}
	}
	return 0
}
