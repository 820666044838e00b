package units

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What a unit is of an application that has more than one: of the journal and of its environment.
// Nothing means web, 1.
const (
	processVariable = "NEXUSHUB_PROCESS"
	replicaVariable = "NEXUSHUB_REPLICA"
)

// PID 1 brings an application back even while the agent is away: at once, so that of four replicas
// that crash one after the other most are there, and where it can (systemd 254), after a pause that
// grows with each restart.
const (
	restartDelay    = 500 * time.Millisecond
	restartSteps    = 5
	restartMaxDelay = 15 * time.Second
	// socketRestartDelay is where connections wait in a socket meanwhile: a crash loop there is PID 1's
	// alone, for to take it over would close the socket.
	socketRestartDelay = 2 * time.Second
)

// Properties turns a Spec into the properties of the service that runs it. It is pure, but
// for a command that is a bare name, which is looked for on this host. Errors wrap ErrSpec.
// Source of names and types: org.freedesktop.systemd1(5), dbus-execute.c, dbus-cgroup.c.
func Properties(s Spec, place Placement, caps Capabilities) ([]Property, error) {
	if err := s.check(place); err != nil {
		return nil, err
	}
	argv, err := s.Command(place)
	if err != nil {
		return nil, err
	}
	var p properties
	s.identity(&p, place)
	s.lifecycle(&p, caps)
	s.command(&p, argv, place, caps)
	s.secrets(&p)
	s.limits(&p, caps)
	s.sandbox(&p, place)
	return caps.supported(p), nil
}

func (s Spec) identity(p *properties, place Placement) {
	p.set("Description", s.description())
	p.set("Slice", Slice)
	p.set("CollectMode", "inactive") // a failed unit stays to be read
	p.set("AddRef", true)            // so does a finished one, while we are connected
	p.set("Before", []string{"nexushub-apps.target"})
	s.afterDatabase(p)
	p.set("LogExtraFields", s.fields(place))
}

func (s Spec) description() string {
	if s.first() {
		return "NexusHub application " + s.HostName
	}
	return "NexusHub application " + s.HostName + ", " + Part(s.ProcessName(), s.ReplicaNumber())
}

// fields let the agent rebuild its table from PID 1 alone.
func (s Spec) fields(place Placement) [][]byte {
	var out [][]byte
	add := func(name, value string) { out = append(out, []byte(name+"="+value)) }
	add("NEXUSHUB_APP", s.Name)
	add("NEXUSHUB_INSTANCE", s.Instance)
	add("NEXUSHUB_RELEASE", s.Release)
	add("NEXUSHUB_REVISION", s.Revision())
	add("NEXUSHUB_KIND", s.Kind)
	add("NEXUSHUB_HOST", s.HostName)
	add("NEXUSHUB_NETWORK", s.Network)
	add("NEXUSHUB_SANDBOX", strconv.Itoa(SandboxVersion)) // what it gets, whatever the Spec says
	add("NEXUSHUB_PORT", strconv.Itoa(place.Port))
	if s.InstalledBy != "" {
		add("NEXUSHUB_INSTALLED_BY", s.InstalledBy)
	}
	if !s.first() {
		add(processVariable, s.ProcessName())
		add(replicaVariable, strconv.Itoa(s.ReplicaNumber()))
	}
	return out
}

func (s Spec) lifecycle(p *properties, caps Capabilities) {
	p.set("Type", map[bool]string{false: "exec", true: "notify"}[s.Notify])
	p.set("NotifyAccess", map[bool]string{false: "none", true: "main"}[s.Notify]) // none: no NOTIFY_SOCKET either
	if s.WatchdogSec > 0 {
		p.set("WatchdogUSec", usec(s.WatchdogSec))
	}
	p.set("Restart", "always") // on-failure takes a SIGTERM from outside for a clean exit
	p.set("RestartUSec", uint64(s.restartDelay().Microseconds()))
	p.set("RestartSteps", uint32(restartSteps))
	p.set("RestartMaxDelayUSec", uint64(restartMaxDelay.Microseconds()))
	p.set("StartLimitIntervalUSec", uint64(0)) // a limit would close the socket for good
	p.set("TimeoutStartUSec", usec(s.StartSec))
	p.set("TimeoutStopUSec", usec(s.StopSec))
	p.set("KillMode", "mixed")
	if caps.UnifiedCgroups {
		p.set("OOMPolicy", "kill") // nothing half alive stays behind
	}
}

