// Package manifest defines what a package may say about how it wants to run: the
// keys of nexushub-manifest(5), shared by nexushub.toml inside a package and by
// apps.d/*.toml of the operator. Parsing reports every fault with file, line and key.
package manifest

import "time"

// Manifest is how an application wants to run. The zero value means: bin/app,
// network "port", HTTP health check at /api/status, default limits and sandbox.
type Manifest struct {
	Exec        []string          `toml:"exec,omitempty" json:"exec,omitempty"`
	Env         map[string]string `toml:"env,omitempty" json:"env,omitempty"`
	Network     string            `toml:"network,omitempty" json:"network,omitempty"` // port (default), socket, guest
	Health      Health            `toml:"health,omitempty" json:"health,omitzero"`
	Limits      Limits            `toml:"limits,omitempty" json:"limits,omitzero"`
	StopTimeout Duration          `toml:"stop_timeout,omitempty" json:"stop_timeout,omitempty"` // default 5s
	Replace     string            `toml:"replace,omitempty" json:"replace,omitempty"`           // overlap (default), stop-first
	StateDir    *bool             `toml:"state_dir,omitempty" json:"state_dir,omitempty"`       // default true: gets a STATE_DIRECTORY
	Sandbox     Sandbox           `toml:"sandbox,omitempty" json:"sandbox,omitzero"`
	Services    Services          `toml:"services,omitempty" json:"services,omitzero"`
	Static      Static            `toml:"static,omitempty" json:"static,omitzero"`
	Access      string            `toml:"access,omitempty" json:"access,omitempty"` // areas (default), open, private
	Roles       []string          `toml:"roles,omitempty" json:"roles,omitempty"`   // with Access private: one of them is needed
	ProxyAll    bool              `toml:"proxy_all,omitempty" json:"proxy_all,omitempty"`
	IdleTimeout Duration          `toml:"idle_timeout,omitempty" json:"idle_timeout,omitempty"` // proxy: longest silence on a connection to the instance

	Replicas  int                `toml:"replicas,omitempty" json:"replicas,omitempty"` // of web; default 1
	Sticky    bool               `toml:"sticky,omitempty" json:"sticky,omitempty"`     // proxy: a browser stays with one replica
	Processes map[string]Process `toml:"processes,omitempty" json:"processes,omitempty"`
	Jobs      map[string]Job     `toml:"jobs,omitempty" json:"jobs,omitempty"`
	Build     Build              `toml:"build,omitempty" json:"build,omitzero"`

	Release        []string `toml:"release,omitempty" json:"release,omitempty"`                 // runs once before anything of a new release starts
	ReleaseTimeout Duration `toml:"release_timeout,omitempty" json:"release_timeout,omitempty"` // default 10m
}

// Values of Access: who may send requests.
const (
	AccessAreas = "areas" // the area of the path decides: /public, /api, /internal
	AccessOpen  = "open"  // everybody, to every path

	AccessPrivate = "private" // whoever has signed in and has one of Roles, to every path
)

// AccessModes are all of them.
var AccessModes = []string{AccessAreas, AccessOpen, AccessPrivate}

// IsOpen says that everybody may send requests, to every path.
func (m Manifest) IsOpen() bool { return m.Access == AccessOpen }

// IsPrivate says that the proxy lets persons in alone.
func (m Manifest) IsPrivate() bool { return m.Access == AccessPrivate }

// HasAreas says that the area of a path decides who may send requests to it.
func (m Manifest) HasAreas() bool { return !m.IsOpen() && !m.IsPrivate() }

// IsBypassable says that who should not come past the proxy can, if he runs on this host: every
// application may connect to the port of another one.
func (m Manifest) IsBypassable() bool { return m.IsPrivate() && network(m) == "port" }

// Health says how the agent finds out whether the application serves: before it gets requests
// (StartPeriod), and from then on.
type Health struct {
	Type        string   `toml:"type,omitempty" json:"type,omitempty"`                 // http (default), tcp, notify, none (static only)
	Path        string   `toml:"path,omitempty" json:"path,omitempty"`                 // default /api/status
	Interval    Duration `toml:"interval,omitempty" json:"interval,omitempty"`         // default 10s
	Timeout     Duration `toml:"timeout,omitempty" json:"timeout,omitempty"`           // default 3s
	Failures    int      `toml:"failures,omitempty" json:"failures,omitempty"`         // consecutive, default 2
	StartPeriod Duration `toml:"start_period,omitempty" json:"start_period,omitempty"` // default 60s
}

// Limits are enforced by PID 1 through cgroups.
type Limits struct {
	Memory Bytes `toml:"memory,omitempty" json:"memory,omitempty"` // default 512M
	Tasks  int   `toml:"tasks,omitempty" json:"tasks,omitempty"`   // default 512
	CPU    int   `toml:"cpu,omitempty" json:"cpu,omitempty"`       // percent of one core; 0 = weight only
}

// Sandbox names what an application needs loosened; everything is closed by default.
type Sandbox struct {
	WritableCode bool `toml:"writable_code,omitempty" json:"writable_code,omitempty"` // JITs (node, JVM, wasm): MemoryDenyWriteExecute off
	Network      bool `toml:"network,omitempty" json:"network,omitempty"`             // may connect beyond the loopback interface
	Internet     bool `toml:"internet,omitempty" json:"internet,omitempty"`           // may connect to public addresses
	Proc         bool `toml:"proc,omitempty" json:"proc,omitempty"`                   // sees what /proc tells of other users
	Namespaces   bool `toml:"namespaces,omitempty" json:"namespaces,omitempty"`       // may create namespaces (browsers, bubblewrap)
	Devices      bool `toml:"devices,omitempty" json:"devices,omitempty"`             // sees the host's /dev
	PrivilegedIO bool `toml:"privileged_io,omitempty" json:"privileged_io,omitempty"` // system calls of @resources allowed
	ReadHome     bool `toml:"read_home,omitempty" json:"read_home,omitempty"`         // sees /home read-only

	// Networks are what it may connect to besides, private ones too: "10.1.2.0/24".
	Networks []string `toml:"networks,omitempty" json:"networks,omitempty"`
}

// Static says how the proxy serves files of the package.
type Static struct {
	Folder      string `toml:"folder,omitempty" json:"folder,omitempty"`             // default: static
	SPAFallback bool   `toml:"spa_fallback,omitempty" json:"spa_fallback,omitempty"` // unknown paths answer /index.html
}

// Duration is written "10s", "1m30s".
type Duration time.Duration

// Bytes is written "64M", "1G" (powers of 1024) or as a plain number.
type Bytes uint64
