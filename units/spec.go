package units

import (
	"cmp"
	"fmt"
	"net/netip"

	"github.com/nexushub/nexushub/internal/manifest"
)

// Spec is everything that decides how an instance runs, or one process of it. Its hash is the
// revision: two equal Specs are one unit, a changed Spec is a new unit beside the old.
// Secrets are never in it, only the root-only files that hold them.
type Spec struct {
	Instance string `json:"instance"` // UUID
	Name     string `json:"name"`     // slug in the unit's name
	Kind     string `json:"kind"`     // static, deployed, dynamic, debug
	HostName string `json:"host_name"`
	AppID    string `json:"app_id,omitempty"`
	Release  string `json:"release"`          // SHA-256 of the package
	Serial   int    `json:"serial,omitempty"` // raised to replace a revision by an equal one

	// SandboxVersion of the program that asks, so that another sandbox is another revision.
	Sandbox int `json:"sandbox,omitempty"`

	// InstalledBy is who installed Release, as agent/audience names them; empty: root, or not known.
	InstalledBy string `json:"installed_by,omitempty"`

	Directory string   `json:"directory"`        // release folder, the working directory
	Exec      []string `json:"exec"`             // its first word is absolute, relative to Directory, or a name in PATH
	Expand    bool     `json:"expand,omitempty"` // Exec names variables, as internal/startcmd says; else it is literal

	Env         map[string]string `json:"env,omitempty"`
	Open        bool              `json:"open,omitempty"`         // HOST is an address, NEXUSHUB_HOST the name
	Private     string            `json:"private,omitempty"`      // for whom, in words: part of the identity alone
	EnvFiles    []string          `json:"env_files,omitempty"`    // root-only, e.g. /run/nexushub/env/INSTANCE.env
	Credentials map[string]string `json:"credentials,omitempty"`  // id -> root-only file
	SecretsHash string            `json:"secrets_hash,omitempty"` // changes when a secret changes

	Network     string  `json:"network"`              // port, socket, guest
	Domain      string  `json:"domain"`               // guest: internal.DOMAIN leads to the proxy
	ProxyPort   int     `json:"proxy_port,omitempty"` // guest: the proxy's port on the host
	Health      string  `json:"health,omitempty"`     // how the agent checks it, in words: part of the identity alone
	Notify      bool    `json:"notify,omitempty"`     // Type=notify, WATCHDOG
	WatchdogSec float64 `json:"watchdog_sec,omitempty"`
	StartSec    float64 `json:"start_sec"` // TimeoutStartUSec
	StopSec     float64 `json:"stop_sec"`
	State       string  `json:"state,omitempty"` // StateDirectory name, empty: none

	MemoryMax uint64   `json:"memory_max"`
	TasksMax  uint64   `json:"tasks_max"`
	CPUQuota  int      `json:"cpu_quota,omitempty"` // percent
	Loosen    []string `json:"loosen,omitempty"`    // sorted names of manifest.Sandbox
	Networks  []string `json:"networks,omitempty"`  // it may connect to, besides

	Database string `json:"database,omitempty"` // in the PostgreSQL server of the host; empty: none

	// Before is a command that runs once before anything of a new release starts (the release command), for at
	// most so long; it is that of the first process.
	Before    []string `json:"before,omitempty"`
	BeforeSec float64  `json:"before_sec,omitempty"`

	// Of an application with more than one process or replica, each of which is a unit of its own.
	Process  string `json:"process,omitempty"`  // empty: web
	Replica  int    `json:"replica,omitempty"`  // from 2 on; 0: the first
	Portless bool   `json:"portless,omitempty"` // it listens nowhere: it has no PORT, and nothing leads to it
	Whole    string `json:"whole,omitempty"`    // revision of the processes together, see Join; empty: it is alone
}

// ProcessName is the process that a Spec is of.
func (s Spec) ProcessName() string { return cmp.Or(s.Process, manifest.Web) }

// ReplicaNumber is which one of its process it is, from 1 on.
func (s Spec) ReplicaNumber() int { return max(s.Replica, 1) }

// first says whether it is what an application with one unit has.
func (s Spec) first() bool { return s.ProcessName() == manifest.Web && s.ReplicaNumber() == 1 }

// Part names one replica of one process, for people: "worker.2".
func Part(process string, replica int) string { return fmt.Sprintf("%s.%d", process, replica) }

// HasSocket says whether PID 1 listens for it.
func (s Spec) HasSocket() bool { return s.Network == NetworkSocket && !s.Portless }

// NeedsPort says whether it is reached at a port of the host's loopback interface.
func (s Spec) NeedsPort() bool { return s.Network != NetworkSocket && !s.Portless }

// Placement is what is decided when a revision is started, not by its Spec.
type Placement struct {
	Port int `json:"port"` // on 127.0.0.1; 0 where the network needs none

	// Resolvers are the host's name servers, for a Spec that Connects: who moves a host to another network
	// does not make another revision of everything on it.
	Resolvers []netip.Addr `json:"resolvers,omitempty"`
}
