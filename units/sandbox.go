package units

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// SandboxVersion is raised whenever the properties that a Spec becomes change, so that
// what runs in an earlier sandbox is replaced after an upgrade. testdata/sandbox-versions
// records what belongs to each; 0 is a unit that does not say.
const SandboxVersion = 4

// closed is what listens or lies under /run for root and the services of the host. Most
// of it refuses applications by its own rules, the bus only by what its configuration and
// the host's name services make of a dynamic user: that is not for an application to try.
// The sockets io.system*.* are those of PID 1 and, from 257 on, of services that it starts
// for each caller.
var closed = []string{
	"-/run/dbus", "-/run/systemd/private", "-/run/systemd/transient", "-/run/nexushub", "-/run/nexushub-proxy",
	"-/run/systemd/io.system.ManagedOOM", "-/run/systemd/io.systemd.ManagedOOM", "-/run/systemd/io.systemd.Manager",
	"-/run/systemd/io.systemd.Credentials", "-/run/systemd/io.systemd.Hostname",
}

// notifySocket is where PID 1 takes notifications, from whoever it asked for them.
const notifySocket = "-/run/systemd/notify"

// otherUsers is what /proc tells of the host's devices and other users: what container
// runtimes mask by default, and lists of everybody's locks, shared memory and disks. The
// rest is left to be read, because runtimes look there for processors and their limits.
// Each line costs a mount at every start, but for the first three, which are mounted anyway.
var otherUsers = []string{
	"/proc/acpi", "/proc/asound", "/proc/scsi",
	"/proc/cmdline", "/proc/diskstats", "/proc/interrupts", "/proc/key-users", "/proc/keys",
	"/proc/locks", "/proc/modules", "/proc/partitions", "/proc/sysvipc",
}

// sandbox appends the default ladder minus what the Spec loosens by name. DynamicUser
// implies ProtectSystem=strict, PrivateTmp, RemoveIPC, NoNewPrivileges and
// RestrictSUIDSGID, so these are not repeated: each line sent twice costs a start twice.
func (s Spec) sandbox(p *properties, place Placement) {
	p.set("DynamicUser", true)
	p.set("User", s.user())
	p.set("UMask", uint32(0o077))
	s.capabilities(p)
	s.files(p)
	s.kernel(p)
	s.systemCalls(p)
	s.addresses(p, place)
}

// capabilities: none, except that a guest may bind port 80 of its own namespace.
func (s Spec) capabilities(p *properties) {
	const netBindService = uint64(1) << 10
	if s.Network == NetworkGuest {
		p.set("CapabilityBoundingSet", netBindService)
		p.set("AmbientCapabilities", netBindService)
		return
	}
	p.set("CapabilityBoundingSet", uint64(0))
	p.set("PrivateUsers", true) // hides other users' uids, but forbids ports below 1024
}

func (s Spec) files(p *properties) {
	switch {
	case s.Network == NetworkGuest:
		s.guestFiles(p)
	case homeOf(s.Directory) != "":
		p.set("ProtectHome", "tmpfs") // so that the release can be mounted into it
		// since 257 the tmpfs has the mode of what it hides, and /root is closed
		p.set("TemporaryFileSystem", []tmpfs{{homeOf(s.Directory), "ro,mode=0755"}})
		p.set("BindReadOnlyPaths", []bindMount{{Source: s.Directory, Target: s.Directory}})
	case !s.loosened("read_home"): // else read-only, by DynamicUser
		p.set("ProtectHome", "yes")
	}
	if under(s.Directory, "/tmp", "/var/tmp") && s.Network != NetworkGuest {
		p.set("BindReadOnlyPaths", []bindMount{{Source: s.Directory, Target: s.Directory}})
	}
	if hidden := s.inaccessible(); len(hidden) > 0 {
		p.set("InaccessiblePaths", hidden)
	}
	p.set("ProtectProc", "invisible")
}

// inaccessible: of what lies under /run, nothing is opened by a loosening.
func (s Spec) inaccessible() []string {
	var out []string
	if s.Network != NetworkGuest { // a guest sees of /run only what is mounted there
		out = slices.Clone(closed)
		if !s.Notify {
			out = append(out, notifySocket)
		}
	}
	if s.loosened("proc") {
		return out
	}
	for _, path := range otherUsers {
		if s.Network == NetworkGuest {
			path = "+" + path // below its own root
		}
		out = append(out, "-"+path)
	}
	return out
}

func (s Spec) kernel(p *properties) {
	if !s.loosened("devices") {
		p.set("PrivateDevices", true)
		p.set("ProtectClock", true) // closes /dev but for the clock, so not with devices
	}
	p.set("ProtectKernelTunables", true)
	p.set("ProtectKernelModules", true)
	p.set("ProtectKernelLogs", true)
	p.set("ProtectControlGroups", true)
	p.set("ProtectHostname", true)
	p.set("RestrictRealtime", true)
	p.set("LockPersonality", true)
	if !s.loosened("namespaces") {
		p.set("RestrictNamespaces", noNamespaces)
	}
	if !s.loosened("writable_code") {
		p.set("MemoryDenyWriteExecute", true)
	}
}

// noNamespaces is the mask of the kinds allowed. An empty one PID 1 writes to the unit's
// file as "RestrictNamespaces=", which it takes for no restriction at all when it reads
// the file after a daemon-reload (252 to 257). Of a host name space nobody has use who
// lacks CAP_SYS_ADMIN and can have no user namespace to get it in.
const noNamespaces = uint64(unix.CLONE_NEWUTS)

// systemCalls: an allow list, then what is taken away from it. A refused call answers
// EPERM instead of killing, so that a runtime which only tries can go on.
func (s Spec) systemCalls(p *properties) {
	allow := []string{"@system-service"}
	if s.loosened("namespaces") {
		allow = append(allow, "@mount", "chroot", "pivot_root")
	}
	var deny []string
	if !s.loosened("namespaces") {
		// All that @system-service has of @privileged besides @chown and @setuid: these
		// change an unprivileged process only within what it is and owns already, and
		// servers do that (gunicorn its own user, log rotation its own files).
		deny = append(deny, "capset")
	}
	if !s.loosened("privileged_io") {
		deny = append(deny, "@resources")
	}
	p.set("SystemCallArchitectures", []string{"native"})
	p.set("SystemCallFilter", filter{Allow: true, Names: allow})
	if deny != nil {
		p.set("SystemCallFilter", filter{Names: deny})
	}
	p.set("SystemCallErrorNumber", int32(1)) // EPERM
}

// homeOf is which of the folders that ProtectHome hides holds a path.
func homeOf(path string) string {
	for _, home := range []string{"/home", "/root", "/run/user"} {
		if under(path, home) {
			return home
		}
	}
	return ""
}

func under(path string, roots ...string) bool {
	for _, r := range roots {
		if path == r || strings.HasPrefix(path, r+"/") {
			return true
		}
	}
	return false
}
