package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nexushub/nexushub/internal/tomlfile"
)

// Ceiling is what an application may ask for at most; zero: no matter how much.
type Ceiling struct {
	Memory      Bytes    `toml:"memory"`       // default: the host's
	Tasks       int      `toml:"tasks"`        // default 32768
	CPU         int      `toml:"cpu"`          // percent of one core, default: all of the host's
	StopTimeout Duration `toml:"stop_timeout"` // default 1h
	StartPeriod Duration `toml:"start_period"` // default 1h
	IdleTimeout Duration `toml:"idle_timeout"` // default 24h
	Replicas    int      `toml:"replicas"`     // of all processes together, default 16

	NotOpen bool `toml:"-"` // policy.open = false: no application may be open
	Offline bool `toml:"-"` // policy.internet = false: no application may connect beyond the host

	NoDatabases bool `toml:"-"` // policy.databases = false: no application gets a database
}

// What no host can allow or demand, whatever its ceiling.
const (
	minMemory      = Bytes(4 << 20)
	minTasks       = 4
	maxTasks       = 1 << 20
	maxCPU         = 100_000
	minSpan        = 100 * time.Millisecond
	maxStopTimeout = time.Hour
	maxStartPeriod = time.Hour
	minIdleTimeout = time.Second
	maxIdleTimeout = 24 * time.Hour
)

// CheckCeiling adds a fault for every value of c that is refused. Prefix is the table
// that c stands in. A ceiling above what a manifest may say at all would promise
// something that no application gets.
func CheckCeiling(f *tomlfile.File, prefix string, c Ceiling) {
	if f.Has(prefix+"memory") && c.Memory < minMemory {
		f.Fault(prefix+"memory", "must be at least %v", minMemory)
	}
	number(f, prefix+"tasks", c.Tasks, minTasks, maxTasks)
	number(f, prefix+"cpu", c.CPU, 4, maxCPU)
	between(f, prefix+"stop_timeout", c.StopTimeout, minSpan, maxStopTimeout)
	between(f, prefix+"start_period", c.StartPeriod, minSpan, maxStartPeriod)
	between(f, prefix+"idle_timeout", c.IdleTimeout, minIdleTimeout, maxIdleTimeout)
	number(f, prefix+"replicas", c.Replicas, 1, MaxReplicas)
}

// Lower is m with what is above the ceiling at the ceiling; no limit of the processor is
// above every one. It is for what an application gets without asking.
func (c Ceiling) Lower(m Manifest) Manifest {
	m.Limits.Memory = atMost(m.Limits.Memory, c.Memory)
	m.Limits.Tasks = atMost(m.Limits.Tasks, c.Tasks)
	m.Limits.CPU = atMost(m.Limits.CPU, c.CPU)
	if m.Limits.CPU == 0 {
		m.Limits.CPU = c.CPU
	}
	m.StopTimeout = atMost(m.StopTimeout, c.StopTimeout)
	m.Health.StartPeriod = atMost(m.Health.StartPeriod, c.StartPeriod)
	m.IdleTimeout = atMost(m.IdleTimeout, c.IdleTimeout)
	m.Replicas = atMost(m.Replicas, c.Replicas)
	if c.NotOpen && m.IsOpen() {
		m.Access = AccessAreas
	}
	if c.Offline {
		m.Sandbox.Network, m.Sandbox.Internet, m.Sandbox.Networks = false, false, nil
	}
	if c.NoDatabases {
		m.Services.PostgreSQL = false
	}
	return m
}

// Cap is m with what it says lowered to the ceiling, and nothing else.
func (c Ceiling) Cap(m Manifest) Manifest {
	cpu := m.Limits.CPU
	m = c.Lower(m)
	if cpu == 0 {
		m.Limits.CPU = 0
	}
	return m
}

func atMost[T cmp.Ordered](value, most T) T {
	var none T
	if most == none {
		return value
	}
	return min(value, most)
}

// Excesses is a fault for each value of m that is above the ceiling; it names both.
func (c Ceiling) Excesses(file string, m Manifest) (faults tomlfile.Faults) {
	above := func(key string, asked, most float64, a, b any) {
		if most > 0 && asked > most {
			problem := fmt.Sprintf("asks for %v, and %v is the most that this host gives (limits.max, see nexushub.toml(5))", a, b)
			faults = append(faults, tomlfile.Fault{File: file, Key: key, Problem: problem})
		}
	}
	span := func(key string, asked, most Duration) {
		above(key, float64(asked), float64(most), asked.Std(), most.Std())
	}
	each := func(prefix string, l Limits, stop, start Duration) {
		above(prefix+"limits.memory", float64(l.Memory), float64(c.Memory), l.Memory, c.Memory)
		above(prefix+"limits.tasks", float64(l.Tasks), float64(c.Tasks), l.Tasks, c.Tasks)
		above(prefix+"limits.cpu", float64(l.CPU), float64(c.CPU), l.CPU, c.CPU)
		span(prefix+"stop_timeout", stop, c.StopTimeout)
		span(prefix+"health.start_period", start, c.StartPeriod)
	}
	each("", m.Limits, m.StopTimeout, m.Health.StartPeriod)
	for _, name := range slices.Sorted(maps.Keys(m.Processes)) {
		p := m.Processes[name]
		each(KeyOf(name), p.Limits, p.StopTimeout, p.Health.StartPeriod)
	}
	span("idle_timeout", m.IdleTimeout, c.IdleTimeout)
	replicas := "replicas"
	if len(m.Processes) > 0 {
		replicas = "processes"
	}
	all := m.AllReplicas()
	above(replicas, float64(all), float64(c.Replicas), fmt.Sprintf("%d replicas in all", all), c.Replicas)
	if c.NotOpen && m.Access == AccessOpen {
		problem := `asks for "open", which this host forbids (policy.open, see nexushub.toml(5))`
		faults = append(faults, tomlfile.Fault{File: file, Key: "access", Problem: problem})
	}
	if c.NoDatabases && m.Services.PostgreSQL {
		problem := "asks for a database, which this host forbids (policy.databases, see nexushub.toml(5))"
		faults = append(faults, tomlfile.Fault{File: file, Key: "services.postgresql", Problem: problem})
	}
	faults = append(faults, c.buildExcesses(file, m.Build)...)
	return append(faults, c.connections(file, m.Sandbox)...)
}

// connections are those beyond the host that are asked for and forbidden.
func (c Ceiling) connections(file string, s Sandbox) (faults tomlfile.Faults) {
	forbid := func(key string, asked bool) {
		if c.Offline && asked {
			problem := "asks for connections beyond this host, which it forbids (policy.internet, see nexushub.toml(5))"
			faults = append(faults, tomlfile.Fault{File: file, Key: key, Problem: problem})
		}
	}
	forbid("sandbox.network", s.Network)
	forbid("sandbox.internet", s.Internet)
	forbid("sandbox.networks", len(s.Networks) > 0)
	return faults
}
