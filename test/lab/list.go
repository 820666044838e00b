package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
)

// Find returns a running machine, of any owner, by the beginning of its id; an empty
// prefix finds the only one. Such a Machine is for looking: its owner ends it.
func Find(prefix string) (*Machine, error) {
	found, err := filepath.Glob(filepath.Join(runDir, prefix+"*", "pid"))
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("lab: %d running machines match %q: see lab list", len(found), prefix)
	}
	return open(found[0])
}

// List returns every running machine, of any owner.
func List() ([]*Machine, error) {
	found, err := filepath.Glob(filepath.Join(runDir, "*", "pid"))
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	sort.Strings(found)
	var all []*Machine
	for _, f := range found {
		if m, err := open(f); err == nil { // else it just ended
			all = append(all, m)
		}
	}
	return all, nil
}

func open(pidFile string) (*Machine, error) {
	b, err := os.ReadFile(pidFile)
	if err != nil {
		return nil, fmt.Errorf("lab: %w", err)
	}
	var pid int64
	m := &Machine{dir: filepath.Dir(pidFile), ID: filepath.Base(filepath.Dir(pidFile))}
	if _, err := fmt.Sscan(string(b), &pid, (*string)(&m.Suite)); err != nil {
		return nil, fmt.Errorf("lab: %s: %w", pidFile, err)
	}
	m.pid.Store(pid)
	return m, nil
}
