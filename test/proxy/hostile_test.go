package proxy_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// TestHostileApplication: what an application sends wrongly harms nobody but its sender.
func TestHostileApplication(t *testing.T) {
	onSuitesAtOnce(t, web, func(t *testing.T, h *host) {
		h.Write(t, "/etc/nexushub/conf.d/stall.toml", "[proxy]\nstall_timeout = \"2s\"\n")
		h.Must(t, "systemctl", "restart", "nexushub-proxy")
		t.Run("answers of others", func(t *testing.T) { answersOfOthers(t, h) })
		t.Run("interim responses", func(t *testing.T) { interimResponses(t, h) })
	})
}

// answersOfOthers: a response that is longer than it may be answers nobody else.
func answersOfOthers(t *testing.T, h *host) {
	const evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"
	for name, c := range map[string]struct{ method, first, late string }{
		"HEAD":      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n", evil},
		"204":       {"GET", "HTTP/1.1 204 No Content\r\n\r\n", evil},
		"304":       {"GET", "HTTP/1.1 304 Not Modified\r\n\r\n", evil},
		"too long":  {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + evil, ""},
		"and later": {"POST", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", evil},
	} {
		for protocol, client := range map[string]*http.Client{"h1": h.h1, "h2": h.h2} {
			do(t, client, c.method, "web", "/public/sloppy?"+
				url.Values{"first": {c.first}, "late": {c.late}}.Encode(), "")
			h.late(t)
			for _, method := range []string{"GET", "POST", "GET"} {
				path := "/public/account-of-" + method
				if got := do(t, client, method, "web", path, ""); got.StatusCode != 200 ||
					!strings.Contains(got.body, path) {
					t.Errorf("%s, %s: %s %s gets %s %q", name, protocol, method, path, got.Status, got.body)
				}
			}
		}
	}
}

// late has the application send the rest. The proxy might ask for it over the connection
// in question.
func (h *host) late(t *testing.T) {
	t.Helper()
	past := http.Client{Timeout: soon, Transport: &http.Transport{DialContext: h.DialContext, DisableKeepAlives: true}}
	for _, r := range h.routes(t).Routes {
		if r.Instance == webID {
			resp, err := past.Post("http://"+r.Address+"/public/late", "", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			return
		}
	}
	t.Fatal("the application has no route")
}

// interimResponses: a flood of them ends, and holds nothing when its client does not read.
func interimResponses(t *testing.T, h *host) {
	if got := do(t, h.h1, "GET", "web", "/public/flood", ""); got.StatusCode != http.StatusBadGateway {
		t.Errorf("a flood is answered with %s", got.Status)
	}
	deaf, err := h.handshake(t, "web."+domain)
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	if _, err := io.WriteString(deaf, "GET /public/flood HTTP/1.1\r\nHost: web."+domain+port+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	lab.Within(t, soon, "both floods end", func() error {
		if got := do(t, h.h1, "GET", "web", "/public/left", ""); strings.TrimSpace(got.body) != "2" {
			return errors.New("left: " + got.body)
		}
		return nil
	})
}
