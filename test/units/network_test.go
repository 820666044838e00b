package units_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/units"
)

// ask sends a request to an application and returns its answer.
func ask(t *testing.T, network, address, path string, query ...string) string {
	t.Helper()
	q := url.Values{}
	for i := 0; i < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	answer := ""
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	c := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, DialContext: dial}}
	lab.Eventually(t, "the application answers at "+address, func() error {
		resp, err := c.Get("http://app" + path + "?" + q.Encode())
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		answer = string(b)
		return err
	})
	return answer
}

func TestPort(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		s := spec("port", self, "serve")
		s.State = "nexushub-apps/" + s.Instance
		s.Env = map[string]string{"DB_NAME": "db"}
		start(t, m, s)
		const at = "127.0.0.1:12345"
		for name, want := range map[string]string{
			"PORT": "12345", "HOST": s.HostName, "INSTANCE_ID": s.Instance, "NEXUSHUB_RELEASE": s.Release, "DB_NAME": "db",
			"STATE_DIRECTORY": "/var/lib/nexushub-apps/" + s.Instance,
		} {
			got := ask(t, "tcp", at, "/env", "name", name)
			if !strings.HasSuffix(got, strings.TrimPrefix(want, "/var/lib/")) {
				t.Errorf("%s=%q, want %q", name, got, want)
			}
		}
		dir := ask(t, "tcp", at, "/env", "name", "STATE_DIRECTORY")
		if got := ask(t, "tcp", at, "/write", "path", dir+"/x", "text", "kept"); got != "<nil>" {
			t.Errorf("state is not writable: %s", got)
		}
		if got := ask(t, "tcp", at, "/write", "path", "/usr/x"); got == "<nil>" {
			t.Error("the release is writable")
		}
		stop(t, m, s.UnitName())
		s.Serial++
		start(t, m, s)
		if got := ask(t, "tcp", at, "/read", "path", dir+"/x"); got != "kept" {
			t.Errorf("the next revision reads %q", got)
		}
		stop(t, m, s.UnitName())
		nothingLeft(t)
	})
}

func TestSocket(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		sh(t, "groupadd -rf _nexushub-proxy")
		s := spec("socket", self, "serve")
		s.Network = units.NetworkSocket
		unit := start(t, m, s).Unit
		path := units.SocketPath(unit)
		if got := ask(t, "unix", path, "/env", "name", "LISTEN_FDNAMES"); got != "web" {
			t.Errorf("the socket's name is %q, want web", got)
		}
		if got := ask(t, "unix", path, "/listen"); got == "<nil>" {
			t.Error("it may open sockets of its own")
		}
		if got := sh(t, "stat -c '%a %U %G' "+path); got != "660 root _nexushub-proxy" {
			t.Errorf("the socket is %s", got)
		}
		addresses, active, err := m.ListenAddresses(t.Context(), strings.TrimSuffix(unit, ".service")+".socket")
		if err != nil || !active || len(addresses) != 1 || addresses[0] != path {
			t.Errorf("listens on %v, %v", addresses, err)
		}
		stop(t, m, unit)
		nothingLeft(t)
	})
}

