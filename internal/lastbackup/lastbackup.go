// Package lastbackup is what the backup by the clock tells those who watch: how its last run
// ended. The run writes it, in a process of its own; the agent and the client read it.
package lastbackup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/nexushub/nexushub/internal/beneath"
)

// Dir is where it lies, a folder of root's.
const Dir = "/var/lib/nexushub"

const (
	file  = "backup.json"
	limit = 64 << 10
)

// Run is one run of the backup by the clock.
type Run struct {
	StartedAt   time.Time  `json:"started_at"`
	EndedAt     time.Time  `json:"ended_at"`
	File        string     `json:"file,omitempty"`       // the archive that it wrote
	Bytes       int64      `json:"bytes,omitempty"`      // of the archive
	Incomplete  bool       `json:"incomplete,omitempty"` // content of an application is missing in it
	Error       string     `json:"error,omitempty"`      // why there is none
	LastSuccess *time.Time `json:"last_success,omitempty"`
	LastWhole   string     `json:"last_whole,omitempty"` // the newest archive in which nothing is missing
}

// Read returns the last run below dir; nil if there was none.
func Read(dir string) (*Run, error) {
	d, err := beneath.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("last backup: %w", err)
	}
	defer d.Close()
	text, err := d.ReadFile(file, limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var r Run
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return nil, fmt.Errorf("last backup: %s/%s: %w", dir, file, err)
	}
	return &r, nil
}

// Write notes a run below dir. What was known of successes before stays.
func Write(dir string, r Run) error {
	d, err := beneath.Open(dir)
	if err != nil {
		return fmt.Errorf("last backup: %w", err)
	}
	defer d.Close()
	before, err := Read(dir)
	if err != nil || before == nil { // a damaged one is replaced
		before = &Run{}
	}
	r.LastSuccess, r.LastWhole = before.LastSuccess, before.LastWhole
	if r.Error == "" {
		r.LastSuccess = &r.EndedAt
		if !r.Incomplete {
			r.LastWhole = r.File
		}
	}
	text, err := json.Marshal(r)
	if err == nil {
		err = d.Replace(file, bytes.NewReader(text), 0o600)
	}
	if err != nil {
		return fmt.Errorf("last backup: %w", err)
	}
	return nil
}
