// Package config loads /etc/nexushub: nexushub.toml, conf.d/*.toml over it in name
// order, and apps.d/*.toml, one static application each. It is strict: an unknown
// key, a bad value or a host name used twice is a Fault that names file, line, key
// and value, and all faults are reported at once. Nothing falls back silently.
package config

import (
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// Config is the whole configuration with every default filled in.
type Config struct {
	Domain string `toml:"domain"` // default yesterday.localhost
	// relative paths in apps.d resolve against it; default: the folder of the configuration
	Root     string `toml:"root"`
	StateDir string `toml:"state_dir"` // default /var/lib/nexushub
	RunDir   string `toml:"run_dir"`   // default /run/nexushub
	LogLevel string `toml:"log_level"` // debug, info (default), warn, error

	LoginInstance string `toml:"login_instance"`
	AdminInstance string `toml:"admin_instance"`

	Ports    Ports             `toml:"ports"`
	Admin    Admin             `toml:"admin"`
	Releases Releases          `toml:"releases"`
	Upload   Upload            `toml:"upload"`
	Package  Package           `toml:"package"`
	Build    Build             `toml:"build"`
	Git      Git               `toml:"git"`
	Restart  Restart           `toml:"restart"`
	Limits   Limits            `toml:"limits"`
	Policy   Policy            `toml:"policy"`
	Defaults manifest.Manifest `toml:"defaults"` // for every application that does not say otherwise
	Proxy    Proxy             `toml:"proxy"`
	Metrics  Metrics           `toml:"metrics"`

	Apps []App `toml:"-"` // apps.d/*.toml, sorted by file name

	// Of a start, which goes on without files of apps.d that have faults (LoadToStart).
	Unusable   tomlfile.Faults `toml:"-"` // the faults
	Incomplete bool            `toml:"-"` // of some such file nothing says which application it is about
}

// App is one static application: apps.d/NAME.toml.
type App struct {
	File       string `toml:"-"`
	Problem    string `toml:"-"` // of a start: why the file cannot be used; then only who the application is counts
	InstanceID string `toml:"instance_id"`
	HostName   string `toml:"host_name"`
	// further names of it, and such as lead to host_name; either may be a wildcard or have a path
	MoreHosts   []string `toml:"hosts"`
	Aliases     []string `toml:"aliases"`
	StripPrefix bool     `toml:"strip_prefix"` // the application does not see the path of a host
	AppID       string   `toml:"app_id"`       // default: the file's name without .toml
	Name        string   `toml:"display_name"` // default: AppID
	DBName      string   `toml:"db_name"`
	Package     string   `toml:"package"`     // folder with bin/app, or a zip; empty: static files only
	StaticPath  string   `toml:"static_path"` // folder; default PACKAGE/static when it is there
	DebugPort   int      `toml:"debug_port"`  // development server on 127.0.0.1
	ACME        bool     `toml:"acme"`        // certificates by ACME for its names, but no wildcards
	manifest.Manifest

	Hosts []hostname.Host `toml:"-"` // all of them, the first of which is HostName's
}

// Policy is what holds whatever an application or its operator says.
type Policy struct {
	Open     bool  `toml:"open"`     // applications may be open to everybody, default true
	Internet bool  `toml:"internet"` // applications may connect beyond the host, default true
	Hosts    Hosts `toml:"hosts"`

	Databases bool `toml:"databases"` // applications may have one in the host's PostgreSQL, default true

	ACME CertPolicy `toml:"acme"`
}

// CertPolicy bounds the host names for which tokens make the authority be asked within a week.
type CertPolicy struct {
	Names     int `toml:"names"`      // of all tokens, default 40
	NamesEach int `toml:"names_each"` // of one token, default 10
}

// Hosts is who may take which host name, besides the rules of hostname.Policy.
type Hosts struct {
	Reserved   []string `toml:"reserved"`   // for operators: words below the domain, or whole names
	Developers []string `toml:"developers"` // for developers, too: names, or all below one ("*.x.org")
}

// Ports is the range that network = "port" applications listen in.
type Ports struct {
	First int `toml:"first"` // default 10000
	Last  int `toml:"last"`  // default 19999
}

// Admin is the provider of dynamic applications.
type Admin struct {
	Enabled  bool              `toml:"enabled"`  // default false: no admin service, no polling
	URL      string            `toml:"url"`      // default https://internal.DOMAIN:PORT, PORT from the proxy's socket
	Interval manifest.Duration `toml:"interval"` // default 5s
	MaxApps  int               `toml:"max_apps"` // dynamic applications, default 1000
}

// Releases bounds the release store.
type Releases struct {
	Keep int `toml:"keep"` // releases kept per instance for rollback, default 3
}

// Upload bounds the debug applications' uploads.
type Upload struct {
	MaxSize     manifest.Bytes    `toml:"max_size"`      // default 1G
	MaxChunks   int               `toml:"max_chunks"`    // pieces of one upload, default 65536
	FreeSpace   manifest.Bytes    `toml:"free_space"`    // refuse below, default 512M
	MaxHeld     manifest.Bytes    `toml:"max_held"`      // bytes of all uploads until they are removed, default 16G
	MaxHeldEach manifest.Bytes    `toml:"max_held_each"` // of one token, default 8G
	MaxApps     int               `toml:"max_apps"`      // debug applications, default 100
	MaxAppsEach int               `toml:"max_apps_each"` // of one token, default 50
	FreeInodes  int               `toml:"free_inodes"`   // refuse below, default 10000
	MaxAge      manifest.Duration `toml:"max_age"`       // abandoned uploads are swept, default 24h
	Expiry      manifest.Duration `toml:"expiry"`        // debug applications after their last activity, default 1h
}

// Package bounds what is unpacked.
type Package struct {
	// files, folders and links, implied folders included, default 50000
	MaxEntries  int               `toml:"max_entries"`
	MaxUnpacked manifest.Bytes    `toml:"max_unpacked"` // default 1G
	MaxRatio    int               `toml:"max_ratio"`    // default 200
	MaxDepth    int               `toml:"max_depth"`    // parts of a path, default 100
	MaxPath     int               `toml:"max_path"`     // bytes of a path, default 1024
	MaxNames    manifest.Bytes    `toml:"max_names"`    // bytes of all paths, default 16M
	MaxTime     manifest.Duration `toml:"max_time"`     // of unpacking, default 10m
}

// Build bounds the builds of packages that are source.
type Build struct {
	Unfiltered bool              `toml:"unfiltered"`  // build although connections cannot be filtered, default false
	ResolvConf string            `toml:"resolv_conf"` // file that names the name servers of builds; default: the host's
	Timeout    manifest.Duration `toml:"timeout"`     // the most, default 30m
	Memory     manifest.Bytes    `toml:"memory"`      // the most, default 2G
	Tasks      int               `toml:"tasks"`       // the most, default 4096
	CPU        int               `toml:"cpu"`         // the most, percent of one core; default: all of the host's
	Disk       manifest.Bytes    `toml:"disk"`        // the most, with the caches of the application, default 8G
	AtOnce     int               `toml:"at_once"`     // builds at one time, default 2
}

// Git bounds what the repository of an application keeps of all that was pushed to it.
type Git struct {
	MaxSize    manifest.Bytes `toml:"max_size"`    // default 1G
	MaxObjects int            `toml:"max_objects"` // default 500000
}

// Restart is the agent's layer of restarting. PID 1 restarts at once and without end; the agent
// takes over a crash loop, with pauses that double from Delay to MaxDelay.
type Restart struct {
	Delay        manifest.Duration `toml:"delay"`         // default 2s
	MaxDelay     manifest.Duration `toml:"max_delay"`     // default 15s
	HealthyAfter manifest.Duration `toml:"healthy_after"` // resets the delay, default 1m
}

// Proxy is read by nexushub-proxy from the same files.
type Proxy struct {
	CertDir        string            `toml:"cert_dir"`         // default /etc/nexushub/certs
	StateDir       string            `toml:"state_dir"`        // default /var/lib/nexushub-proxy
	TrustedProxies []string          `toml:"trusted_proxies"`  // CIDRs whose X-Forwarded-* are believed
	HoldTimeout    manifest.Duration `toml:"hold_timeout"`     // requests held while an instance starts, default 10s
	DrainTimeout   manifest.Duration `toml:"drain_timeout"`    // in-flight requests at a swap or stop, default 30s
	HeaderTimeout  manifest.Duration `toml:"header_timeout"`   // default 10s
	IdleTimeout    manifest.Duration `toml:"idle_timeout"`     // keep-alive connections, default 2m
	StallTimeout   manifest.Duration `toml:"stall_timeout"`    // longest silence while a body is due, default 1m
	MaxConnections int               `toml:"max_connections"`  // default 20000
	MaxStreams     int               `toml:"max_streams"`      // HTTP/2 requests in progress, default 20000
	MaxHeaderBytes manifest.Bytes    `toml:"max_header_bytes"` // default 64K
	MaxHeaders     int               `toml:"max_headers"`      // default 128
	// access tokens of the admin application, in use: how long after their issue, 0 for no longer
	// than they were issued for; default 12h
	MaxSlide manifest.Duration `toml:"max_slide"`
	// how often the login application is asked about one of those, default 10m
	IntrospectInterval manifest.Duration `toml:"introspect_interval"`

	AccessLog     bool `toml:"access_log"`      // default true
	AccessLogRate int  `toml:"access_log_rate"` // lines per second, default 1000
	ACME          ACME `toml:"acme"`
}

// ACME asks a certificate authority for the hosts that opt in.
type ACME struct {
	Email     string `toml:"email"`
	Directory string `toml:"directory"` // default Let's Encrypt
	CACert    string `toml:"ca_cert"`   // PEM file to trust the directory itself by
}

// Metrics are on /run/nexushub/metrics.sock; Listen adds a loopback address.
type Metrics struct {
	Listen string `toml:"listen"`
}
