// Package calendar asks systemd what a calendar expression means (systemd.time(7)). PID 1 is who
// reads it in the end, so nobody else is to decide whether it is one.
package calendar

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// ErrAbsent says that there is no systemd here to ask.
var ErrAbsent = errors.New("systemd-analyze is not installed")

// Never is when an expression elapses that means the past alone.
const Never = "never"

const (
	// askLimit bounds one question, which takes milliseconds.
	askLimit = 10 * time.Second
	// maxKnown bounds the answers that are remembered.
	maxKnown = 1000
)

// known remembers which expressions are none, and why: a host asks about the same ones at each look.
var (
	mu    sync.Mutex // guards known
	known = map[string]error{}
)

// Check says why systemd does not read an expression; nil: it does, or nobody can be asked.
func Check(expression string) error {
	mu.Lock()
	err, ok := known[expression]
	mu.Unlock()
	if ok {
		return err
	}
	_, err = Next(expression)
	if errors.Is(err, ErrAbsent) {
		return nil
	}
	mu.Lock()
	defer mu.Unlock()
	if len(known) >= maxKnown {
		clear(known)
	}
	known[expression] = err
	return err
}

// Next is when an expression elapses next, in systemd's words. The error wraps ErrAbsent, or is what
// systemd has against it.
func Next(expression string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "systemd-analyze", "calendar", "--", expression)
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/bin:/bin", "SYSTEMD_COLORS=0", "SYSTEMD_PAGER="}
	out, err := cmd.Output()
	var refused *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", ErrAbsent
	case ctx.Err() != nil, err != nil && !errors.As(err, &refused):
		return "", fmt.Errorf("%w: %w", ErrAbsent, err)
	case err != nil:
		return "", fmt.Errorf("is no calendar expression for systemd (%s): see systemd.time(7), and try it with "+
			"systemd-analyze calendar", lastLine(refused.Stderr))
	}
	return elapse(string(out)), nil
}

// elapse is the line of the answer that says so.
func elapse(answer string) string {
	for line := range strings.Lines(answer) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(name), "next elapse") {
			return strings.TrimSpace(value)
		}
	}
	return Never
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}

// Faults are the schedules of a manifest that systemd does not read, with their lines in data.
func Faults(name string, data []byte, m manifest.Manifest) (faults tomlfile.Faults) {
	var f *tomlfile.File
	for _, job := range slices.Sorted(maps.Keys(m.Jobs)) {
		schedule := m.Jobs[job].Schedule
		if schedule == "" {
			continue
		}
		if err := Check(schedule); err != nil {
			if f == nil {
				f = tomlfile.Parse(name, data)
			}
			faults = append(faults, f.Describe("jobs."+job+".schedule", "%v", err))
		}
	}
	return faults
}
