package release

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"

	"github.com/nexushub/nexushub/internal/beneath"
)

// maxNodes bounds the tree that an operator's word makes a package of: whoever owns the
// folder must not keep the agent busy with it.
const maxNodes = 1_000_000

// Fingerprint is the identity of an application that lives in a folder: hex SHA-256
// over names, modes, sizes, modification times and link targets, contents unread.
func Fingerprint(ctx context.Context, dir *beneath.Dir) (string, error) {
	top, err := dir.Stat()
	if err != nil {
		return "", fmt.Errorf("fingerprint %s: %w", dir.Name(), err)
	}
	sum, nodes := sha256.New(), 0
	enter(sum, ".", top, "")
	err = dir.Walk(func(f beneath.Found) error {
		if nodes++; nodes > maxNodes {
			return fmt.Errorf("more than %d files and folders: %w", maxNodes, beneath.ErrTooMuch)
		}
		target, err := "", ctx.Err()
		if err == nil && f.Info.Mode().Type() == fs.ModeSymlink {
			target, err = f.In.Readlink(f.Base)
		}
		if err == nil {
			enter(sum, f.Name, f.Info, target)
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("fingerprint %s: %w", dir.Name(), err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func enter(sum io.Writer, name string, info fs.FileInfo, target string) {
	size, mtime := info.Size(), info.ModTime().UnixNano()
	if info.IsDir() { // a folder's own times change with files that come and go unnoticed
		size, mtime = 0, 0
	}
	fmt.Fprintf(sum, "%q %o %d %d %q\n", name, info.Mode(), size, mtime, target)
}
