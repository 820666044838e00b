package e2e

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

func TestServesByHostName(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples(t)
		for _, c := range []struct {
			url    string
			status int
			body   string
		}{
			{hello + "/public/time", http.StatusOK, "Hello from hello.yesterday.localhost"},
			{hello + "/", http.StatusOK, "This page is a file of the package"},
			{hello + "/api/status", http.StatusUnauthorized, ""},
			{site + "/", http.StatusOK, "A static site"},
			{site + "/style.css", http.StatusOK, "font:"},
			{site + "/missing", http.StatusNotFound, ""},
			{"https://admin.yesterday.localhost:8443/debug/application", http.StatusUnauthorized, ""},
		} {
			status, body, err := h.Get(t.Context(), c.url)
			if err != nil || status != c.status || !strings.Contains(body, c.body) {
				t.Errorf("%s: %d, want %d; %v\n%s", c.url, status, c.status, err, body)
			}
		}
		unknown := h.Sh(t, "curl -sk -o /dev/null -w '%{http_code}' https://unknown.yesterday.localhost:8443/ || true")
		if unknown != "421" && unknown != "000" { // refused by HTTP, or already by TLS
			t.Errorf("an unknown host name answers %s", unknown)
		}
		lab.Eventually(t, "the application's log has the request",
			func() error { return h.logged(t, "hello", "GET /public/time trace=") })
	})
}

// logged asks the client for an application's lines.
func (h *host) logged(t *testing.T, app, line string) error {
	out, err := h.Try(t, "nexushub", "logs", "-n", "50", app)
	if err == nil && !strings.Contains(out, line) {
		err = errors.New(out)
	}
	return err
}

func TestApplicationsAreSandboxed(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployExamples(t)
		for unit, limit := range map[string]float64{h.AwaitUnit(t, "hello"): 1.5, "nexushub-proxy.service": 1.5,
			"nexushubd.service": 5} {
			out := h.Sh(t, "systemd-analyze security --no-pager "+unit+" | tail -1")
			fields := strings.Fields(out)
			if len(fields) < 7 {
				t.Fatalf("%s: %q", unit, out)
			}
			score, err := strconv.ParseFloat(fields[len(fields)-3], 64)
			if err != nil || score > limit {
				t.Errorf("%s: exposure %v, at most %v: %v", unit, score, limit, err)
			}
			t.Logf("exposure of %s: %v", unit, score)
		}
	})
}
