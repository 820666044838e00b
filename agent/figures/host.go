package figures

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of times in /proc/stat: USER_HZ is 100 on all that Debian runs on.
const tick = uint64(10 * time.Millisecond)

// ReadHost reads what the whole host uses; requests are left to the caller.
func ReadHost() (r Reading, err error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return r, err
	}
	if r.CPUNSec, err = busy(stat); err != nil {
		return r, err
	}
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return r, err
	}
	r.Memory, err = used(info)
	return r, err
}

// busy is the time that all processors together were not idle: of the first line of /proc/stat the sum of
// user, nice, system, irq, softirq and steal (proc_stat(5)).
func busy(stat []byte) (nsec uint64, err error) {
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 9 || string(fields[0]) != "cpu" {
		return 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	for _, i := range []int{1, 2, 3, 6, 7, 8} {
		n, err := strconv.ParseUint(string(fields[i]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/stat: %w", err)
		}
		nsec += n * tick
	}
	return nsec, nil
}

// used is the memory that programs could not get.
func used(info []byte) (uint64, error) {
	size := map[string]uint64{}
	for line := range bytes.Lines(info) {
		name, rest, _ := bytes.Cut(line, []byte(":"))
		if fields := bytes.Fields(rest); len(fields) > 0 {
			if n, err := strconv.ParseUint(string(fields[0]), 10, 64); err == nil {
				size[string(name)] = n << 10
			}
		}
	}
	total, free := size["MemTotal"], size["MemAvailable"]
	if total == 0 || free > total {
		return 0, fmt.Errorf("/proc/meminfo: %d bytes of %d are available", free, total)
	}
	return total - free, nil
}
