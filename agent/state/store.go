// Package state keeps the agent's small files: one JSON document per name, written
// atomically, with a format number and a checksum. A file that is damaged or newer
// than this program is an error that names it; it is never replaced in silence.
package state

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nexushub/nexushub/internal/atomicfile"
)

// Format is the version of every file that this program writes.
const Format = 1

var (
	// ErrDamaged says that a file does not match its own checksum.
	ErrDamaged = errors.New("state file is damaged; move it away to start without it, the running applications are then adopted from systemd")
	// ErrNewer says that a newer NexusHub wrote the file.
	ErrNewer = errors.New("state file was written by a newer nexushubd; install that version again or move the file away")
)

// envelope is the outer form of every file.
type envelope struct {
	Format int             `json:"format"`
	SHA256 string          `json:"sha256"`
	Data   json.RawMessage `json:"data"`
}

// Store is a folder of state files.
type Store struct{ dir string }

// Open returns the store in dir, which is made when it is missing.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	return &Store{dir: dir}, nil
}

// Load reads name into v. It reports whether there was such a file.
func (s *Store) Load(name string, v any) (bool, error) {
	path := s.path(name)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("state: %w", err)
	}
	if err := decode(raw, v); err != nil {
		return false, fmt.Errorf("state: %s: %w", path, err)
	}
	return true, nil
}

// Save replaces name by v; after it returns, a power cut does not undo it.
func (s *Store) Save(name string, v any) error {
	raw, err := encode(v)
	if err != nil {
		return fmt.Errorf("state: %s: %w", name, err)
	}
	return atomicfile.Write(s.path(name), raw, 0o600)
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name+".json") }

func encode(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(envelope{Format: Format, SHA256: sum(data), Data: data})
	return append(raw, '\n'), err
}

func decode(raw []byte, v any) error {
	var e envelope
	if err := json.Unmarshal(raw, &e); err != nil {
		return fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	if e.Format > Format {
		return fmt.Errorf("%w (format %d, this program knows %d)", ErrNewer, e.Format, Format)
	}
	if e.Format < 1 || e.SHA256 != sum(e.Data) {
		return fmt.Errorf("%w (checksum differs)", ErrDamaged)
	}
	if err := json.Unmarshal(e.Data, v); err != nil {
		return fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	return nil
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}
