package config

import (
	"math"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/termtext"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

func checkMain(f *tomlfile.File, c *Config) {
	if host, err := hostname.ParseName(c.Domain); err != nil {
		f.Fault("domain", "%v", err)
	} else {
		c.Domain = host
	}
	if f.Has("log_level") && !slices.Contains([]string{"debug", "info", "warn", "error"}, c.LogLevel) {
		f.Fault("log_level", "must be one of debug, info, warn, error")
	}
	checkUUID(f, "login_instance", &c.LoginInstance)
	checkUUID(f, "admin_instance", &c.AdminInstance)
	absolute(f, "state_dir", c.StateDir)
	absolute(f, "run_dir", c.RunDir)
	checkPorts(f, c.Ports)
	checkAdmin(f, c.Admin)
	positive(f, "releases.keep", c.Releases.Keep)
	checkUpload(f, c.Upload)
	checkPackage(f, c.Package)
	checkBuild(f, c.Build)
	checkGit(f, c.Git)
	checkRestart(f, c.Restart)
	manifest.CheckCeiling(f, "limits.max.", c.Limits.Max)
	checkHosts(f, c.Policy.Hosts)
	atLeast(f, "policy.acme.names", c.Policy.ACME.Names, 0)
	atLeast(f, "policy.acme.names_each", c.Policy.ACME.NamesEach, 0)
	checkProxy(f, c.Proxy)
	checkLoopback(f, "metrics.listen", c.Metrics.Listen)
}

func checkUpload(f *tomlfile.File, u Upload) {
	positive(f, "upload.max_chunks", u.MaxChunks)
	positive(f, "upload.max_apps", u.MaxApps)
	positive(f, "upload.max_apps_each", u.MaxAppsEach)
	positive(f, "upload.max_held", int(min(u.MaxHeld, 1<<62)))
	positive(f, "upload.max_held_each", int(min(u.MaxHeldEach, 1<<62)))
	notZero(f, "upload.max_age", u.MaxAge)
	notZero(f, "upload.expiry", u.Expiry)
	if u.FreeInodes < 0 {
		f.Fault("upload.free_inodes", "must not be negative")
	}
}

func checkPackage(f *tomlfile.File, p Package) {
	positive(f, "package.max_entries", p.MaxEntries)
	positive(f, "package.max_ratio", p.MaxRatio)
	positive(f, "package.max_depth", p.MaxDepth)
	notZero(f, "package.max_time", p.MaxTime)
	if p.MaxUnpacked < 1 || p.MaxUnpacked > math.MaxInt64 {
		f.Fault("package.max_unpacked", "must be from 1 to %d", int64(math.MaxInt64))
	}
	if p.MaxNames < 1 || p.MaxNames > 1<<30 {
		f.Fault("package.max_names", "must be from 1 to 1G")
	}
	if p.MaxPath < 1 || p.MaxPath > 2048 { // with the store's own path before it, the kernel's limit is 4096
		f.Fault("package.max_path", "must be from 1 to 2048")
	}
}

func checkBuild(f *tomlfile.File, b Build) {
	positive(f, "build.tasks", b.Tasks)
	positive(f, "build.at_once", b.AtOnce)
	atLeast(f, "build.cpu", b.CPU, 0)
	notZero(f, "build.timeout", b.Timeout)
	if b.Memory < 64<<20 {
		f.Fault("build.memory", "must be at least 64M")
	}
	if b.Disk < 1<<20 || b.Disk > math.MaxInt64 {
		f.Fault("build.disk", "must be at least 1M")
	}
	if b.ResolvConf != "" {
		absolute(f, "build.resolv_conf", b.ResolvConf)
	}
}

func checkGit(f *tomlfile.File, g Git) {
	positive(f, "git.max_objects", g.MaxObjects)
	if g.MaxSize < 1<<20 || g.MaxSize > 1<<50 {
		f.Fault("git.max_size", "must be from 1M to 1024T")
	}
}

// noBuild: only a package that is deployed is built, and it says itself how.
func noBuild(f *tomlfile.File, key string, b manifest.Build) {
	if !reflect.ValueOf(b).IsZero() {
		f.Fault(key, "belongs into the nexushub.toml of a package, which nexushub deploy builds")
	}
}

func checkPorts(f *tomlfile.File, p Ports) {
	if p.First < 1024 || p.First > 65535 {
		f.Fault("ports.first", "must be from 1024 to 65535")
	}
	if p.Last < p.First || p.Last > 65535 {
		f.Fault("ports.last", "must be from ports.first (%d) to 65535", p.First)
	}
}

func checkAdmin(f *tomlfile.File, a Admin) {
	notZero(f, "admin.interval", a.Interval)
	positive(f, "admin.max_apps", a.MaxApps)
	if a.URL == "" {
		return
	}
	u, err := url.Parse(a.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		f.Fault("admin.url", "must be an https:// address")
	}
}

func checkRestart(f *tomlfile.File, r Restart) {
	notZero(f, "restart.delay", r.Delay)
	notZero(f, "restart.healthy_after", r.HealthyAfter)
	if r.MaxDelay < r.Delay {
		f.Fault("restart.max_delay", "must not be less than restart.delay (%s)", r.Delay.Std())
	}
}

func checkProxy(f *tomlfile.File, p Proxy) {
	absolute(f, "proxy.cert_dir", p.CertDir)
	absolute(f, "proxy.state_dir", p.StateDir)
	for _, cidr := range p.TrustedProxies {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			f.Fault("proxy.trusted_proxies", "invalid network %q, must be one such as 10.0.0.0/8", cidr)
		}
	}
	for key, d := range map[string]manifest.Duration{
		"proxy.hold_timeout": p.HoldTimeout, "proxy.drain_timeout": p.DrainTimeout, "proxy.header_timeout": p.HeaderTimeout,
		"proxy.idle_timeout": p.IdleTimeout, "proxy.stall_timeout": p.StallTimeout,
	} {
		notZero(f, key, d)
	}
	if d := p.IntrospectInterval.Std(); d < time.Second || d > 10*time.Minute {
		f.Fault("proxy.introspect_interval", "must be from 1s to 10m")
	}
	if p.MaxSlide.Std() > 7*24*time.Hour {
		f.Fault("proxy.max_slide", "must be at most 168h")
	}
	positive(f, "proxy.max_connections", p.MaxConnections)
	positive(f, "proxy.max_streams", p.MaxStreams)
	positive(f, "proxy.max_headers", p.MaxHeaders)
	positive(f, "proxy.access_log_rate", p.AccessLogRate)
	if p.MaxHeaderBytes < 4<<10 || p.MaxHeaderBytes > 1<<20 {
		f.Fault("proxy.max_header_bytes", "must be from 4K to 1M")
	}
	if u, err := url.Parse(p.ACME.Directory); err != nil || u.Scheme != "https" {
		f.Fault("proxy.acme.directory", "must be an https:// address")
	}
}

