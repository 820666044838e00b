package manifest

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/termtext"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// FileName is the manifest's name at the root of a package.
const FileName = "nexushub.toml"

// Parse reads a package's manifest. The error is a tomlfile.Faults that lists every
// fault with file, line, key and value.
func Parse(name string, data []byte) (Manifest, error) {
	var m Manifest
	f := tomlfile.Parse(name, data)
	f.Bind(&m)
	Check(f, "", &m)
	return m, f.Err()
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// IsEnvName says whether an environment variable may have the name, wherever it comes
// from: a manifest, a secret, the agent. A shell can use such a name too.
func IsEnvName(name string) bool { return envName.MatchString(name) }

// Check adds a fault for every value of m that is refused. Prefix is the table that
// m stands in ("" or "defaults.").
func Check(f *tomlfile.File, prefix string, m *Manifest) {
	key := func(k string) string { return prefix + k }
	oneOf(f, key("network"), m.Network, "port", "socket", "guest")
	oneOf(f, key("access"), m.Access, AccessModes...)
	checkRoles(f, key("roles"), m.Access, m.Roles)
	oneOf(f, key("replace"), m.Replace, "overlap", "stop-first")
	checkExec(f, key("exec"), m.Exec)
	checkEnv(f, key("env"), m.Env)
	checkHealth(f, key("health."), m.Health)
	between(f, key("stop_timeout"), m.StopTimeout, minSpan, maxStopTimeout)
	between(f, key("idle_timeout"), m.IdleTimeout, minIdleTimeout, maxIdleTimeout)
	checkNetworks(f, key("sandbox.networks"), m.Sandbox.Networks)
	checkBuild(f, key("build"), m.Build)
	checkFolder(f, key("static.folder"), m.Static.Folder)
	checkLimits(f, key("limits."), m.Limits)
	checkProcesses(f, prefix, m)
	checkJobs(f, prefix, m)
	checkExec(f, key("release"), m.Release)
	between(f, key("release_timeout"), m.ReleaseTimeout, minSpan, maxReleaseTimeout)
}

func checkHealth(f *tomlfile.File, prefix string, h Health) {
	oneOf(f, prefix+"type", h.Type, "http", "tcp", "notify", "none")
	if p := h.Path; p != "" && (p[0] != '/' || strings.ContainsAny(p, " \r\n#")) {
		f.Fault(prefix+"path", "must begin with '/' and hold no space or '#'")
	}
	if err := termtext.CheckName(h.Path); err != nil {
		f.Fault(prefix+"path", "%v", err)
	}
	between(f, prefix+"interval", h.Interval, 100*time.Millisecond, time.Hour)
	between(f, prefix+"timeout", h.Timeout, 10*time.Millisecond, 10*time.Minute)
	between(f, prefix+"start_period", h.StartPeriod, minSpan, maxStartPeriod)
	number(f, prefix+"failures", h.Failures, 1, 1000)
}

func checkLimits(f *tomlfile.File, prefix string, l Limits) {
	number(f, prefix+"tasks", l.Tasks, minTasks, maxTasks)
	number(f, prefix+"cpu", l.CPU, 1, maxCPU)
	if f.Has(prefix+"memory") && l.Memory < minMemory {
		f.Fault(prefix+"memory", "must be at least 4M")
	}
}

func oneOf(f *tomlfile.File, key, value string, allowed ...string) {
	if f.Has(key) && !slices.Contains(allowed, value) {
		f.Fault(key, "must be one of %s", strings.Join(allowed, ", "))
	}
}

func between(f *tomlfile.File, key string, d Duration, low, high time.Duration) {
	if f.Has(key) && (d.Std() < low || d.Std() > high) {
		f.Fault(key, "must be from %s to %s", low, high)
	}
}

func number(f *tomlfile.File, key string, n, low, high int) {
	if f.Has(key) && (n < low || n > high) {
		f.Fault(key, "must be from %d to %d", low, high)
	}
}

const maxWords = 1000 // arguments, and variables

func checkExec(f *tomlfile.File, key string, argv []string) {
	if len(argv) > maxWords {
		f.Fault(key, "must not hold more than %d arguments", maxWords)
	}
	if f.Has(key) && (len(argv) == 0 || argv[0] == "") {
		f.Fault(key, "must name a command: [\"bin/app\", \"argument\"]")
	}
	for _, a := range argv {
		if len(a) > maxWord {
			f.Fault(key, "an argument must not be longer than %d bytes", maxWord)
		} else if err := checkWord(a); err != nil {
			f.Fault(key, "an argument %v", err)
		}
	}
}

// reserved names are set by the agent for every instance.
var reserved = []string{
	"PORT", "HOST", "DB_NAME", "INTERNAL_SECRET", "INSTANCE_ID", "STATE_DIRECTORY", "NOTIFY_SOCKET",
	"WATCHDOG_USEC", "WATCHDOG_PID", "CREDENTIALS_DIRECTORY", "NEXUSHUB_RELEASE", "NEXUSHUB_PROCESS", "NEXUSHUB_REPLICA", "NEXUSHUB_JOB",
	"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
}

func checkEnv(f *tomlfile.File, key string, env map[string]string) {
	if len(env) > maxWords {
		f.Fault(key, "must not hold more than %d variables", maxWords)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		full := key + "." + name
		err := CheckVariable(name, env[name])
		switch {
		case !IsEnvName(name):
			f.Fault(full, "invalid name of an environment variable")
		case slices.Contains(reserved, name):
			f.Fault(full, "is set by NexusHub and cannot be changed")
		case err != nil:
			f.Fault(full, "%v", err)
		case strings.ContainsFunc(env[name], isControl):
			f.Fault(full, "must be one line without control characters")
		}
	}
}

// isControl is what no variable of a unit's Environment= may hold, as units checks again.
func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// Over returns base with everything that m sets laid over it. Env is merged.
func (m Manifest) Over(base Manifest) Manifest {
	out := base
	set(&out.Exec, m.Exec, m.Exec != nil)
	if len(m.Env) > 0 {
		out.Env = maps.Clone(base.Env)
		if out.Env == nil {
			out.Env = map[string]string{}
		}
		maps.Copy(out.Env, m.Env)
	}
	set(&out.Network, m.Network, m.Network != "")
	out.Health = m.Health.over(base.Health)
	out.Limits = m.Limits.over(base.Limits)
	set(&out.StopTimeout, m.StopTimeout, m.StopTimeout != 0)
	set(&out.Replace, m.Replace, m.Replace != "")
	set(&out.StateDir, m.StateDir, m.StateDir != nil)
	out.Sandbox = m.Sandbox.or(base.Sandbox)
	out.Services = m.Services.or(base.Services)
	set(&out.Static.Folder, m.Static.Folder, m.Static.Folder != "")
	out.Static.SPAFallback = m.Static.SPAFallback || base.Static.SPAFallback
	set(&out.Roles, m.Roles, m.Access != "") // of the access
	set(&out.Access, m.Access, m.Access != "")
	out.ProxyAll = m.ProxyAll || base.ProxyAll
	set(&out.IdleTimeout, m.IdleTimeout, m.IdleTimeout != 0)
	set(&out.Replicas, m.Replicas, m.Replicas != 0)
	out.Sticky = m.Sticky || base.Sticky
	out.Processes = processesOver(m.Processes, base.Processes)
	out.Jobs = jobsOver(m.Jobs, base.Jobs)
	out.Build = m.Build.Over(base.Build)
	set(&out.Release, m.Release, m.Release != nil)
	set(&out.ReleaseTimeout, m.ReleaseTimeout, m.ReleaseTimeout != 0)
	return out
}

func (l Limits) over(base Limits) Limits {
	set(&base.Memory, l.Memory, l.Memory != 0)
	set(&base.Tasks, l.Tasks, l.Tasks != 0)
	set(&base.CPU, l.CPU, l.CPU != 0)
	return base
}

func (h Health) over(base Health) Health {
	out := base
	set(&out.Type, h.Type, h.Type != "")
	set(&out.Path, h.Path, h.Path != "")
	set(&out.Interval, h.Interval, h.Interval != 0)
	set(&out.Timeout, h.Timeout, h.Timeout != 0)
	set(&out.Failures, h.Failures, h.Failures != 0)
	set(&out.StartPeriod, h.StartPeriod, h.StartPeriod != 0)
	return out
}

func (s Sandbox) or(o Sandbox) Sandbox {
	networks := o.Networks
	set(&networks, s.Networks, s.Networks != nil)
	return Sandbox{
		Networks:     networks,
		WritableCode: s.WritableCode || o.WritableCode,
		Network:      s.Network || o.Network,
		Internet:     s.Internet || o.Internet,
		Proc:         s.Proc || o.Proc,
		Namespaces:   s.Namespaces || o.Namespaces,
		Devices:      s.Devices || o.Devices,
		PrivilegedIO: s.PrivilegedIO || o.PrivilegedIO,
		ReadHome:     s.ReadHome || o.ReadHome,
	}
}

// Loosenings returns the sandbox settings that are loosened, by name, sorted.
func (s Sandbox) Loosenings() []string {
	var names []string
	for name, on := range map[string]bool{
		"writable_code": s.WritableCode, "network": s.Network, "internet": s.Internet, "proc": s.Proc, "namespaces": s.Namespaces,
		"devices": s.Devices, "privileged_io": s.PrivilegedIO, "read_home": s.ReadHome,
	} {
		if on {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Default is what an application gets that says nothing: its command is bin/app, it listens on
// $PORT and answers /api/status, and has bounds that no application of usual size meets.
func Default() Manifest {
	yes := true
	return Manifest{
		Exec: []string{"bin/app"}, Network: "port", Access: AccessAreas, Replace: "overlap", StateDir: &yes,
		StopTimeout: Duration(5 * time.Second),
		Limits:      Limits{Memory: 512 << 20, Tasks: 512},
		Health: Health{
			Type: "http", Path: "/api/status", Interval: Duration(10 * time.Second),
			Timeout: Duration(3 * time.Second), Failures: 2, StartPeriod: Duration(time.Minute),
		},
	}
}

func set[T any](dst *T, value T, given bool) {
	if given {
		*dst = value
	}
}
