package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/startcmd"
)

// present is what of a build's needs there is, in a form that changes when it does, and how what is
// missing would come to the host.
type present struct {
	versions []string
	missing  []string // in words
	install  []string // packages
}

// toolsOf looks for the programs and packages that a build needs.
func toolsOf(ctx context.Context, b detect.Build) (p present, err error) {
	for _, tool := range b.Tools {
		p.tool(tool, find(tool))
	}
	if len(b.Packages) == 0 {
		return p, nil
	}
	versions, err := installed(ctx, b.Packages)
	if err != nil {
		return p, err
	}
	for _, name := range b.Packages {
		p.aPackage(name, versions[name])
	}
	return p, nil
}

// find is a program in the usual places, or the first file of a pattern.
func find(tool string) string {
	if !filepath.IsAbs(tool) {
		return startcmd.Look(tool, startcmd.SearchPath)
	}
	found, err := filepath.Glob(tool)
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[0]
}

// tool enters one. Its file tells its version: nothing is run to ask.
func (p *present) tool(name, path string) {
	if path != "" {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		if info, err := os.Stat(path); err == nil {
			p.versions = append(p.versions, fmt.Sprintf("%s %s %d %d", name, path, info.Size(), info.ModTime().Unix()))
			return
		}
	}
	needs := detect.Debian[name]
	if filepath.IsAbs(name) {
		name = needs
	}
	p.lacks(name, needs)
}

func (p *present) aPackage(name, version string) {
	if version != "" {
		p.versions = append(p.versions, name+" "+version)
		return
	}
	p.lacks(name, name)
}

func (p *present) lacks(name, needs string) {
	if !slices.Contains(p.missing, name) {
		p.missing = append(p.missing, name)
	}
	if needs != "" && !slices.Contains(p.install, needs) {
		p.install = append(p.install, needs)
	}
}

// fault names what is missing and the command that brings it.
func (p present) fault() string {
	if len(p.missing) == 0 {
		return ""
	}
	text := "this host lacks what the build needs: " + strings.Join(p.missing, ", ")
	if len(p.install) == 0 {
		return text + "; install it and deploy again"
	}
	return text + "; run apt install " + strings.Join(p.install, " ") + " on it and deploy again"
}

// installed asks dpkg-query(1) for the versions of some packages. Of several architectures any counts.
func installed(ctx context.Context, names []string) (map[string]string, error) {
	const format = "${db:Status-Status} ${Package} ${Version}\n"
	out, err := exec.CommandContext(ctx, "dpkg-query", append([]string{"-W", "-f", format, "--"}, names...)...).Output()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1) { // 1: some are not known
		return nil, fmt.Errorf("what is installed cannot be asked for: dpkg-query: %w", err)
	}
	return versionsIn(string(out)), nil
}

func versionsIn(answer string) map[string]string {
	versions := map[string]string{}
	for line := range strings.Lines(answer) {
		status, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name, version, ok := strings.Cut(rest, " "); ok && status == "installed" {
			versions[name] = version
		}
	}
	return versions
}
