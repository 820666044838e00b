package startcmd

import (
	"os"
	"path/filepath"
)

// SearchPath is where a command is looked for that is a bare name and no file of the
// package, unless the application has a PATH of its own: what systemd.exec(5) gives to
// every unit.
const SearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Look finds the program of this name in the folders of searchPath, as a shell does. It is
// empty where there is none. Relative folders are passed over, and those that are not open to
// every user: a package may bring its own PATH, and must not learn by us what is in them.
func Look(name, searchPath string) string {
	for _, dir := range filepath.SplitList(searchPath) {
		path := filepath.Join(dir, name)
		if !filepath.IsAbs(dir) || filepath.Dir(path) != filepath.Clean(dir) || !isOpen(filepath.Clean(dir)) {
			continue
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// isOpen says that every user may enter a folder and all above it.
func isOpen(dir string) bool {
	dir, err := filepath.EvalSymlinks(dir)
	for err == nil {
		info, statErr := os.Stat(dir)
		if statErr != nil || info.Mode()&0o001 == 0 {
			return false
		}
		if dir == "/" {
			return true
		}
		dir = filepath.Dir(dir)
	}
	return false
}
