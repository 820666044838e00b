package units_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/units"
)

// many starts n small applications at once.
func many(t *testing.T, m *units.Manager, n int, argv ...string) []units.Spec {
	t.Helper()
	specs := make([]units.Spec, n)
	var all sync.WaitGroup
	for i := range n {
		s := spec(fmt.Sprintf("m%d", i), argv...)
		specs[i] = s
		all.Go(func() {
			if err := m.Start(t.Context(), s, place(s)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return specs
}

// runs tells which run of each unit is up.
func runs(t *testing.T, m *units.Manager) map[string]string {
	t.Helper()
	list, err := m.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, s := range list {
		if s.Running() {
			out[s.Unit] = fmt.Sprint(s.Invocation, s.MainPID)
		}
	}
	return out
}

// TestTrap03Reload: reloads and re-executions of PID 1 change nothing that we see.
func TestTrap03Reload(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		many(t, m, 30)
		before := fmt.Sprint(runs(t, m))
		for range 20 {
			sh(t, "systemctl daemon-reload")
			if after := fmt.Sprint(runs(t, m)); after != before {
				t.Fatalf("after a reload:\n%s\nbefore:\n%s", after, before)
			}
		}
		for range 3 {
			sh(t, "systemctl daemon-reexec")
			if after := fmt.Sprint(runs(t, m)); after != before {
				t.Fatalf("after a re-execution:\n%s\nbefore:\n%s", after, before)
			}
		}
		if err := m.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestTrap04DBusRestart: an exit that happens while the bus is down is known afterwards.
func TestTrap04DBusRestart(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		sh(t, "mkdir -p /run/flags; chmod 777 /run/flags")
		s := spec("exits", "/bin/sh", "-c",
			"while [ ! -e /run/flags/now ]; do sleep 0.02; done; rm -f /run/flags/now; exit 7")
		s.MemoryMax = 0
		unit := start(t, m, s).Unit
		other := start(t, m, spec("other"))
		for range 3 {
			before := m.Stats().Connects
			sh(t, "systemctl reset-failed; systemctl stop dbus.service dbus.socket; touch /run/flags/now; sleep 0.1; systemctl start dbus.socket dbus.service")
			lab.Eventually(t, "the manager is connected again", func() error {
				now := m.Stats().Connects
				return lab.Unless(now > before, "%d connections, as before", now)
			})
			lab.Eventually(t, "the manager knows the exit", func() error {
				st, err := m.Get(t.Context(), unit)
				return lab.Unless(err == nil && st.LastExit.Code == units.CodeExited && st.LastExit.Status == 7,
					"last exit: %s (%v)", st.LastExit, err)
			})
			sh(t, "rm -f /run/flags/now")
		}
		if st := get(t, m, other.Unit); st.Invocation != other.Invocation {
			t.Errorf("an application was restarted: %+v", st)
		}
		if refs := sh(t, "busctl get-property org.freedesktop.systemd1 $(busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager GetUnit s "+unit+" | cut -d'\"' -f2) org.freedesktop.systemd1.Unit Refs"); refs == "as 0" {
			t.Error("the unit is not pinned any more")
		}
	})
}

// TestTrap05ExitCodes: exits that happen while nobody listens are known afterwards.
func TestTrap05ExitCodes(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		sh(t, "mkdir -p /run/flags; chmod 777 /run/flags")
		const n = 24
		asleep, err := units.Dial(t.Context()) // reads no signal until it runs
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		var all sync.WaitGroup
		for i := range n {
			code := 1 + rand.IntN(199)
			s := spec(fmt.Sprintf("x%d", i), "/bin/sh", "-c",
				fmt.Sprintf("while [ ! -e /run/flags/now ]; do sleep 0.3; done; [ -e $STATE_DIRECTORY/once ] && sleep 10000; touch $STATE_DIRECTORY/once; exit %d", code))
			s.State = "nexushub-apps/" + s.Instance
			want[s.UnitName()] = code
			all.Go(func() {
				if err := m.Start(t.Context(), s, place(s)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		sh(t, "touch /run/flags/now")
		lab.Eventually(t, "every application has exited and runs again", func() error {
			back := 0
			for unit := range want {
				if st, err := m.Get(t.Context(), unit); err == nil && st.NRestarts == 1 && st.Running() {
					back++
				}
			}
			return lab.Unless(back == n, "%d of %d", back, n)
		})
		run(t, asleep)
		lab.Eventually(t, "the manager that slept knows every exit", func() error {
			list, err := asleep.List(t.Context())
			known := 0
			for _, st := range list {
				if st.LastExit.Status == want[st.Unit] {
					known++
				}
			}
			return lab.Unless(err == nil && known == n, "it knows %d of %d (%v)", known, n, err)
		})
	})
}

// TestTrap17ManyAtOnce: a slow reader of events, a short-lived context, no leak.
func TestTrap17ManyAtOnce(t *testing.T) {
	inMachine(t, func(t *testing.T, _ *units.Manager) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		m, err := units.Dial(ctx)
		cancel() // the connection must not end with the context it was made with
		if err != nil {
			t.Fatal(err)
		}
		run(t, m)
		before := runtime.NumGoroutine()
		for range 3 { // nobody reads m.Events()
			specs := many(t, m, 40)
			var all sync.WaitGroup
			for _, s := range specs {
				all.Go(func() { stop(t, m, s.UnitName()) })
			}
			all.Wait()
		}
		lab.Eventually(t, "goroutines are as few as before", func() error {
			now := runtime.NumGoroutine()
			return lab.Unless(now <= before+2, "%d, there were %d", now, before)
		})
		nothingLeft(t)
		if m.Stats().CallErrors > 0 {
			t.Logf("calls that were refused: %d", m.Stats().CallErrors)
		}
	})
}

// TestTrap18TooManyCalls: hundreds of calls at once stay below the limit of the bus, and
// whoever sleeps does not keep signals from others.
func TestTrap18TooManyCalls(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		specs := many(t, m, 60)
		asleep, err := units.Dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 8 {
			for _, s := range specs {
				all.Go(func() {
					if _, err := m.Get(t.Context(), s.UnitName()); err != nil {
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		for _, s := range specs {
			if err := m.Kill(t.Context(), s.UnitName(), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		sh(t, "systemctl restart systemd-logind.service")
		run(t, asleep)
		for _, who := range []*units.Manager{m, asleep} {
			lab.Eventually(t, "the manager sees every restart", func() error {
				list, err := who.List(t.Context())
				back := 0
				for _, st := range list {
					if st.Running() && st.NRestarts == 1 && st.LastExit.Status == 9 {
						back++
					}
				}
				return lab.Unless(err == nil && back == len(specs), "%d of %d are (%v)", back, len(specs), err)
			})
		}
	})
}

// TestTrap02NotFinal: a crash loop is never told as ended, whenever it is looked at.
func TestTrap02NotFinal(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		unit := start(t, m, spec("loop", "/bin/sh", "-c", "exit 3")).Unit
		looks := 0
		lab.Eventually(t, "PID 1 has restarted the unit twice", func() error {
			st := get(t, m, unit)
			if looks++; st.Ended() {
				t.Errorf("told as ended: %s/%s", st.ActiveState, st.SubState)
			}
			return lab.Unless(st.NRestarts >= 2, "%d restarts", st.NRestarts)
		})
		t.Logf("%d looks", looks)
		sh(t, "systemctl stop "+unit)
		lab.Eventually(t, "the stopped unit can still be read", func() error {
			st := get(t, m, unit)
			return lab.Unless(st.Ended() && !st.LastExit.IsZero(), "it is %s, last exit: %s",
				st.ActiveState, st.LastExit)
		})
	})
}

// TestTrap06UnitExists: what an earlier run left is cleared, what an operator wrote is not.
func TestTrap06UnitExists(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		s := spec("again", "/bin/sh", "-c", "[ -e /run/flags/fail ] && exit 1; sleep 10000")
		other, err := units.Dial(t.Context()) // pins it too
		if err != nil {
			t.Fatal(err)
		}
		run(t, other)
		for i := range 15 {
			unit := start(t, m, s).Unit
			if i%2 == 0 {
				sh(t, "systemctl stop "+unit)
			} else {
				sh(t, "systemctl kill -s KILL "+unit+"; systemctl stop "+unit+" || true")
			}
		}
		stop(t, m, s.UnitName())
		const file = "/etc/systemd/system/"
		if err := os.WriteFile(file+s.UnitName(), []byte("[Service]\nExecStart=/bin/true\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		sh(t, "systemctl daemon-reload")
		err = m.Start(t.Context(), s, place(s))
		if err == nil || !strings.Contains(err.Error(), file+s.UnitName()) {
			t.Errorf("error %v, want one that names the file", err)
		}
		if _, err := os.Stat(file + s.UnitName()); err != nil {
			t.Error("the operator's file is gone")
		}
	})
}

// TestMoreThanTheBusCanWatch: PID 1 loses the bus when it must watch too many clients'
// references and jobs. 520 units are more than that.
func TestMoreThanTheBusCanWatch(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		owner := func() string {
			return sh(t, "busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus GetNameOwner s org.freedesktop.systemd1")
		}
		before := owner()
		specs := many(t, m, 520)
		if after := owner(); after != before {
			t.Errorf("PID 1 lost the bus: %s, before %s", after, before)
		}
		again := dial(t)
		if got := len(runs(t, again)); got != len(specs) {
			t.Errorf("%d units run, want %d", got, len(specs))
		}
		if after := owner(); after != before {
			t.Errorf("PID 1 lost the bus: %s, before %s", after, before)
		}
	})
}
