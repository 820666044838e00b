package startcmd

import (
	"os"
	"path/filepath"
)

// SearchPath is where a command is looked for that is a bare name and no file of the
// package, unless the application has a PATH of its own: what systemd.exec(5) gives to
// every unit.
const SearchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Look finds the program of this name in the folders of searchPath, as a shell does.
// Relative folders are passed over. It is empty where there is none.
func Look(name, searchPath string) string {
	for _, dir := range filepath.SplitList(searchPath) {
		path := filepath.Join(dir, name)
		if !filepath.IsAbs(dir) || filepath.Dir(path) != filepath.Clean(dir) {
			continue
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}
