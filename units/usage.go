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
	readUsage(s.ControlGroup, &s.Memory, &s.CPUNSec)
	readGroup(s.ControlGroup, &s.Tasks, 1, "./pids.current", "pids/pids.current")
}

// Usage is the memory and the time of processors that a unit uses, by its control group as PID 1 names it. What
// cannot be read is 0.
func Usage(controlGroup string) (memory, cpuNSec uint64) {
	readUsage(controlGroup, &memory, &cpuNSec)
	return memory, cpuNSec
}

func readUsage(group string, memory, cpuNSec *uint64) {
	readGroup(group, memory, 1, "./memory.current", "memory/memory.usage_in_bytes")
	if !readGroup(group, cpuNSec, 1000, "./cpu.stat") {
		readGroup(group, cpuNSec, 1, "cpuacct/cpuacct.usage")
	}
}

// readGroup reads the first of some files of a control group that is there.
func readGroup(group string, into *uint64, scale uint64, files ...string) bool {
	for _, f := range files {
		controller, name, _ := strings.Cut(f, "/")
		if n, ok := readNumber(filepath.Join("/sys/fs/cgroup", controller, group, name)); ok {
			*into = n * scale
			return true
		}
	}
	return false
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
