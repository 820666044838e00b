package release

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/startcmd"
)

const (
	appPath    = "bin/app"
	indexPath  = manifest.StaticFolder + "/index.html"
	errorsPath = "errors"
)

var errNothingToRun = errors.New("has neither bin/app (an executable) nor static/index.html (a site of files), " +
	"and nothing that is recognised (see nexushub-manifest(5))")

// errNoWeb is about the key that needs a process which the package lacks: what runs beside web, before
// it, or in its surroundings.
func errNoWeb(key string) error {
	return errors.New(ManifestName + ": " + key + ": there is no process that answers requests: name its command as exec " +
		`(with health.type = "none" if it answers none)`)
}

// checkRunnable says whether a package with these files can be installed; from is who says how it is
// started.
func checkRunnable(from string, m manifest.Manifest, has, leadsToHost func(name string) bool) error {
	if len(m.Exec) == 0 && !has(appPath) && !has(path.Join(served(m), "index.html")) {
		return errNothingToRun
	}
	if key := needsWeb(m); key != "" && len(m.Exec) == 0 && !has(appPath) {
		return errNoWeb(key)
	}
	if faults := m.Incomplete(ManifestName); len(faults) > 0 {
		return faults
	}
	for _, c := range m.Commands() {
		if c.Key != "exec" {
			from = ManifestName + ": " + c.Key
		}
		if err := startcmd.CheckSyntax(c.Exec); err != nil {
			return fmt.Errorf("%s: %s", ManifestName, c.Says(err.Error()))
		}
		m.Exec = c.Exec
		if err := checkStarted(from, m, has, leadsToHost); err != nil {
			return err
		}
	}
	return nil
}

// needsWeb is the first key that is of no use without a process that answers requests; empty: none is.
func needsWeb(m manifest.Manifest) string {
	switch {
	case len(m.Processes) > 0:
		return "processes"
	case len(m.Jobs) > 0:
		return "jobs"
	case len(m.Release) > 0:
		return "release"
	}
	return ""
}

// checkStarted says whether what a command starts is there. A manifest exec stands in for bin/app; a
// relative one must name a file of the package, or a link to one of this host; a bare name may be a
// program of this host.
func checkStarted(from string, m manifest.Manifest, has, leadsToHost func(name string) bool) error {
	switch own := started(m); {
	case len(m.Exec) == 0, own == "", has(own), leadsToHost(own), startcmd.Refers(m.Exec[:1]):
		return nil
	case strings.Contains(m.Exec[0], "/"):
		return fmt.Errorf("%s: the package has no file %q", from, m.Exec[0])
	}
	searchPath := cmp.Or(m.Env["PATH"], startcmd.SearchPath)
	if startcmd.Look(m.Exec[0], searchPath) == "" {
		return fmt.Errorf("%s: %q is neither a file of the package nor a program of this host, in %s: %s, or write where it is",
			from, m.Exec[0], searchPath, install(m.Exec[0]))
	}
	return nil
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

// install says how a program comes to the host.
func install(program string) string {
	if name := detect.Debian[program]; name != "" {
		return "install it (apt install " + name + ")"
	}
	return "install it"
}
