package units

import (
	"fmt"
	"slices"
	"strings"
)

// Capabilities is what this host's systemd offers, read once per connection. Property
// sets are cut to it, because one unknown property rejects a whole call.
type Capabilities struct {
	Version        int    `json:"version"`                  // first number of the manager's Version
	VersionText    string `json:"version_text"`             // e.g. 252.39-1~deb12u2
	Features       string `json:"features"`                 // build flags, e.g. +SECCOMP -BPF_FRAMEWORK
	Virtualization string `json:"virtualization,omitempty"` // e.g. systemd-nspawn, kvm; empty: bare metal
	UnifiedCgroups bool   `json:"unified_cgroups"`          // cgroup v2 alone
	Limits         bool   `json:"limits"`                   // memory and task controllers are writable
	PrivateNetwork bool   `json:"private_network"`          // PrivateNetwork= is enforced
	IPFilters      bool   `json:"ip_filters"`               // IPAddressDeny= is enforced
	ExecHelper     string `json:"exec_helper,omitempty"`    // program that gives stderr a stream of its own
	SocketProxy    string `json:"socket_proxy,omitempty"`   // systemd-socket-proxyd, for network = "guest"
}

// since is the version table: properties younger than the oldest systemd we support
// (252), with the version that brought them.
var since = map[string]int{
	"RestartSteps":          254,
	"RestartMaxDelayUSec":   254,
	"RestartMode":           254,
	"MemoryPressureWatch":   254,
	"PollLimitBurst":        255,
	"PollLimitIntervalUSec": 255,
	"PrivateTmpEx":          257,
	"PrivatePIDs":           257,
	"DeferReactivation":     257,
}

// Supports says whether the property can be sent to this systemd.
func (c Capabilities) Supports(property string) bool {
	return c.Version >= since[property]
}

// Missing lists in plain words what this host cannot enforce.
func (c Capabilities) Missing() []string {
	var out []string
	say := func(missing bool, format string, args ...any) {
		if missing {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	say(!c.UnifiedCgroups, "cgroup v1: no MemoryHigh, no OOM events, an application out of memory shows as signal KILL")
	say(!c.Limits, "memory and task limits are not enforced: the cgroup controllers are missing or read-only")
	say(!c.IPFilters, "an application without sandbox.network can still connect beyond the loopback interface: IP filters need cgroup v2 and, in a container, CAP_BPF")
	say(!c.PrivateNetwork, "network = \"socket\" and \"guest\" do not cut an application off: this container lacks CAP_NET_ADMIN")
	say(c.ExecHelper == "", "logs do not distinguish stderr from stdout: nexushub-exec is not installed")
	say(c.SocketProxy == "", "network = \"guest\" is not possible: systemd-socket-proxyd is not installed")
	say(c.Version < 254, "systemd %d: while the agent is away a crashing application is restarted every 2 s without back-off (254 adds it)", c.Version)
	return out
}

// containers are the values of the manager's Virtualization that mean a container.
var containers = []string{"systemd-nspawn", "lxc", "lxc-libvirt", "docker", "podman", "rkt", "wsl", "proot", "pouch",
	"openvz", "container-other"}

func (c Capabilities) inContainer() bool {
	return slices.Contains(containers, c.Virtualization)
}

// supported drops what this systemd does not know.
func (c Capabilities) supported(in properties) []Property {
	out := make([]Property, 0, len(in))
	for _, p := range in {
		if c.Supports(p.Name) {
			out = append(out, p)
		}
	}
	return out
}

// parseVersion reads the first number of the manager's Version, "257.3-1", "v254-rc1".
func parseVersion(s string) (int, error) {
	var v int
	if _, err := fmt.Sscanf(strings.TrimLeft(s, "v\""), "%d", &v); err != nil {
		return 0, fmt.Errorf("systemd version %q: no number found", s)
	}
	return v, nil
}
