package lab

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func onEachSuite(t *testing.T, test func(*testing.T, *Machine)) {
	EachSuiteAtOnce(t, func(t *testing.T, s Suite) {
		start := time.Now()
		m := Boot(t, Options{Suite: s})
		t.Logf("booted in %s", time.Since(start).Round(time.Millisecond))
		test(t, m)
	})
}

func TestRunsCleanly(t *testing.T) {
	onEachSuite(t, func(t *testing.T, m *Machine) {
		if got, err := m.Output(t.Context(), "systemctl", "is-system-running"); got != "running" {
			t.Errorf("is-system-running: %q, %v\n%s", got, err, m.Must(t, "systemctl", "--failed"))
		}
	})
}

func TestLimitsAreEnforced(t *testing.T) {
	onEachSuite(t, func(t *testing.T, m *Machine) {
		fits := func(limit, script string) bool {
			_, err := m.Output(t.Context(), "systemd-run", "--wait", "-q", "-p", limit, "sh", "-ec", script)
			return err == nil
		}
		const memory = "head -c 60M /dev/zero | tail -c 60M >/dev/null" // tail keeps it all
		if fits("MemoryMax=32M", memory) || !fits("MemoryMax=256M", memory) {
			t.Error("MemoryMax is not what decides whether 60 MB fit")
		}
		const tasks = "for i in 1 2 3 4 5 6; do sleep 0.2 & done; wait"
		if fits("TasksMax=4", tasks) || !fits("TasksMax=20", tasks) {
			t.Error("TasksMax is not what decides whether seven tasks fit")
		}
		show := m.Must(t, "systemctl", "show", "dbus.service", "-p", "MemoryCurrent", "-p", "TasksCurrent")
		if strings.Contains(show, "[not set]") {
			t.Errorf("no accounting: %s", show)
		}
	})
}

func TestPrivateNetworkIsEnforced(t *testing.T) {
	onEachSuite(t, func(t *testing.T, m *Machine) {
		l, err := m.Listen("tcp", "127.0.0.1:8080")
		if err != nil {
			t.Fatal(err)
		}
		go http.Serve(l, http.NotFoundHandler()) //nolint:errcheck // ends with the listener
		t.Cleanup(func() { l.Close() })
		m.Must(t, "systemd-run", "--wait", "-q", "curl", "-s", "http://127.0.0.1:8080/")
		if _, err := m.Output(t.Context(), "systemd-run", "--wait", "-q", "-p", "PrivateNetwork=yes", "curl", "-s",
			"http://127.0.0.1:8080/"); err == nil {
			t.Error("a unit with PrivateNetwork=yes reached the machine's loopback interface")
		}
	})
}

func TestAddressFiltersAreEnforced(t *testing.T) {
	onEachSuite(t, func(t *testing.T, m *Machine) {
		reaches := func(allow string) bool { // nothing listens there: refused (7) is reached, silence (28) is filtered
			out, _ := m.Shell(t.Context(), "systemd-run --wait -q -p IPAddressDeny=any -p IPAddressAllow="+allow+
				" curl -s -m 1 http://127.0.0.1:1/ || echo $?")
			return out == "7"
		}
		if !reaches("127.0.0.1") || reaches("127.0.0.2") {
			t.Error("IPAddressAllow is not what decides whether 127.0.0.1 is reached")
		}
	})
}

func TestMachinesHaveTheirOwnNetwork(t *testing.T) {
	a, b := Boot(t, Options{Suite: Bookworm}), Boot(t, Options{Suite: Trixie})
	for _, m := range []*Machine{a, b} {
		l, err := m.Listen("tcp", "127.0.0.1:8443")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		answer := func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, m.ID) //nolint:errcheck // the client sees it
		}
		go http.Serve(l, http.HandlerFunc(answer)) //nolint:errcheck // ends with the listener
	}
	for _, m := range []*Machine{a, b} {
		if got := m.Must(t, "curl", "-s", "http://hello.localhost:8443/"); got != m.ID {
			t.Errorf("machine %s answers %q", m.ID, got)
		}
		client, err := m.HTTPClient(nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Get("http://hello.localhost:8443/")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if string(body) != m.ID {
			t.Errorf("from the host, machine %s answers %q", m.ID, body)
		}
	}
}

func TestRebootKeepsVar(t *testing.T) {
	onEachSuite(t, func(t *testing.T, m *Machine) {
		m.Must(t, "sh", "-c", "echo kept >/var/lib/kept; echo lost >/run/lost")
		if err := m.Reboot(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := m.Must(t, "sh", "-c", "cat /var/lib/kept; ls /run/lost 2>/dev/null || true"); got != "kept" {
			t.Errorf("after the reboot: %q", got)
		}
		if err := m.Poweroff(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestFilesComeAndGo(t *testing.T) {
	m := Boot(t, Options{})
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/run.sh", []byte("#!/bin/sh\necho ran\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := m.CopyIn(t.Context(), dir, "/srv/app"); err != nil {
		t.Fatal(err)
	}
	if got := m.Must(t, "/srv/app/run.sh"); got != "ran" {
		t.Errorf("copied script says %q", got)
	}
	if err := m.CopyOut(t.Context(), "/srv/app", dir+"/out"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir + "/out/app/run.sh"); err != nil {
		t.Error(err)
	}
}