func checkApp(f *tomlfile.File, app *App) {
	if len(f.Faults) > 0 && !f.Has("instance_id") && !f.Has("host_name") {
		return // not even TOML, or nothing of an application in it
	}
	checkUUID(f, "instance_id", &app.InstanceID)
	checkAppHosts(f, app)
	if app.Name == "" {
		app.Name = app.AppID
	}
	for key, value := range map[string]string{"app_id": app.AppID, "display_name": app.Name, "db_name": app.DBName} {
		if err := termtext.CheckName(value); err != nil {
			f.Fault(key, "%v", err)
		}
	}
	if app.Package == "" && app.StaticPath == "" && app.DebugPort == 0 {
		f.Fault("package", "is missing: an application needs a package, a static_path or a debug_port")
	}
	if app.DebugPort < 0 || app.DebugPort > 65535 {
		f.Fault("debug_port", "must be from 1 to 65535")
	}
}

// checkCeiling holds the operator to what he has set himself. What nobody has set is none
// of his doing.
func checkCeiling(f *tomlfile.File, prefix string, c *Config, m manifest.Manifest) {
	for _, fault := range c.Ceiling().Excesses("", m) {
		if f.Has(prefix + fault.Key) {
			f.Fault(prefix+fault.Key, "%s", fault.Problem)
		}
	}
}

func checkUUID(f *tomlfile.File, key string, id *string) {
	if *id == "" {
		f.Fault(key, "is missing: `cat /proc/sys/kernel/random/uuid` makes one")
		return
	}
	u, err := uuid.Parse(*id)
	if err != nil || len(*id) != 36 {
		f.Fault(key, "must be a UUID such as 18736e4f-93f9-4606-a7be-863c7986ea5b")
		return
	}
	*id = u.String()
}

func absolute(f *tomlfile.File, key, path string) {
	if !filepath.IsAbs(path) || strings.ContainsAny(path, "\x00\n") {
		f.Fault(key, "must be an absolute path")
	}
}

func positive(f *tomlfile.File, key string, n int) { atLeast(f, key, n, 1) }

func atLeast(f *tomlfile.File, key string, n, least int) {
	if n < least {
		f.Fault(key, "must be at least %d", least)
	}
}

func notZero(f *tomlfile.File, key string, d manifest.Duration) {
	if d.Std() < time.Millisecond {
		f.Fault(key, "must be longer than zero")
	}
}

func checkLoopback(f *tomlfile.File, key, address string) {
	if address == "" {
		return
	}
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	if err != nil || (host != "localhost" && (ip == nil || !ip.IsLoopback())) {
		f.Fault(key, "must be a loopback address with a port, such as 127.0.0.1:9180")
	}
}
