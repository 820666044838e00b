package setup

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/nexushub/nexushub/internal/shell"
)

// CheckPort says who listens on a port, if anybody does.
func CheckPort(port int) error {
	l, err := net.Listen("tcp", net.JoinHostPort("", strconv.Itoa(port)))
	if err == nil {
		return l.Close()
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	return fmt.Errorf("port %d is taken by %s", port, listenerOf(os.DirFS("/proc"), port))
}

// listenerOf looks for the process that has the port, as ss(8) does.
func listenerOf(proc fs.FS, port int) string {
	sockets := map[string]bool{}
	for _, table := range []string{"net/tcp", "net/tcp6"} {
		content, _ := fs.ReadFile(proc, table)
		for _, inode := range listening(content, port) {
			sockets["socket:["+inode+"]"] = true
		}
	}
	descriptors, _ := fs.Glob(proc, "[0-9]*/fd/*")
	for _, fd := range descriptors {
		if to, err := fs.ReadLink(proc, fd); err == nil && sockets[to] {
			return describe(proc, strings.SplitN(fd, "/", 2)[0])
		}
	}
	return "a program that cannot be found from here (of another container?)"
}

// listening are the inodes of the sockets that listen on a port (proc(5)).
func listening(table []byte, port int) (inodes []string) {
	const listen = "0A"
	suffix := fmt.Sprintf(":%04X", port)
	lines := bufio.NewScanner(bytes.NewReader(table))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) > 9 && f[3] == listen && strings.HasSuffix(f[1], suffix) {
			inodes = append(inodes, f[9])
		}
	}
	return inodes
}

func describe(proc fs.FS, pid string) string {
	if pid == "1" {
		return "a socket of systemd: systemctl list-sockets"
	}
	name, _ := fs.ReadFile(proc, pid+"/comm")
	groups, _ := fs.ReadFile(proc, pid+"/cgroup")
	text := fmt.Sprintf("%s (pid %s)", strings.TrimSpace(string(name)), pid)
	if unit := unitOf(string(groups)); unit != "" {
		text += ": " + shell.Command("systemctl disable --now", unit)
	}
	return text
}

// unitOf finds the service in what /proc/PID/cgroup says.
func unitOf(groups string) string {
	for line := range strings.Lines(groups) {
		if unit := filepath.Base(strings.TrimSpace(line)); strings.HasSuffix(unit, ".service") {
			return unit
		}
	}
	return ""
}
