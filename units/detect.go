package units

import (
	"context"
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
	if err := m.callOn(ctx, l, systemdPath, propsFace+".GetAll", []any{"org.freedesktop.systemd1.Manager"}, &props); err != nil {
		return Capabilities{}, err
	}
	b := bag(props)
	version, err := parseVersion(b.text("Version"))
	if err != nil {
		return Capabilities{}, err
	}
	return Capabilities{
		Version: version, VersionText: b.text("Version"), Features: b.text("Features"),
		Virtualization: b.text("Virtualization"), UnifiedCgroups: unifiedCgroups(),
		Limits: m.limitsWork(ctx, l), PrivateNetwork: hasNetAdmin("/proc/1/status"),
		ExecHelper: firstFile(execHelpers), SocketProxy: firstFile(socketProxies),
	}, nil
}

func unifiedCgroups() bool {
	var fs unix.Statfs_t
	return unix.Statfs("/sys/fs/cgroup", &fs) == nil && fs.Type == unix.CGROUP2_SUPER_MAGIC
}

// limitsWork asks for the memory of system.slice, which PID 1 accounts by default: no
// figure means no controller, and then no limit either.
func (m *Manager) limitsWork(ctx context.Context, l *link) bool {
	var v dbus.Variant
	err := m.callOn(ctx, l, unitPath("system.slice"), propsFace+".Get", []any{"org.freedesktop.systemd1.Slice", "MemoryCurrent"}, &v)
	n, ok := v.Value().(uint64)
	return err == nil && ok && n != math.MaxUint64
}

// hasNetAdmin: without CAP_NET_ADMIN in its bounding set PID 1 silently leaves
// PrivateNetwork= out. Where the file cannot be read, this is an ordinary host.
func hasNetAdmin(status string) bool {
	b, err := os.ReadFile(status)
	if err != nil {
		return true
	}
	for _, line := range strings.Split(string(b), "\n") {
		if set, ok := strings.CutPrefix(line, "CapBnd:"); ok {
			caps, err := strconv.ParseUint(strings.TrimSpace(set), 16, 64)
			return err != nil || caps&(1<<unix.CAP_NET_ADMIN) != 0
		}
	}
	return true
}

func firstFile(paths []string) string {
	for _, p := range paths {
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			return p
		}
	}
	return ""
}
