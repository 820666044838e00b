package fact

import (
	"time"

	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/manifest"
)

// Release is one unpacked package or, for an operator's path, a folder in place.
type Release struct {
	Hash       string            `json:"hash"` // hex SHA-256 of the zip, or the folder's fingerprint
	Dir        string            `json:"dir"`  // absolute
	Manifest   manifest.Manifest `json:"manifest"`
	Size       int64             `json:"size"` // bytes unpacked; 0 for a folder in place
	ImportedAt time.Time         `json:"imported_at"`
	Runs       bool              `json:"runs"`              // has bin/app, or a command
	Static     bool              `json:"static"`            // has files to serve
	Expands    bool              `json:"expands,omitempty"` // variables in its exec stand for their values

	// Where static/ and errors/ really lie; empty: there is none, or an older NexusHub wrote it.
	StaticDir string `json:"static_dir,omitempty"`
	ErrorDir  string `json:"error_dir,omitempty"`

	// Recognised is what a package was taken for that does not say itself what is started; it stays that.
	Recognised detect.Result `json:"recognised,omitzero"`
}

// Asks is how the package wants to run: what it says, over what it was recognised as.
func (r Release) Asks() manifest.Manifest { return r.Manifest.Over(r.Recognised.Manifest) }

// Demands is what of it is refused where a host forbids it. What was recognised asks for limits that can
// be lower and for connections that it can do without, but an application that is closed to everybody,
// or has not all of its processes, is none.
func (r Release) Demands() manifest.Manifest {
	m, asks := r.Manifest, r.Asks()
	m.Access, m.Processes = asks.Access, asks.Processes
	return m
}

// Literal is the release without what it was recognised as, for who is told otherwise what is started.
func (r Release) Literal() Release {
	if len(r.Recognised.Manifest.Exec) > 0 {
		r.Runs = false
	}
	if r.Recognised.Manifest.Static.Folder != "" && r.Manifest.Static.Folder == "" {
		r.Static, r.StaticDir = false, ""
	}
	r.Recognised = detect.Result{}
	return r
}
