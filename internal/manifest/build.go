package manifest

import (
	"cmp"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/termtext"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// Build says how a release is made of a package that is source. Without a command, what the package
// is recognised as says it.
type Build struct {
	Enabled  *bool             `toml:"enabled,omitempty" json:"enabled,omitempty"`   // false: the package is a release as it is
	Command  string            `toml:"command,omitempty" json:"command,omitempty"`   // for /bin/sh, in the package's folder
	Inputs   []string          `toml:"inputs,omitempty" json:"inputs,omitempty"`     // files and folders that it needs; default: all
	Output   string            `toml:"output,omitempty" json:"output,omitempty"`     // the folder that becomes the release; default: all
	Packages []string          `toml:"packages,omitempty" json:"packages,omitempty"` // of Debian, that must be installed
	Env      map[string]string `toml:"env,omitempty" json:"env,omitempty"`           // of the build alone
	Timeout  Duration          `toml:"timeout,omitempty" json:"timeout,omitempty"`
	Network  BuildNetwork      `toml:"network,omitempty" json:"network,omitzero"`
	Limits   Limits            `toml:"limits,omitempty" json:"limits,omitzero"`
}

// BuildNetwork is what a build may connect to besides public addresses: "10.1.2.0/24".
type BuildNetwork struct {
	Allow []string `toml:"allow,omitempty" json:"allow,omitempty"`
}

// IsOff says that nothing is to be built, whatever the package looks like.
func (b Build) IsOff() bool { return b.Enabled != nil && !*b.Enabled }

// Over returns base with everything that b sets laid over it.
func (b Build) Over(base Build) Build {
	out := base
	set(&out.Enabled, b.Enabled, b.Enabled != nil)
	set(&out.Command, b.Command, b.Command != "")
	set(&out.Inputs, b.Inputs, b.Inputs != nil)
	set(&out.Output, b.Output, b.Output != "")
	set(&out.Packages, b.Packages, b.Packages != nil)
	set(&out.Env, b.Env, b.Env != nil)
	set(&out.Timeout, b.Timeout, b.Timeout != 0)
	set(&out.Network.Allow, b.Network.Allow, b.Network.Allow != nil)
	out.Limits = b.Limits.over(base.Limits)
	return out
}

// Bounds of what a build may say.
const (
	maxInputs       = 200
	maxPackages     = 100
	minBuildTimeout = time.Second
	maxBuildTimeout = 24 * time.Hour
)

// packageName is what Debian allows (Policy, 5.6.1).
var packageName = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]{1,99}$`)

func checkBuild(f *tomlfile.File, key string, b Build) {
	if err := checkWord(b.Command); err != nil {
		f.Fault(key+".command", "%v", err)
	} else if len(b.Command) > maxWord {
		f.Fault(key+".command", "must not be longer than %d bytes", maxWord)
	} else if f.Has(key+".command") && strings.TrimSpace(b.Command) == "" {
		f.Fault(key+".command", "must name a command for /bin/sh: \"make dist\"")
	}
	checkFolder(f, key+".output", b.Output)
	checkInputs(f, key+".inputs", b)
	if len(b.Packages) > maxPackages {
		f.Fault(key+".packages", "must not hold more than %d packages", maxPackages)
	}
	for _, name := range b.Packages {
		if !packageName.MatchString(name) {
			f.Fault(key+".packages", "%q is no name of a Debian package", name)
		}
	}
	checkEnv(f, key+".env", b.Env)
	between(f, key+".timeout", b.Timeout, minBuildTimeout, maxBuildTimeout)
	checkNetworks(f, key+".network.allow", b.Network.Allow)
	checkLimits(f, key+".limits.", b.Limits)
}

// checkInputs: what is not an input is not there when the build runs, so it could not be part of an
// output that is the whole folder.
func checkInputs(f *tomlfile.File, key string, b Build) {
	if len(b.Inputs) > maxInputs {
		f.Fault(key, "must not hold more than %d files and folders", maxInputs)
	}
	if len(b.Inputs) > 0 && cmp.Or(b.Output, ".") == "." {
		f.Fault(key, "needs build.output: a release that is the whole folder has everything as its input")
	}
	for _, name := range b.Inputs {
		if !fs.ValidPath(name) || name == "." || termtext.CheckName(name) != nil {
			f.Fault(key, "%q must be a file or folder of the package such as \"src\"", name)
		}
	}
}

// buildExcesses are those of a build: the limits of applications do not hold for it, those of
// the host's builds do (nexushub.toml).
func (c Ceiling) buildExcesses(file string, b Build) (faults tomlfile.Faults) {
	if c.Offline && len(b.Network.Allow) > 0 {
		problem := "asks for connections beyond this host, which it forbids (policy.internet, see nexushub.toml(5))"
		faults = append(faults, tomlfile.Fault{File: file, Key: "build.network.allow", Problem: problem})
	}
	return faults
}

// Has says whether a file is one of the inputs, or in a folder that is one.
func (b Build) Has(name string) bool {
	if len(b.Inputs) == 0 {
		return true
	}
	return slices.ContainsFunc(b.Inputs, func(in string) bool {
		return name == in || strings.HasPrefix(name, in+"/") || strings.HasPrefix(in, name+"/")
	})
}
