package units

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// measure reads what the unit uses straight from its cgroup, for PID 1 sends no signal
// when it changes. A figure that cannot be read stays as PID 1 gave it.
func (s *Status) measure() {
	if s.ControlGroup == "" || s.MainPID == 0 {
		return
	}
	read := func(into *uint64, scale uint64, files ...string) {
		for _, f := range files {
			controller, name, _ := strings.Cut(f, "/")
			if n, ok := readNumber(filepath.Join("/sys/fs/cgroup", controller, s.ControlGroup, name)); ok {
				*into = n * scale
				return
			}
		}
	}
	read(&s.Memory, 1, "./memory.current", "memory/memory.usage_in_bytes")
	read(&s.Tasks, 1, "./pids.current", "pids/pids.current")
	read(&s.CPUNSec, 1000, "./cpu.stat")
	read(&s.CPUNSec, 1, "cpuacct/cpuacct.usage")
}

// readNumber reads a file that is one number, or begins with "usage_usec N".
func readNumber(path string) (uint64, bool) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	n, err := strconv.ParseUint(strings.TrimPrefix(string(line), "usage_usec "), 10, 64)
	return n, err == nil
}
