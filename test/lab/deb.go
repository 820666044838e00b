package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Dist is the folder that `make` builds into, or $NEXUSHUB_DIST.
func Dist() string {
	if dist := os.Getenv("NEXUSHUB_DIST"); dist != "" {
		return dist
	}
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "../../dist")
}

// Deb is the package under test: $NEXUSHUB_DEB, else the one that `make deb` left in Dist.
func Deb() (string, error) {
	if deb := os.Getenv("NEXUSHUB_DEB"); deb != "" {
		return deb, nil
	}
	pattern := filepath.Join(Dist(), "nexushub_*_"+runtime.GOARCH+".deb")
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("lab: %d packages match %s: run make deb first", len(found), pattern)
	}
	return found[0], nil
}

// InstallDeb installs a package of the host as an administrator would, with apt, and
// returns what it printed.
func (m *Machine) InstallDeb(ctx context.Context, deb string) (string, error) {
	to := "/tmp/" + filepath.Base(deb)
	if err := m.CopyIn(ctx, deb, to); err != nil {
		return "", err
	}
	return m.Shell(ctx, "DEBIAN_FRONTEND=noninteractive apt-get install -y --allow-downgrades "+
		to+" </dev/null; rm "+to)
}
