package plan

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/startcmd"
	"github.com/nexushub/nexushub/units"
)

// StateRoot is below /var/lib; each instance has a folder of its own in it, because
// systemd gives a state directory to one dynamic user only.
const StateRoot = "nexushub-apps/"

// Place is what all instances of a host share.
type Place struct {
	Domain    string
	ProxyPort int // for guests
	EnvDir    string
}

// SecretFiles are the root-only files of one instance, and an identity that changes with
// their content but says nothing about it.
type SecretFiles struct {
	EnvFiles    []string
	Credentials map[string]string
	Version     string
	Audiences   []audience.Audience // of all secrets of the instance
	Variables   []string            // names of those that are given in the environment
}

// Kept is what the agent remembers of an instance and what decides how that runs.
type Kept struct {
	Serial   int
	Database string
}

// NewSpecs say how the processes of an instance run, web first. They are pure: equal arguments are
// one revision.
func NewSpecs(in Instance, rel fact.Release, m manifest.Manifest, s SecretFiles, kept Kept, p Place) []units.Spec {
	list := []units.Spec{newSpec(in, rel, m, s, kept, p)}
	if len(m.Release) > 0 {
		list[0].Before, list[0].BeforeSec = m.Release, m.ReleaseLimit().Seconds()
	}
	for _, process := range m.ProcessNames()[1:] {
		spec := newSpec(in, rel, m.For(process), s, kept, p)
		spec.Process = process
		spec.Expand = startcmd.Refers(spec.Exec) // no package is from before variables, and has processes
		spec.Portless = !probed(m.For(process).Health)
		list = append(list, spec)
	}
	units.Join(list)
	return list
}

func newSpec(in Instance, rel fact.Release, m manifest.Manifest, s SecretFiles, kept Kept, p Place) units.Spec {
	spec := units.Spec{
		Instance: in.ID, Name: in.Slug(p.Domain), Kind: cmp.Or(in.UnitKind, in.Kind),
		HostName: in.HostName, AppID: in.AppID, Release: rel.Hash, Serial: kept.Serial,
		Database: kept.Database, Sandbox: units.SandboxVersion,
		InstalledBy: installedBy(in),
		Directory:   rel.Dir, Exec: command(m), Expand: expands(in, rel, m), Env: environment(in, m), Open: !m.HasAreas(),
		Private:     private(m),
		EnvFiles:    envFiles(in, m, s, p),
		Credentials: s.Credentials, SecretsHash: s.Version,
		Network: m.Network, Domain: p.Domain,
		Health: healthCheck(m.Health), Notify: m.Health.Type == "notify",
		StartSec: m.Health.StartPeriod.Seconds(), StopSec: m.StopTimeout.Seconds(),
		MemoryMax: uint64(m.Limits.Memory), TasksMax: uint64(m.Limits.Tasks), CPUQuota: m.Limits.CPU,
		Loosen: m.Sandbox.Loosenings(), Networks: m.Sandbox.Networks,
	}
	if spec.Network == units.NetworkGuest {
		spec.ProxyPort = p.ProxyPort
	}
	if spec.Notify {
		spec.WatchdogSec = watchdog(m.Health).Seconds()
	}
	if m.StateDir == nil || *m.StateDir {
		spec.State = StateRoot + in.ID
	}
	return spec
}

// healthCheck belongs to the identity of a revision: one that passes another check is
// another one, which has to pass it beside the old before it takes over.
func healthCheck(h manifest.Health) string {
	return fmt.Sprintf("%s %s every %s within %s, %d times", h.Type, h.Path, h.Interval.Std(), h.Timeout.Std(), h.Failures)
}

// private is for whom a private application is, in words. It is part of the identity alone: when that
// changes, requests that are open end with the revision that they were sent to.
func private(m manifest.Manifest) string {
	if !m.IsPrivate() {
		return ""
	}
	return manifest.RolesInWords(m.Roles)
}

func command(m manifest.Manifest) []string {
	if len(m.Exec) > 0 {
		return m.Exec
	}
	return []string{"bin/app"}
}

// expands says whether variables in the command stand for their values: they do wherever
// an operator wrote it, and in packages that were installed since NexusHub knows them.
func expands(in Instance, rel fact.Release, m manifest.Manifest) bool {
	theirs := len(in.Manifest.Exec) == 0 && len(rel.Manifest.Exec) > 0
	return (!theirs || rel.Expands) && startcmd.Refers(command(m))
}

// CheckCommand says what is wrong with the variables in a Spec's commands.
func CheckCommand(spec units.Spec, s SecretFiles) error {
	secrets := append([]string{"INTERNAL_SECRET"}, s.Variables...)
	if spec.Expand {
		if err := startcmd.Check(spec.Exec, spec.Variables(), secrets); err != nil {
			return err
		}
	}
	if before := units.ReleaseCommand(spec); before.Expand {
		if err := startcmd.Check(before.Exec, before.Variables(), secrets); err != nil {
			return fmt.Errorf("release%s", strings.TrimPrefix(err.Error(), "exec"))
		}
	}
	return nil
}

// environment is what the instance gets beyond what every unit gets.
func environment(in Instance, m manifest.Manifest) map[string]string {
	env := maps.Clone(m.Env)
	if in.DBName != "" {
		if env == nil {
			env = map[string]string{}
		}
		env["DB_NAME"] = in.DBName
	}
	return env
}

// watchdog is how long an application that promised to ping may be silent: as long as
// a probed one may fail its health check.
func watchdog(h manifest.Health) manifest.Duration {
	return h.Interval * manifest.Duration(max(h.Failures, 1)+1)
}

// envFiles are the files with secrets. An application without areas is not opened by the internal
// secret, and does not get it.
func envFiles(in Instance, m manifest.Manifest, s SecretFiles, p Place) []string {
	if !m.HasAreas() {
		return s.EnvFiles
	}
	return append([]string{envFile(p, in.ID)}, s.EnvFiles...)
}

func envFile(p Place, instance string) string {
	return filepath.Join(p.EnvDir, instance+".env")
}
