package units

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/termtext"
)

// propertyMap is a set of D-Bus properties whose values are checked when they are taken: a
// missing one, or one of another type, is the zero value and never a panic.
type propertyMap map[string]dbus.Variant

func take[T any](b propertyMap, name string) T {
	v, _ := b[name].Value().(T)
	return v
}

func (b propertyMap) text(name string) string { return take[string](b, name) }

// timestamp reads microseconds since 1970; 0 is "never".
func (b propertyMap) timestamp(name string) time.Time { return timestamp(take[uint64](b, name)) }

func timestamp(t uint64) time.Time {
	if t == 0 || t > math.MaxInt64 {
		return time.Time{}
	}
	return time.UnixMicro(int64(t))
}

// number reads a number for which systemd says "unset" by its largest value.
func (b propertyMap) number(name string) uint64 {
	if n := take[uint64](b, name); n != math.MaxUint64 {
		return n
	}
	return 0
}

// duration reads a time limit. "Without end" is an hour here, so that our waiting ends too.
func (b propertyMap) duration(name string) time.Duration {
	return time.Duration(min(take[uint64](b, name), uint64(time.Hour.Microseconds()))) * time.Microsecond
}

// status decodes a row of the list and the properties that go with it.
func (b propertyMap) status(r row) Status {
	s := Status{
		Unit: r.Name, LoadState: r.Load, ActiveState: r.Active, SubState: r.Sub, Job: r.job(), Result: b.text("Result"),
		Invocation: hex.EncodeToString(take[[]byte](b, "InvocationID")),
		Since:      b.timestamp("StateChangeTimestamp"), ActiveAt: b.timestamp("ActiveEnterTimestamp"),
		UID: b.uid(), MainPID: int(take[uint32](b, "MainPID")), StartedAt: b.timestamp("ExecMainStartTimestamp"),
		NRestarts: int(take[uint32](b, "NRestarts")), StatusText: termtext.Text(b.text("StatusText")),
		ControlGroup: b.text("ControlGroup"), DropIns: take[[]string](b, "DropInPaths"),
		Memory: b.number("MemoryCurrent"), CPUNSec: b.number("CPUUsageNSec"), Tasks: b.number("TasksCurrent"),
		Fragment: b.text("FragmentPath"), StartTimeout: b.duration("TimeoutStartUSec"),
		StopTimeout: b.duration("TimeoutStopUSec"),
	}
	s.LastExit = b.exit()
	s.owner(take[[][]byte](b, "LogExtraFields"))
	return s
}

// uid is that of a dynamic user; systemd says the largest value for "none".
func (b propertyMap) uid() uint32 {
	if uid := take[uint32](b, "UID"); uid != math.MaxUint32 {
		return uid
	}
	return 0
}

// exit decodes the end of the main process, the zero value where it runs.
func (b propertyMap) exit() Exit {
	at := b.timestamp("ExecMainExitTimestamp")
	if at.IsZero() {
		return Exit{}
	}
	return Exit{
		At: at, PID: int(take[uint32](b, "ExecMainPID")), Code: int(take[int32](b, "ExecMainCode")),
		Status: int(take[int32](b, "ExecMainStatus")), Result: b.text("Result"),
	}
}

// main decodes the main process.
func (b propertyMap) main() main {
	return main{pid: int(take[uint32](b, "MainPID")), startedAt: b.timestamp("ExecMainStartTimestamp"),
		text: termtext.Text(b.text("StatusText"))}
}

func (s *Status) owner(fields [][]byte) {
	into := map[string]*string{
		"NEXUSHUB_APP": &s.App, "NEXUSHUB_INSTANCE": &s.Instance, "NEXUSHUB_RELEASE": &s.Release,
		"NEXUSHUB_REVISION": &s.Revision, "NEXUSHUB_KIND": &s.Kind, "NEXUSHUB_HOST": &s.Host, "NEXUSHUB_NETWORK": &s.Network,
		"NEXUSHUB_INSTALLED_BY": &s.InstalledBy, processVariable: &s.Process,
		jobVariable: &s.JobName, "NEXUSHUB_DEFINITION": &s.Definition,
	}
	s.Process, s.Replica = manifest.Web, 1
	for _, f := range fields {
		name, value, _ := strings.Cut(string(f), "=")
		if p := into[name]; p != nil {
			*p = value
		}
		switch name {
		case "NEXUSHUB_PORT":
			s.Port, _ = strconv.Atoi(value)
		case replicaVariable:
			s.Replica, _ = strconv.Atoi(value)
		case "NEXUSHUB_SANDBOX":
			s.Sandbox, _ = strconv.Atoi(value)
		}
	}
}
