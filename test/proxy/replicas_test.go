package proxy_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/proxyctl"
	"github.com/nexushub/nexushub/test/lab"
)

// TestKilledReplicas: while one of four targets after the other is killed, and is away until PID 1
// has started it again, every request that may be sent twice is answered, though nobody takes the dead ones out
// of the table: the agent is away. A browser stays with its replica over a restart of the proxy,
// and leaves it when it is dead.
func TestKilledReplicas(t *testing.T) {
	four := func(t *testing.T) []application {
		pkg := appPackage(t, "", nil)
		list := []application{{name: "web", id: webID, pkg: pkg}}
		for i := range 3 {
			list = append(list, application{name: fmt.Sprint("web", i), id: fmt.Sprint("aaaaaaaa-0000-4000-8000-00000000010", i), pkg: pkg})
		}
		return list
	}
	onSuites(t, four, func(t *testing.T, h *host) {
		units := h.joinTargets(t)
		h.underLoad(t, 500, "/public/slow?ms=20", func(func()) {
			for i := range 2 * len(units) {
				h.kill(t, units[i%len(units)])
			}
		})
		metrics := h.metrics(t)
		for _, reason := range []string{"connect", "response"} {
			none := fmt.Sprintf("nexushub_proxy_failovers_total{reason=%q} 0\n", reason)
			if strings.Contains(metrics, none) {
				t.Errorf("no request has gone to another target by %s", reason)
			}
		}
		h.checkSticky(t)
	})
}

// joinTargets makes the units of all applications targets of the first one, as replicas are, with
// the agent out of the way, and returns them.
func (h *host) joinTargets(t *testing.T) (units []string) {
	t.Helper()
	h.Must(t, "systemctl", "stop", "nexushubd.socket", "nexushubd-debug.socket", "nexushubd")
	b, err := h.ReadFile(t.Context(), "/var/lib/nexushub-proxy/routes.json")
	if err != nil {
		t.Fatal(err)
	}
	var table proxyctl.Table
	if err := json.Unmarshal(b, &table); err != nil {
		t.Fatal(err)
	}
	var targets []proxyctl.Target
	for _, r := range table.Routes {
		if strings.HasPrefix(r.Name, "web") && r.Target != nil {
			targets, units = append(targets, *r.Target), append(units, r.Target.ID)
		}
	}
	if len(targets) != 4 {
		t.Fatalf("the table has the targets %v", targets)
	}
	for i := range table.Routes {
		if r := &table.Routes[i]; r.Instance == webID {
			r.LeadTo(targets...)
			r.Sticky = true
		}
	}
	table.InternalSecret = h.secret(t)
	if b, err = json.Marshal(table); err != nil {
		t.Fatal(err)
	}
	h.Write(t, "/root/table.json", string(b))
	h.Must(t, "curl", "-sSf", "-X", "PUT", "--unix-socket", "/run/nexushub/proxy.sock", "--data-binary", "@/root/table.json",
		"http://proxy/v1/table")
	return units
}

// kill returns once PID 1 has started the unit again.
func (h *host) kill(t *testing.T, unit string) {
	t.Helper()
	pid := func() string { return h.Must(t, "systemctl", "show", "-P", "MainPID", unit) }
	before := pid()
	h.Must(t, "systemctl", "kill", "-s", "KILL", unit)
	lab.Within(t, soon, unit+" is started again", func() error {
		now := pid()
		return lab.Unless(now != before && now != "0", "its process is %s, was %s", now, before)
	})
}

func (h *host) checkSticky(t *testing.T) {
	t.Helper()
	browser := h.client(t, true)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser.Jar = jar
	visit := func() (instance string, cookies []*http.Cookie) {
		a := do(t, browser, "GET", "web", "/public/x", "")
		e := a.echo(t)
		if sees := e.Header.Get("Cookie"); sees != "" {
			t.Errorf("the application sees %s", sees)
		}
		return e.Instance, a.Cookies()
	}
	first, set := visit()
	if len(set) != 1 {
		t.Fatalf("the cookies %v are set", set)
	}
	for i := range 10 {
		if i == 5 {
			h.Must(t, "systemctl", "restart", "nexushub-proxy")
		}
		if again, set := visit(); again != first || len(set) != 0 {
			t.Fatalf("%s became %s, cookies %v", first, again, set)
		}
	}
	for _, r := range h.routes(t).Routes {
		if r.Instance == first {
			h.Must(t, "systemctl", "stop", r.Target)
		}
	}
	if again, set := visit(); again == first || len(set) != 1 {
		t.Errorf("its replica has ended: %s became %s, cookies %v", first, again, set)
	}
}
