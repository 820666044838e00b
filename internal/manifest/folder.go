package manifest

import (
	"io/fs"

	"github.com/nexushub/nexushub/internal/termtext"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// StaticFolder is where the files that the proxy serves lie in a package that does not say.
const StaticFolder = "static"

// checkFolder: "." is the package itself.
func checkFolder(f *tomlfile.File, key, folder string) {
	if folder == "" && !f.Has(key) {
		return
	}
	if !fs.ValidPath(folder) {
		f.Fault(key, "must be a folder of the package such as \"dist\", or \".\" for all of it")
	} else if err := termtext.CheckName(folder); err != nil {
		f.Fault(key, "%v", err)
	}
}
