package units_test

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/units"
)

// TestTrap07EveryProperty: the largest property set is accepted by this systemd.
func TestTrap07EveryProperty(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		sh(t, "mkdir -p /run/secret; echo A=1 >/run/secret/env; echo x >/run/secret/key")
		s := spec("everything")
		s.State, s.CPUQuota, s.WatchdogSec = "nexushub-apps/"+s.Instance, 50, 60
		s.EnvFiles, s.Credentials = []string{"/run/secret/env"}, map[string]string{"key": "/run/secret/key"}
		unit := start(t, m, s).Unit
		if got := sh(t, "systemctl show -p CPUQuotaPerSecUSec --value "+unit); got != "500ms" {
			t.Errorf("CPU quota %s", got)
		}
		c := m.Capabilities()
		t.Logf("systemd %d; missing: %s", c.Version, strings.Join(c.Missing(), "; "))
	})
}

// TestTrap08LiteralArguments: also after a reload and a restart.
func TestTrap08LiteralArguments(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		want := []string{"/bin/sh", "-c", "sleep 100000; :", "$HOME", "${X}", "$$", "%n", "%%", "a b", `\n`, `"quoted"`,
			"", "ü\ttab\nline", ";", "'", "`id`", "*?[a]", "#!&|<>()~", "k=v", "=24"}
		unit := start(t, m, spec("literal", want...)).Unit
		check := func(when string) {
			st := get(t, m, unit)
			lab.Eventually(t, "the helper has become the command "+when, func() error {
				b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", st.MainPID))
				got := strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00")
				return lab.Unless(err == nil && slices.Equal(got, want), "its arguments are %q (%v)", got, err)
			})
		}
		check("after the start")
		sh(t, "systemctl daemon-reload")
		if err := m.Restart(t.Context(), unit); err != nil {
			t.Fatal(err)
		}
		check("after a reload and a restart")
	})
}

