package release

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Fingerprint is the identity of an application that lives in a folder: hex SHA-256
// over names, modes, sizes, modification times and link targets, contents unread.
func Fingerprint(dir string) (string, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", fmt.Errorf("fingerprint: %w", err)
	}
	defer root.Close()
	sum := sha256.New()
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		target := ""
		if info.Mode().Type() == fs.ModeSymlink {
			if target, err = root.Readlink(name); err != nil {
				return err
			}
		}
		size, mtime := info.Size(), info.ModTime().UnixNano()
		if d.IsDir() { // a folder's own times change with files that come and go unnoticed
			size, mtime = 0, 0
		}
		fmt.Fprintf(sum, "%q %o %d %d %q\n", filepath.ToSlash(name), info.Mode(), size, mtime, target)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("fingerprint %s: %w", dir, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
