// Package release keeps releases: immutable unpacked packages, each in a folder
// named by the SHA-256 of its zip.
//
// A package is checked completely before anything is written, and every problem is
// reported at once ([InvalidError]). Unpacking goes to a temporary folder that is
// synced and renamed, so a release folder is complete or absent, after a crash too.
// Entries are created through [os.Root], links last, so that nothing can leave the
// folder whatever the archive says.
//
// The application does not own its release and cannot write to it. It reads as
// "other", so the owner's read and execute bits are given to everyone; setuid,
// setgid, sticky and the write bits of group and others are dropped.
//
// [Store.Sweep] removes what the callers' set does not name and nobody holds.
package release

import (
	"errors"

	"github.com/nexushub/nexushub/internal/manifest"
)

// Errors that callers decide on with errors.Is.
var (
	ErrTooSlow  = errors.New("unpacking takes too long")
	ErrNotFound = errors.New("no such release")
)

// ManifestName is the manifest's path inside a package.
const ManifestName = manifest.FileName
