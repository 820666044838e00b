package proxy_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
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
		t.Run("odd answers", func(t *testing.T) { oddAnswers(t, h) })
		t.Run("interim responses", func(t *testing.T) { interimResponses(t, h) })
		t.Run("HTTP for HTTPS", func(t *testing.T) { inTheClear(t, h) })
		t.Run("early answers", func(t *testing.T) { earlyAnswers(t, h) })
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

// oddAnswers: one that has one reading arrives; of any other the client gets a 502 or, once its
// head has left, cannot take it for a whole one, which the log says.
func oddAnswers(t *testing.T, h *host) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, c := range map[string]struct {
		answer, says string
		status       int
		sent, cause  any
	}{
		"blank behind a chunk size": {chunked + "2  \r\nok\r\n0\r\n\r\n", "ok", 200, nil, nil},
		"LF alone":                  {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ok", 200, nil, nil},
		"folded":                    {"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\nok", "ok", 200, nil, nil},
		"no chunks":                 {chunked + "<html>", "malformed answer", 502, nil, "upstream body: malformed chunk"},
		"nothing": {"", "without an answer", 502, nil,
			"upstream response: the connection was closed without an answer: EOF"},
		"half a head": {"HTTP/1.1 200 OK\r\n", "broke off", 502, nil,
			"upstream response: the answer broke off: unexpected EOF"},
		"half a body": {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nok", "", 502, "200",
			"upstream body: the answer broke off: unexpected EOF"},
	} {
		for protocol, client := range map[string]*http.Client{"h1": h.h1, "h2": h.h2} {
			got, err := try(t.Context(), client, "GET", "web", "/public/raw?"+url.Values{"answer": {c.answer}}.Encode(), "")
			if got.Response == nil {
				t.Fatalf("%s, %s: %v", name, protocol, err)
			}
			if (err != nil) != (c.sent != nil) || (err == nil && got.StatusCode != c.status) ||
				!strings.Contains(got.body, c.says) {
				t.Errorf("%s, %s: %s %q %v", name, protocol, got.Status, got.body, err)
			}
			line := h.logged(t, "TRACE_ID="+got.Header.Get("X-Trace-ID"))
			if line["NEXUSHUB_STATUS"] != strconv.Itoa(c.status) || line["NEXUSHUB_SENT_STATUS"] != c.sent ||
				line["NEXUSHUB_ERROR"] != c.cause {
				t.Errorf("%s, %s: %v", name, protocol, line)
			}
		}
	}
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