func TestGuest(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		rootBefore := sh(t, "ls -a /")
		proxy, err := net.Listen("tcp", "127.0.0.1:8443") // stands for the proxy
		if err != nil {
			t.Fatal(err)
		}
		defer proxy.Close()
		other, err := net.Listen("tcp", "127.0.0.1:8080") // must not be reached
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		s := spec("guest", self, "serve")
		s.Network, s.Domain, s.ProxyPort = units.NetworkGuest, "yesterday.localhost", 8443
		s.State = "nexushub-apps/" + s.Instance
		unit := start(t, m, s).Unit
		guest := func(path string, query ...string) string { return ask(t, "tcp", "127.0.0.1:12345", path, query...) }
		if got := guest("/env", "name", "PORT"); got != "80" {
			t.Errorf("PORT=%q", got)
		}
		if got := guest("/dial", "to", "internal.yesterday.localhost:8443"); got != "<nil>" {
			t.Errorf("the proxy is not reached: %s", got)
		}
		for _, address := range []string{"127.0.0.1:8080", "192.0.2.1:80", "[2001:db8::1]:80"} {
			if got := guest("/dial", "to", address); got == "<nil>" {
				t.Errorf("%s is reached", address)
			}
		}
		if got := guest("/write", "path", "/db/app.sqlite", "text", "rows"); got != "<nil>" {
			t.Errorf("/db: %s", got)
		}
		if got := guest("/read", "path", "/app/lib/os-release"); !strings.Contains(got, "Debian") {
			t.Errorf("/app: %s", got)
		}
		if got := guest("/read", "path", "/etc/shadow"); !strings.Contains(got, "no such file") {
			t.Errorf("/etc/shadow: %s", got)
		}
		// A gate that PID 1 takes for one that starts is ended with all its connections when
		// its time for that is over.
		for _, gate := range []string{"in", "out"} {
			lab.Eventually(t, "the gate "+gate+" has started", func() error {
				state := sh(t, "systemctl show -P ActiveState 'nexushub-gate-*-"+gate+".service'")
				return lab.Unless(state == "active", "it is %s", state)
			})
		}
		for range 2 { // the gates outlive the application
			if err := m.Restart(t.Context(), unit); err != nil {
				t.Fatal(err)
			}
			if got := guest("/read", "path", "/db/app.sqlite"); got != "rows" {
				t.Errorf("after a restart: %q", got)
			}
			if got := guest("/dial", "to", "internal.yesterday.localhost:8443"); got != "<nil>" {
				t.Errorf("after a restart the proxy is not reached: %s", got)
			}
		}
		stop(t, m, unit)
		s.Serial++
		start(t, m, s)
		if got := guest("/read", "path", "/db/app.sqlite"); got != "rows" {
			t.Errorf("the next revision: %q", got)
		}
		if got := exposure(t, s.UnitName()); got > 1.2 {
			t.Errorf("exposure %.1f", got)
		}
		stop(t, m, s.UnitName())
		nothingLeft(t)
		if after := sh(t, "ls -a /"); after != rootBefore {
			t.Errorf("folders were left in /:\n%s\nbefore:\n%s", after, rootBefore)
		}
	})
}

// TestGuestRecovers: gates that are used while the application crashes lead to it once it
// runs. A gate that began without it would have a network of its own.
func TestGuestRecovers(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		s := spec("guest", "/bin/sh", "-c", "[ -e /db/fixed ] && exec "+self+" serve; exit 1")
		s.Network, s.Domain, s.ProxyPort = units.NetworkGuest, "yesterday.localhost", 8443
		s.State = "nexushub-apps/" + s.Instance
		unit := start(t, m, s).Unit
		lab.Eventually(t, "the application has crashed twice", func() error {
			if c, err := net.Dial("tcp", "127.0.0.1:12345"); err == nil {
				c.Close()
			}
			n := get(t, m, unit).NRestarts
			return lab.Unless(n >= 2, "%d restarts", n)
		})
		sh(t, "touch /var/lib/private/"+s.State+"/fixed; chmod 644 /var/lib/private/"+s.State+"/fixed")
		if got := ask(t, "tcp", "127.0.0.1:12345", "/env", "name", "HOST"); got != s.HostName {
			t.Errorf("it answers %q", got)
		}
		stop(t, m, unit)
		nothingLeft(t)
	})
}

// TestGuestFailsHalfway: a gate's port is taken, so the start fails halfway.
func TestGuestFailsHalfway(t *testing.T) {
	inMachine(t, func(t *testing.T, m *units.Manager) {
		taken, err := net.Listen("tcp", "127.0.0.1:12345")
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		s := spec("guest", self, "serve")
		s.Network, s.ProxyPort = units.NetworkGuest, 8443
		if err := m.Start(t.Context(), s, place(s)); err == nil {
			t.Error("the port is taken, so it cannot start")
		}
		nothingLeft(t)
	})
}

// nothingLeft looks for what a stopped application could leave. PID 1 unloads a unit a
// moment after the last one that refers to it.
func nothingLeft(t *testing.T) {
	t.Helper()
	lab.Eventually(t, "nothing is left of a stopped application", func() error {
		left := sh(t, `systemctl list-units --all --no-legend --plain 'nexushub-app-*' 'nexushub-gate-*'
			ls -d /run/systemd/transient/nexushub* /run/systemd/units/*nexushub-app* /run/nexushub/sockets/* /run/nexushub/guest/* 2>/dev/null || true`)
		return lab.Unless(left == "", "%s", left)
	})
}
