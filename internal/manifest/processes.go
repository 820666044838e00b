package manifest

import (
	"cmp"
	"maps"
	"regexp"
	"slices"

	"github.com/nexushub/nexushub/internal/tomlfile"
)

// Process is one named command of an application beside web, which is the top level of the
// manifest. What it does not say is as the application says it.
type Process struct {
	Exec        []string `toml:"exec,omitempty" json:"exec,omitempty"`
	Replicas    *int     `toml:"replicas,omitempty" json:"replicas,omitempty"` // default 1; 0: none
	StopTimeout Duration `toml:"stop_timeout,omitempty" json:"stop_timeout,omitempty"`
	Limits      Limits   `toml:"limits,omitempty" json:"limits,omitzero"` // of each replica
	Health      Health   `toml:"health,omitempty" json:"health,omitzero"` // type: none, or http where a path is named
}

// Web is the process that gets the requests.
const Web = "web"

// MaxReplicas is how many replicas of a process no host runs more of, whatever its ceiling.
const MaxReplicas = 1000

const maxProcesses = 100 // as in a Procfile

var processName = regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`)

// ProcessNameForm says how a process can be called: its name is a part of the names of units.
const ProcessNameForm = "a small letter and up to 15 more small letters and digits"

// IsProcessName says whether a process can have the name.
func IsProcessName(name string) bool { return processName.MatchString(name) }

// ProcessNames are all processes: web, then the others by name. What no command is named for is
// none: somebody counts replicas of what a release has no more.
func (m Manifest) ProcessNames() []string {
	names := []string{Web}
	for _, name := range slices.Sorted(maps.Keys(m.Processes)) {
		if m.HasProcess(name) {
			names = append(names, name)
		}
	}
	return names
}

// HasProcess says whether there is a process of the name.
func (m Manifest) HasProcess(name string) bool { return name == Web || len(m.Processes[name].Exec) > 0 }

// KeyOf begins the keys of a process in a manifest.
func KeyOf(process string) string {
	if process == Web {
		return ""
	}
	return "processes." + process + "."
}

// ReplicasOf is how many replicas a process is to have.
func (m Manifest) ReplicasOf(process string) int {
	if process == Web {
		return cmp.Or(m.Replicas, 1)
	}
	if n := m.Processes[process].Replicas; n != nil {
		return *n
	}
	return 1
}

// SameReplicas says whether each process of o is to have as many replicas.
func (m Manifest) SameReplicas(o Manifest) bool {
	if m.ReplicasOf(Web) != o.ReplicasOf(Web) {
		return false
	}
	for name := range o.Processes {
		if m.ReplicasOf(name) != o.ReplicasOf(name) {
			return false
		}
	}
	return true
}

// AllReplicas is how many all processes have together, those without a command too.
func (m Manifest) AllReplicas() int {
	n := m.ReplicasOf(Web)
	for name := range m.Processes {
		n += m.ReplicasOf(name)
	}
	return n
}

// Scaled is m with other numbers of replicas, by process.
func (m Manifest) Scaled(scale map[string]int) Manifest {
	over := Manifest{Processes: map[string]Process{}}
	for process, n := range scale {
		if process == Web {
			over.Replicas = n
			continue
		}
		over.Processes[process] = Process{Replicas: &n}
	}
	return over.Over(m)
}

// For is how one process runs: as m says for web, and for another with what that says of itself
// over it. Only web is asked for its health where nothing is said.
func (m Manifest) For(process string) Manifest {
	if process == Web {
		return m
	}
	p := m.Processes[process]
	m.Exec = p.Exec
	m.Limits = p.Limits.over(m.Limits)
	m.StopTimeout = cmp.Or(p.StopTimeout, m.StopTimeout)
	m.Health = p.Health.over(m.Health)
	m.Health.Type = p.health()
	return m
}

// health is how it is asked for its health.
func (p Process) health() string {
	if p.Health.Type == "" && p.Health.Path != "" {
		return "http"
	}
	return cmp.Or(p.Health.Type, "none")
}

func (p Process) over(base Process) Process {
	set(&base.Exec, p.Exec, p.Exec != nil)
	set(&base.Replicas, p.Replicas, p.Replicas != nil)
	set(&base.StopTimeout, p.StopTimeout, p.StopTimeout != 0)
	base.Limits = p.Limits.over(base.Limits)
	base.Health = p.Health.over(base.Health)
	return base
}

func processesOver(over, base map[string]Process) map[string]Process {
	if len(over) == 0 {
		return base
	}
	out := maps.Clone(base)
	if out == nil {
		out = map[string]Process{}
	}
	for name, p := range over {
		out[name] = p.over(out[name])
	}
	return out
}

// checkProcesses checks what m alone can tell, see [Manifest.Incomplete].
func checkProcesses(f *tomlfile.File, prefix string, m *Manifest) {
	number(f, prefix+"replicas", m.Replicas, 1, MaxReplicas)
	if len(m.Processes) > maxProcesses {
		f.Fault(prefix+"processes", "must not hold more than %d processes", maxProcesses)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(m.Processes)) {
		p, key := m.Processes[name], prefix+"processes."+name
		switch {
		case name == Web:
			f.Fault(key, "is the process that the top level describes: write exec, replicas, limits and health there")
			continue
		case name == "release":
			f.Fault(key, "is the command that runs before a new release: write release = [...] at the top")
			continue
		case !IsProcessName(name):
			f.Fault(key, "cannot be the name of a process: it must be %s", ProcessNameForm)
			continue
		}
		checkExec(f, key+".exec", p.Exec)
		if p.Replicas != nil {
			number(f, key+".replicas", *p.Replicas, 0, MaxReplicas)
		}
		between(f, key+".stop_timeout", p.StopTimeout, minSpan, maxStopTimeout)
		checkHealth(f, key+".health.", p.Health)
		checkLimits(f, key+".limits.", p.Limits)
	}
}

// Incomplete is a fault for each process that cannot run as m says, which is all that is said of
// the application: one layer may name the command, and another the replicas.
func (m Manifest) Incomplete(file string) (faults tomlfile.Faults) {
	add := func(name, key, problem string) {
		faults = append(faults, tomlfile.Fault{File: file, Key: KeyOf(name) + key, Problem: problem})
	}
	for _, name := range slices.Sorted(maps.Keys(m.Processes)) {
		asked := m.Processes[name].health()
		switch {
		case !m.HasProcess(name):
			add(name, "exec", `is missing: name the command that the process runs, such as ["bin/`+name+`"]`)
		case m.Network == "socket" && (asked == "http" || asked == "tcp"):
			add(name, "health.type", `asks over the network, which nobody but web is reached by where network = "socket": `+
				`must be "notify" or "none"`)
		}
	}
	return append(faults, m.incompleteJobs(file)...)
}
