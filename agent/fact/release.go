package fact

import (
	"time"

	"github.com/nexushub/nexushub/internal/manifest"
)

// Release is one unpacked package or, for an operator's path, a folder in place.
type Release struct {
	Hash       string            `json:"hash"` // hex SHA-256 of the zip, or the folder's fingerprint
	Dir        string            `json:"dir"`  // absolute
	Manifest   manifest.Manifest `json:"manifest"`
	Size       int64             `json:"size"` // bytes unpacked; 0 for a folder in place
	ImportedAt time.Time         `json:"imported_at"`
	Runs       bool              `json:"runs"`              // has bin/app or a manifest exec
	Static     bool              `json:"static"`            // has static/
	Expands    bool              `json:"expands,omitempty"` // variables in its exec stand for their values

	// Where static/ and errors/ really lie; empty: there is none, or an older NexusHub wrote it.
	StaticDir string `json:"static_dir,omitempty"`
	ErrorDir  string `json:"error_dir,omitempty"`
}
