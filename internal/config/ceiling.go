package config

import (
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/nexushub/nexushub/internal/manifest"
)

// Limits bounds what packages may ask for.
type Limits struct {
	Max manifest.Ceiling `toml:"max"`
}

// given is [limits.max], and what [policy] forbids.
func (c *Config) given() manifest.Ceiling {
	most := c.Limits.Max
	most.NotOpen, most.Offline = !c.Policy.Open, !c.Policy.Internet
	most.NoDatabases = !c.Policy.Databases
	return most
}

// Ceiling is [limits.max] with what is left open there taken from the host, and what
// [policy] forbids.
func (c *Config) Ceiling() manifest.Ceiling {
	most := c.given()
	if most.Memory == 0 {
		most.Memory = hostMemory()
	}
	if most.CPU == 0 {
		most.CPU = 100 * runtime.NumCPU()
	}
	return most
}

// hostMemory is 0 where it cannot be told.
func hostMemory() manifest.Bytes {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}
	return manifest.Bytes(uint64(info.Totalram) * uint64(info.Unit))
}