func (s Spec) restartDelay() time.Duration {
	if s.HasSocket() {
		return socketRestartDelay
	}
	return restartDelay
}

func (s Spec) command(p *properties, argv []string, place Placement, caps Capabilities) {
	p.set("WorkingDirectory", s.root())
	p.set("Environment", s.environment(place))
	p.set("SyslogIdentifier", s.Name)
	p.set("SyslogLevelPrefix", false) // "<3>" is the application's text, not ours to cut
	argv = caps.separateStderr(argv, s.Name)
	p.set("ExecStart", []execCommand{literal(argv)})
}

// literal keeps PID 1 from putting variables into the arguments, should the helper not
// have quoted them. ExecStartEx has a flag for that, but systemd 252 writes it to the
// unit's file under that name, which it cannot read again: after a daemon-reload no such
// unit could be restarted.
func literal(argv []string) execCommand {
	c := execCommand{Path: argv[0]}
	for _, arg := range argv {
		c.Argv = append(c.Argv, strings.ReplaceAll(arg, "$", "$$"))
	}
	return c
}

// root is the folder of the release as the application sees it.
func (s Spec) root() string {
	if s.Network == NetworkGuest {
		return guestApp
	}
	return s.Directory
}

// environment: what programs expect of any user's, then the application's own, then what
// only we can know.
func (s Spec) environment(place Placement) []string {
	// Caches go where they end with the application and are in no backup.
	out := []string{"HOME=" + s.home(), "LANG=C.UTF-8", "XDG_CACHE_HOME=/tmp/cache"}
	out = append(out, sortedVariables(s.configured())...)
	out = append(out, sortedVariables(s.host())...)
	out = append(out, "INSTANCE_ID="+s.Instance, "NEXUSHUB_RELEASE="+s.Release)
	if port := s.port(place); port != "" {
		out = append(out, "PORT="+port)
	}
	if !s.first() {
		out = append(out, processVariable+"="+s.ProcessName(), fmt.Sprintf("%s=%d", replicaVariable, s.ReplicaNumber()))
	}
	return out
}

func sortedVariables(env map[string]string) (out []string) {
	for _, k := range slices.Sorted(maps.Keys(env)) {
		out = append(out, k+"="+env[k])
	}
	return out
}

// home is where the application may write what is to stay.
func (s Spec) home() string {
	switch {
	case s.State == "":
		return "/tmp"
	case s.Network == NetworkGuest:
		return guestState
	default:
		return "/var/lib/" + s.State
	}
}

// secrets are named by the files that hold them: a property is readable by every user.
func (s Spec) secrets(p *properties) {
	if len(s.EnvFiles) > 0 {
		files := make([]envFile, len(s.EnvFiles))
		for i, f := range s.EnvFiles {
			files[i] = envFile{Path: f}
		}
		p.set("EnvironmentFiles", files)
	}
	if len(s.Credentials) > 0 {
		var creds []credential
		for _, id := range slices.Sorted(maps.Keys(s.Credentials)) {
			creds = append(creds, credential{ID: id, Path: s.Credentials[id]})
		}
		p.set("LoadCredential", creds)
	}
}

func (s Spec) limits(p *properties, caps Capabilities) {
	if s.State != "" {
		p.set("StateDirectory", []string{s.State})
		p.set("StateDirectoryMode", uint32(0o700))
	}
	p.set("CPUAccounting", true)
	p.set("LimitNOFILE", uint64(65536))
	p.set("LimitNOFILESoft", uint64(65536))
	if s.MemoryMax > 0 {
		p.set("MemoryMax", s.MemoryMax)
	}
	if s.MemoryMax > 0 && caps.UnifiedCgroups {
		p.set("MemoryHigh", s.MemoryMax/10*9) // reclaim before killing
	}
	if s.TasksMax > 0 {
		p.set("TasksMax", s.TasksMax)
	}
	if s.CPUQuota > 0 {
		// whole percent, because the unit's file keeps no more over a daemon-reload
		p.set("CPUQuotaPerSecUSec", uint64(s.CPUQuota)*10_000)
	}
}

// usec turns seconds into microseconds; 0 means without end.
func usec(seconds float64) uint64 {
	if seconds == 0 {
		return math.MaxUint64
	}
	return uint64(seconds * 1e6)
}
