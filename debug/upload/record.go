package upload

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/nexushub/nexushub/internal/atomicfile"
)

// recordFormat is raised when an older agent could not read the record.
const recordFormat = 1

// record is session.json.
type record struct {
	Format    int       `json:"format"`
	CreatedAt time.Time `json:"created_at"`
	Header
	Appending bool   `json:"appending,omitempty"` // not in numbered chunks
	File      string `json:"file,omitempty"`      // of a verified upload, in the same folder
	MD5Sum    string `json:"md5_sum,omitempty"`
	SHA256Sum string `json:"sha256_sum,omitempty"`
	Size      int64  `json:"size,omitempty"`
	Error     string `json:"error,omitempty"` // discarded, and why
}

func recordPath(dir string) string { return filepath.Join(dir, "session.json") }

func (r record) write(dir string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return atomicfile.Write(recordPath(dir), data, 0o600)
}

func readRecord(dir string) (r record, err error) {
	data, err := os.ReadFile(recordPath(dir))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("%s: %w", recordPath(dir), err)
	}
	if r.Format != recordFormat {
		return r, fmt.Errorf("%s: format %d, this version reads %d", recordPath(dir), r.Format, recordFormat)
	}
	return r, nil
}
