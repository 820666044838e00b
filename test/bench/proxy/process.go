package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a running program with its children.
type process struct {
	cmd  *exec.Cmd
	log  string
	gone chan error
}

// startProcess runs a program until stop; what it says goes to dir/NAME.log.
func startProcess(ctx context.Context, dir, name, program string, args ...string) (*process, error) {
	p := &process{log: filepath.Join(dir, name+".log"), gone: make(chan error, 1)}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.CommandContext(ctx, program, args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	p.cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 5 * time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.gone <- p.cmd.Wait() }()
	return p, nil
}

// stop ends the program, by force when it does not listen.
func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.gone:
	case <-time.After(3 * time.Second):
		p.cmd.Process.Kill()
		<-p.gone
	}
}

// died returns why the program has ended, nil while it runs.
func (p *process) died() error {
	select {
	case err := <-p.gone:
		p.gone <- err
		log, logErr := os.ReadFile(p.log)
		return errors.Join(fmt.Errorf("%s ended: %w\n%s", p.cmd.Path, err, log), logErr)
	default:
		return nil
	}
}

// pids are the program's and its children's. (Not every kernel has task/*/children.)
func (p *process) pids() []int {
	own := p.cmd.Process.Pid
	pids := []int{own}
	all, _ := filepath.Glob("/proc/[0-9]*") // the pattern is good
	for _, dir := range all {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if f := stat(pid); f != nil && f[statParent] == strconv.Itoa(own) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Fields of /proc/PID/stat behind the program's name (proc(5)).
const (
	statParent = 1
	statUser   = 11
	statSystem = 12
)

// stat returns nil for a process that has ended.
func stat(pid int) []string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	return strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
}

// cpu is the processor time used so far, counted by the kernel in ticks of 10 ms.
func (p *process) cpu() time.Duration {
	const tick = 10 * time.Millisecond
	var ticks int64
	for _, pid := range p.pids() {
		f := stat(pid)
		if f == nil {
			continue
		}
		for _, i := range []int{statUser, statSystem} {
			if n, err := strconv.ParseInt(f[i], 10, 64); err == nil {
				ticks += n
			}
		}
	}
	return time.Duration(ticks) * tick
}

// memory sums a field of /proc/PID/status, such as VmRSS or VmHWM, in MiB.
func (p *process) memory(field string) float64 {
	var kib int64
	for _, pid := range p.pids() {
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			if value, ok := strings.CutPrefix(line, field+":"); ok {
				n, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
				if err == nil {
					kib += n
				}
			}
		}
	}
	return float64(kib) / 1024
}
