package units

import (
	"context"
	"errors"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

// Where the programs lie that transient units are made with, best first.
var (
	execHelpers   = []string{"/usr/lib/nexushub/nexushub-exec", "/usr/bin/systemd-cat"}
	socketProxies = []string{"/usr/lib/systemd/systemd-socket-proxyd", "/lib/systemd/systemd-socket-proxyd"}
)

// detect asks PID 1 what it is. What it says about itself holds also where our own
// sandbox hides the files that would tell.
func (m *Manager) detect(ctx context.Context, l *link) (Capabilities, error) {
	var props map[string]dbus.Variant
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := m.callOn(ctx, l, systemdPath, propertiesInterface+".GetAll", []any{"org.freedesktop.systemd1.Manager"},
		&props); err != nil {
		return Capabilities{}, err
	}
	b := propertyMap(props)
	version, err := parseVersion(b.text("Version"))
	if err != nil {
		return Capabilities{}, err
	}
	limits, err := m.limitsWork(ctx, l)
	if err != nil {
		return Capabilities{}, err
	}
	caps := Capabilities{
		Version: version, VersionText: b.text("Version"), Features: b.text("Features"),
		Virtualization: b.text("Virtualization"), UnifiedCgroups: cgroup2("/sys/fs/cgroup"),
		Limits: limits, ExecHelper: firstFile(execHelpers), SocketProxy: firstFile(socketProxies),
	}
	// Without these PID 1 leaves the settings out and only logs it.
	caps.PrivateNetwork = canHave(unix.CAP_NET_ADMIN)
	caps.IPFilters = cgroup2("/sys/fs/cgroup", "/sys/fs/cgroup/unified") && (!caps.inContainer() || canHave(unix.CAP_BPF))
	return caps, nil
}

// cgroup2 says whether a cgroup v2 tree is mounted at one of the paths.
func cgroup2(paths ...string) bool {
	var fs unix.Statfs_t
	for _, p := range paths {
		if unix.Statfs(p, &fs) == nil && fs.Type == unix.CGROUP2_SUPER_MAGIC {
			return true
		}
	}
	return false
}

// limitsWork asks for the memory of system.slice, which PID 1 accounts by default: no
// figure means no controller, and then no limit either.
func (m *Manager) limitsWork(ctx context.Context, l *link) (bool, error) {
	var v dbus.Variant
	err := m.callOn(ctx, l, unitPath("system.slice"), propertiesInterface+".Get",
		[]any{"org.freedesktop.systemd1.Slice", "MemoryCurrent"}, &v)
	if errors.Is(err, ErrDisconnected) {
		return false, err // a lost answer is not a no
	}
	n, ok := v.Value().(uint64)
	return err == nil && ok && n != math.MaxUint64, nil
}

// canHave says whether PID 1 can have a capability at all. Where its status cannot be
// read, this is an ordinary host.
func canHave(capability int) bool {
	b, err := os.ReadFile("/proc/1/status")
	if err != nil {
		return true
	}
	_, rest, found := strings.Cut(string(b), "\nCapBnd:")
	set, _, _ := strings.Cut(rest, "\n")
	caps, err := strconv.ParseUint(strings.TrimSpace(set), 16, 64)
	return !found || err != nil || caps&(1<<capability) != 0
}

func firstFile(paths []string) string {
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			return p
		}
	}
	return ""
}
