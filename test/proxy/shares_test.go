package proxy_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// TestOneAddressKeepsNobodyOut: one address takes all that the proxy has, in several ways
// and over and over; another one is served all the time, by connections that are new.
func TestOneAddressKeepsNobodyOut(t *testing.T) {
	onSuites(t, everything, func(t *testing.T, h *host) {
		h.MustCopyIn(t, program(t, "flood"), "/usr/local/bin/flood")
		t.Run("20000 silent connections", func(t *testing.T) {
			h.flooded(t, "tcp", 20_500, func() {
				h.servesOthers(t, "web", 20)
				h.awaitConns(t)
			})
			if kib := h.proxyMemory(t); kib > 512<<10 {
				t.Errorf("the proxy takes %d KiB", kib)
			}
		})
		h.Write(t, "/etc/nexushub/conf.d/few.toml", "[proxy]\nmax_connections = 500\nhold_timeout = \"10m\"\n")
		h.Must(t, "systemctl", "restart", "nexushub-proxy")
		for _, what := range []string{"tcp", "tls", "settings"} {
			t.Run(what, func(t *testing.T) {
				h.flooded(t, what, 550, func() {
					h.servesOthers(t, "web", 20)
				})
			})
		}
		t.Run("held", func(t *testing.T) {
			h.starting(t, "late", lateID)
			h.flooded(t, "held", 17, func() { h.heldForOthers(t) })
		})
	})
}

// flooded runs f while 127.0.0.2 floods and has, but for "held", every connection that
// there may be. It does so by two processes, which have descriptors for half of it each.
func (h *host) flooded(t *testing.T, what string, number int, f func()) {
	t.Helper()
	for i := range 2 {
		unit := fmt.Sprint("flood", i)
		half := strconv.Itoa((number + i) / 2)
		h.Must(t, "systemd-run", "--unit="+unit, "--collect", "--property=LimitNOFILE=65536", "/usr/local/bin/flood",
			what, "127.0.0.2", half, "late."+domain)
		defer func() { h.Must(t, "systemctl", "stop", unit) }()
	}
	if what != "held" {
		h.awaitConns(t)
	}
	f()
}

// awaitConns waits until there are as many connections as there may be: what is
// configured, or what the machine has descriptors for.
func (h *host) awaitConns(t *testing.T) {
	t.Helper()
	var most int
	for line := range strings.Lines(h.metrics(t)) {
		fmt.Sscanf(line, "nexushub_proxy_max_connections %d", &most) //nolint:errcheck // another line
	}
	lab.Within(t, soon, "every connection is taken", func() error {
		if got := h.routes(t).Conns; got < most || most == 0 {
			return fmt.Errorf("%d of %d", got, most)
		}
		return nil
	})
}

func (h *host) metrics(t *testing.T) string {
	t.Helper()
	return h.Must(t, "curl", "-sS", "--unix-socket", "/run/nexushub/proxy.sock", "http://proxy/metrics")
}

// servesOthers sends requests from 127.0.0.1, each by a connection of its own.
func (h *host) servesOthers(t *testing.T, name string, times int) {
	t.Helper()
	for _, http2 := range []bool{false, true} {
		c := h.client(t, http2)
		c.Transport.(*http.Transport).DisableKeepAlives = true
		for range times {
			if got := do(t, c, "GET", name, "/public/x", ""); got.StatusCode != 200 {
				t.Fatal(http2, got.Status, got.body)
			}
		}
	}
}

// heldForOthers: the flood's requests wait for an application, as many as may wait.
// Another address' requests wait beside them and are answered.
func (h *host) heldForOthers(t *testing.T) {
	lab.Within(t, soon, "2000 requests of the flood wait", func() error {
		if n := h.routes(t).Held; n < 2000 {
			return fmt.Errorf("%d wait", n)
		}
		return nil
	})
	h.servesOthers(t, "web", 10)
	answers := make(chan string, 10)
	for i := range cap(answers) {
		c := []*http.Client{h.h1, h.h2}[i%2]
		go func() {
			a, err := try(t.Context(), c, "GET", "late", "/public/x", "")
			answers <- fmt.Sprint(a.body, err)
		}()
	}
	lab.Within(t, soon, "requests of the flood have given way", func() error {
		m := h.metrics(t)
		if want := fmt.Sprintf(`nexushub_proxy_gave_way_total{reason="held",what="held request"} %d`,
			cap(answers)); !strings.Contains(m, want) {
			return fmt.Errorf("no %s", want)
		}
		return nil
	})
	h.Must(t, "touch", "/var/lib/nexushub-apps/"+lateID+"/go")
	for range cap(answers) {
		if a := <-answers; !strings.Contains(a, `"label":"late"`) {
			t.Error(a)
		}
	}
}

// proxyMemory is what the proxy has resident, in KiB.
func (h *host) proxyMemory(t *testing.T) int {
	t.Helper()
	out := h.Must(t, "sh", "-c",
		`sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' /proc/$(systemctl show --value -p MainPID nexushub-proxy)/status`)
	kib, err := strconv.Atoi(strings.TrimSpace(out))
	if err != nil {
		t.Fatal(out, err)
	}
	t.Logf("the proxy takes %d MiB after the flood", kib>>10)
	return kib
}
