package release

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/nexushub/nexushub/internal/atomicfile"
	"github.com/nexushub/nexushub/internal/detect"
)

// meta is what cannot be read back from the folder: it lies beside it, because the
// folder is the application's.
type meta struct {
	Size       int64     `json:"size"`
	ImportedAt time.Time `json:"imported_at"`
	Expands    bool      `json:"expands,omitempty"` // installed since exec has variables; before, it was literal

	// Recognised is what the package was taken for; nil: it says itself what is started, as all did before.
	Recognised *detect.Result `json:"recognised,omitempty"`
}

func (s *Store) metaPath(hash string) string {
	return filepath.Join(s.dir, metaDir, hash+".json")
}

func (s *Store) writeMeta(hash string, m meta) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return atomicfile.Write(s.metaPath(hash), data, 0o600)
}

// readMeta falls back to the folder's own time: sizes and dates are for show, and
// losing them must not lose the release. What it was recognised as is then looked for again.
func (s *Store) readMeta(hash string) meta {
	var m meta
	data, err := os.ReadFile(s.metaPath(hash))
	if err == nil && json.Unmarshal(data, &m) == nil {
		if m.Recognised == nil {
			m.Recognised = &detect.Result{}
		}
		return m
	}
	if info, err := os.Stat(s.path(hash)); err == nil {
		m.ImportedAt = info.ModTime().UTC()
	}
	return m
}
