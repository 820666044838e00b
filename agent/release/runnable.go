package release

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/nexushub/nexushub/internal/manifest"
)

const (
	appPath    = "bin/app"
	staticPath = "static"
	indexPath  = staticPath + "/index.html"
)

var errNothingToRun = errors.New("has neither bin/app (an executable) nor static/index.html (a site of files)")

// checkRunnable says whether a package with these files can be installed. A manifest
// exec stands in for bin/app; a relative one must name a file of the package.
func checkRunnable(m manifest.Manifest, has func(name string) bool) error {
	switch own := started(m); {
	case len(m.Exec) > 0 && own != "":
		if !has(own) {
			return fmt.Errorf("%s: exec: the package has no file %q", ManifestName, m.Exec[0])
		}
		return nil
	case len(m.Exec) > 0, has(appPath), has(indexPath):
		return nil
	}
	return errNothingToRun
}

// started is the package's own file that is executed; empty where it is the host's.
func started(m manifest.Manifest) string {
	switch {
	case len(m.Exec) == 0:
		return appPath
	case path.IsAbs(m.Exec[0]):
		return ""
	}
	return path.Clean(strings.TrimPrefix(m.Exec[0], "./"))
}