// TestTrap08LiteralEnvironment: the same for values of variables.
func TestTrap08LiteralEnvironment(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		s := spec("literal-env", self, "serve")
		s.Env = map[string]string{
			"A": "$HOME ${X} $$ %n %% a b", "B": `\n "quoted" 'single' ; # ! ` + "`id`",
			"C": "", "D": "ü\ttab\nline", "E": "k=v", "F": `\`, "G": "a$;b",
		}
		unit := start(t, m, s).Unit
		check := func(when string) {
			for name, want := range s.Env {
				if got := ask(t, "tcp", "127.0.0.1:12345", "/env", "name", name); got != want {
					t.Errorf("%s: %s=%q, want %q", when, name, got, want)
				}
			}
		}
		check("after the start")
		sh(t, "systemctl daemon-reload")
		if err := m.Restart(t.Context(), unit); err != nil {
			t.Fatal(err)
		}
		check("after a reload and a restart")
	})
}

// TestTrap09Secrets: an unprivileged user looks everywhere for a secret the application has.
func TestTrap09Secrets(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		const canary = "canary-0f4c2a"
		sh(t, "install -d -m 700 /run/secret; umask 077; echo TOKEN="+canary+" >/run/secret/env; printf "+
			canary+" >/run/secret/key")
		s := spec("secret", self, "serve")
		s.EnvFiles, s.Credentials = []string{"/run/secret/env"}, map[string]string{"key": "/run/secret/key"}
		unit := start(t, m, s).Unit
		if got := ask(t, "tcp", "127.0.0.1:12345", "/env", "name", "TOKEN"); got != canary {
			t.Errorf("the application reads %q from its environment", got)
		}
		if got := ask(t, "tcp", "127.0.0.1:12345", "/read", "path",
			ask(t, "tcp", "127.0.0.1:12345", "/env", "name", "CREDENTIALS_DIRECTORY")+"/key"); got != canary {
			t.Errorf("the application reads %q from its credential", got)
		}
		seen := sh(t, `cat >/tmp/look <<'END'
systemctl show `+unit+`; systemctl cat `+unit+`; systemctl status `+unit+` --no-pager -l
cat /run/systemd/transient/* /run/systemd/units/*
for p in $(busctl --no-pager tree --list org.freedesktop.systemd1 2>/dev/null | grep nexushub); do
	busctl call org.freedesktop.systemd1 $p org.freedesktop.DBus.Properties GetAll s ""
done
cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /run/credentials/*/* /run/secret/*; journalctl --no-pager
END
setpriv --reuid=65534 --regid=65534 --clear-groups sh /tmp/look 2>&1 | tr '\0' '\n'`)
		if len(seen) < 2000 || !strings.Contains(seen, "MemoryMax") {
			t.Errorf("it did not look well:\n%s", seen)
		}
		if strings.Contains(seen, canary) {
			t.Error("an unprivileged user sees the secret")
		}
	})
}

// TestTrap10SocketSurvivesCrashes: no limit closes the socket, and it recovers alone.
func TestTrap10SocketSurvivesCrashes(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		sh(t, "groupadd -rf _nexushub-proxy; mkdir -p /run/flags")
		s := spec("crashes", "/bin/sh", "-c", "[ -e /run/flags/fixed ] && exec "+self+" serve; exit 1")
		s.Network = units.NetworkSocket
		if err := m.Start(t.Context(), s, place(s)); err != nil {
			t.Fatal(err)
		}
		path := units.SocketPath(s.UnitName())
		limit := time.After(6 * time.Second)
		for accepted := 0; ; accepted++ {
			c, err := net.Dial("unix", path)
			if err != nil {
				t.Fatalf("after %d connections: %v", accepted, err)
			}
			c.Close()
			select {
			case <-time.After(5 * time.Millisecond):
				continue
			case <-limit:
			}
			t.Logf("%d connections accepted while it crashed", accepted)
			break
		}
		sh(t, "touch /run/flags/fixed")
		if got := ask(t, "unix", path, "/env", "name", "HOST"); got != s.HostName {
			t.Errorf("it answers %q", got)
		}
	})
}

// TestTrap11StopStaysStopped: under load, with connections waiting in the queue.
func TestTrap11StopStaysStopped(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		sh(t, "groupadd -rf _nexushub-proxy")
		s := spec("stops", self, "serve")
		s.Network = units.NetworkSocket
		for range 5 {
			unit := start(t, m, s).Unit
			var over atomic.Bool
			done := make(chan struct{})
			go func() {
				defer close(done)
				for !over.Load() {
					if c, err := net.Dial("unix", units.SocketPath(unit)); err == nil {
						c.Close()
					}
				}
			}()
			stop(t, m, unit)
			if got := sh(t, "systemctl list-units --state=active,activating,deactivating --no-legend --plain 'nexushub-app-*'"); got != "" {
				t.Errorf("after the stop: %s", got)
			}
			over.Store(true)
			<-done
		}
		nothingLeft(t)
	})
}

// TestTrap19PromisesAreKept: what the capabilities do not disclaim is enforced.
func TestTrap19PromisesAreKept(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		caps := m.Capabilities()
		missing := strings.Join(caps.Missing(), "\n")
		sh(t, "ip address add 10.99.0.1/24 dev lo 2>/dev/null || true") // an address beyond 127.0.0.0/8
		l, err := net.Listen("tcp", "10.99.0.1:7777")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		s := spec("promises", self, "serve")
		s.MemoryMax, s.TasksMax = 64<<20, 32
		unit := start(t, m, s).Unit
		const at = "127.0.0.1:12345"
		reached := ask(t, "tcp", at, "/dial", "to", "10.99.0.1:7777") == "<nil>"
		if reached == caps.IPFilters {
			t.Errorf("beyond the loopback: reached %v, filters claimed %v (%s)", reached, caps.IPFilters, missing)
		}
		before := get(t, m, unit)
		sh(t, "curl -s -m 20 'http://"+at+"/eat?mib=200' >/dev/null || true")
		killed := func() bool { return get(t, m, unit).LastExit.PID == before.MainPID }
		if caps.Limits {
			lab.Eventually(t, "the application is killed at its memory limit", func() error {
				return lab.Unless(killed(), "it runs, as PID %d", before.MainPID)
			})
			t.Logf("it ended: %s", get(t, m, unit).LastExit)
		} else if killed() {
			t.Error("killed, and no limits are claimed")
		}
		t.Logf("missing: %s", missing)
	})
}
