package manifest

import (
	"fmt"

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
}

// Excesses is a fault for each value of m that is above the ceiling; it names both.
func (c Ceiling) Excesses(file string, m Manifest) (faults tomlfile.Faults) {
	above := func(key string, asked, most float64, a, b any) {
		if most > 0 && asked > most {
			faults = append(faults, tomlfile.Fault{File: file, Key: key, Problem: fmt.Sprintf("asks for %v, and %v is the most that this host gives ([limits.max] in /etc/nexushub/nexushub.toml)", a, b)})
		}
	}
	span := func(key string, asked, most Duration) {
		above(key, float64(asked), float64(most), asked.Std(), most.Std())
	}
	above("limits.memory", float64(m.Limits.Memory), float64(c.Memory), m.Limits.Memory, c.Memory)
	above("limits.tasks", float64(m.Limits.Tasks), float64(c.Tasks), m.Limits.Tasks, c.Tasks)
	above("limits.cpu", float64(m.Limits.CPU), float64(c.CPU), m.Limits.CPU, c.CPU)
	span("stop_timeout", m.StopTimeout, c.StopTimeout)
	span("health.start_period", m.Health.StartPeriod, c.StartPeriod)
	span("idle_timeout", m.IdleTimeout, c.IdleTimeout)
	return faults
}
