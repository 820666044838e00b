package units_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/units"
)

var score = regexp.MustCompile(`Overall exposure level for .*: ([0-9.]+)`)

func exposure(t *testing.T, unit string) float64 {
	t.Helper()
	out := sh(t, "systemd-analyze security --no-pager "+unit)
	found := score.FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("no score in:\n%s", out)
	}
	n, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSandbox: the default scores well, and with every loosening the unit still starts.
func TestSandbox(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		for loosening, limit := range map[string]float64{
			"": 1.1, "writable_code": 1.1, "network": 1.2, "proc": 1.1, "namespaces": 2.0, "devices": 1.5, "privileged_io": 1.2, "read_home": 1.2,
		} {
			s := spec("sandbox")
			s.State = "nexushub-apps/" + s.Instance
			if loosening != "" {
				s.Loosen = []string{loosening}
			}
			unit := start(t, m, s).Unit
			got := exposure(t, unit)
			t.Logf("exposure %q: %.1f", loosening, got)
			if got > limit {
				t.Errorf("exposure with %q is %.1f, want at most %.1f", loosening, got, limit)
			}
			stop(t, m, unit)
		}
	})
}

// ofOthers is what /proc would tell of the host's other users.
var ofOthers = []string{"/proc/locks", "/proc/sysvipc/shm", "/proc/interrupts", "/proc/cmdline", "/proc/modules",
	"/proc/diskstats", "/proc/partitions", "/proc/keys",
	"/proc/key-users", "/proc/kallsyms", "/proc/1/status"}

// TestOrdinaryProcess: an application does what programs do without a thought, sees what
// runtimes look for, and may be no more than it is.
func TestOrdinaryProcess(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		sh(t, "groupadd -rf _nexushub-proxy")
		refused := []string{"become root", "give away its files"}
		for _, network := range []string{units.NetworkPort, units.NetworkGuest, units.NetworkSocket} {
			s := spec("ordinary", self, "serve")
			s.Network, s.Domain, s.ProxyPort, s.MemoryMax = network, "yesterday.localhost", 8443, memoryMax
			s.State = "nexushub-apps/" + s.Instance
			unit := start(t, m, s).Unit
			kind, at := "tcp", "127.0.0.1:12345"
			if network == units.NetworkSocket {
				kind, at = "unix", units.SocketPath(unit)
			}
			for what := range tries {
				mayNot := slices.Contains(refused, what) || network == units.NetworkSocket && what == "list interfaces"
				if got := ask(t, kind, at, "/try", "what", what); (got != "<nil>") != mayNot {
					t.Errorf("%s: %s: %s", network, what, got)
				}
			}
			for _, file := range []string{"/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/uptime",
				"/proc/sys/kernel/random/uuid", "/proc/sys/net/core/somaxconn"} {
				if got := ask(t, kind, at, "/read", "path", file); got == "" || strings.HasPrefix(got, "open ") {
					t.Errorf("%s: %s: %s", network, file, got)
				}
			}
			for _, file := range ofOthers {
				if got := ask(t, kind, at, "/read", "path", file); !strings.HasPrefix(got, "open ") {
					t.Errorf("%s: %s can be read: %s", network, file, got)
				}
			}
			t.Logf("exposure of %s: %.1f", network, exposure(t, unit))
			stop(t, m, unit)
		}
	})
}

// TestReleaseAnywhere: a developer's folder is seen although /home and /tmp are not.
func TestReleaseAnywhere(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		for _, dir := range []string{"/home/dev/app", "/root/app", "/tmp/app", "/var/tmp/app", "/srv/app"} {
			sh(t, "mkdir -p "+dir+"/bin; cp "+self+" "+dir+"/bin/app")
			s := spec("anywhere", "bin/app", "serve")
			s.Directory = dir
			unit := start(t, m, s).Unit
			if got := ask(t, "tcp", "127.0.0.1:12345", "/env", "name", "HOST"); got != s.HostName {
				t.Errorf("%s: %q", dir, got)
			}
			stop(t, m, unit)
		}
	})
}

// TestTrap14Streams: stdout and stderr arrive apart, over a restart too, and "<3>" is text.
func TestTrap14Streams(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		if m.Capabilities().ExecHelper == "" {
			t.Fatal("the helper is not found")
		}
		s := spec("streams", "/bin/sh", "-c", "echo '<3>out'; echo err >&2; sleep 100000")
		unit := start(t, m, s).Unit
		count := func(priority, text string) string {
			return sh(t, "journalctl --sync; journalctl -o cat _SYSTEMD_UNIT="+unit+" PRIORITY="+
				priority+" SYSLOG_IDENTIFIER=streams NEXUSHUB_INSTANCE="+s.Instance+" | grep -cxF '"+text+"' || true")
		}
		eachHas := func(n string) func() error {
			return func() error {
				stdout, stderr := count("6", "<3>out"), count("4", "err")
				return lab.Unless(stdout == n && stderr == n, "%s lines of stdout, %s of stderr", stdout, stderr)
			}
		}
		lab.Eventually(t, "the journal has a line of each stream", eachHas("1"))
		if err := m.Restart(t.Context(), unit); err != nil {
			t.Fatal(err)
		}
		lab.Eventually(t, "the journal has a second line of each stream", eachHas("2"))
		stop(t, m, unit)
	})
}

// forEverybody are where the sockets are that every user of the host is to have: logs, and
// the names of users.
var forEverybody = []string{"/run/systemd/journal/", "/run/systemd/userdb/"}

// TestClosedSockets: no loosening, nor all of them together, opens what is root's or the
// host's under /run, and only who promised to notify has the socket for it.
func TestClosedSockets(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		sh(t, "mkdir -p /run/nexushub; touch /run/nexushub/proof; chmod 777 /run/nexushub")
		for _, notifies := range []bool{false, true} {
			s := spec("closed", self, "serve")
			s.Notify = notifies
			s.Loosen = []string{"devices", "namespaces", "network", "privileged_io", "proc", "read_home",
				"writable_code"}
			unit := start(t, m, s).Unit
			ask := func(path string, query ...string) string { return ask(t, "tcp", "127.0.0.1:12345", path, query...) }
			for _, socket := range []string{"/run/dbus/system_bus_socket", "/var/run/dbus/system_bus_socket",
				"/run/systemd/private"} {
				if got := ask("/connect", "kind", "unix", "path", socket); got == "<nil>" {
					t.Errorf("%s is open", socket)
				}
			}
			for _, socket := range strings.Fields(sh(t, "find /run -type s")) {
				if got := ask("/connect", "kind", "unix", "path", socket); got == "<nil>" &&
					!slices.ContainsFunc(forEverybody,
						func(dir string) bool { return strings.HasPrefix(socket, dir) }) {
					t.Errorf("%s is open: is it for everybody to try? (units.closed)", socket)
				}
			}
			for _, file := range []string{"/run/nexushub/proof", "/run/systemd/transient/" + unit} {
				if got := ask("/read", "path", file); !strings.Contains(got, "permission denied") &&
					!strings.Contains(got, "no such file") {
					t.Errorf("%s can be read: %s", file, got)
				}
			}
			if open := ask("/connect", "kind", "unixgram", "path", "/run/systemd/notify") == "<nil>"; open != notifies {
				t.Errorf("notify %v: the socket is open: %v", notifies, open)
			}
			if told := ask("/env", "name", "NOTIFY_SOCKET") != ""; told != notifies {
				t.Errorf("notify %v: NOTIFY_SOCKET is set: %v", notifies, told)
			}
			stop(t, m, unit)
		}
	})
}
