package proxy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

const (
	lateID  = "aaaaaaaa-0000-4000-8000-000000000004"
	neverID = "aaaaaaaa-0000-4000-8000-000000000005"
)

// starting installs an application that does not listen before it is allowed to.
func (h *host) starting(t *testing.T, name, id string) {
	t.Helper()
	h.MustCopyIn(t, appPackage(t, "env = { LABEL = \"late\", WAIT_FOR = \"go\" }\n", nil), "/srv/"+name)
	h.Define(t, name, fmt.Sprintf("instance_id = %q\nhost_name = %q\npackage = %q\n", id,
		name+"."+domain, "/srv/"+name))
	h.Reload(t)
	lab.Within(t, soon, "the route of "+name+" is there and not ready", func() error {
		for _, r := range h.routes(t).Routes {
			if r.Name == name && r.State == "starting" {
				return nil
			}
		}
		return errors.New("it is not")
	})
}

// held: a request for an application that starts waits until it is ready.
func held(t *testing.T, h *host) {
	h.starting(t, "late", lateID)
	got := make(chan string, 1)
	go func() {
		a, err := try(t.Context(), h.h1, "GET", "late", "/public/x", "")
		got <- fmt.Sprint(a.body, err)
	}()
	lab.Within(t, soon, "a request is held", func() error {
		if h.routes(t).Held == 0 {
			return errors.New("none")
		}
		return nil
	})
	lab.Within(t, soon, "the application may start to listen", func() error {
		_, err := h.Try(t, "touch", "/var/lib/nexushub-apps/"+lateID+"/go")
		return err
	})
	if answer := <-got; !strings.Contains(answer, `"label":"late"`) || !strings.HasSuffix(answer, "<nil>") {
		t.Error(answer)
	}
}

// shortHold is what the configuration says by the time of neverReady.
const shortHold = "[proxy]\nhold_timeout = \"1s\"\n"

// neverReady: it does not wait for ever, and is told to come back.
func neverReady(t *testing.T, h *host) {
	h.starting(t, "never", neverID)
	got := do(t, h.h2, "GET", "never", "/public/x", "")
	if got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Retry-After") == "" {
		t.Errorf("%s %v", got.Status, got.Header)
	}
	took, err := strconv.ParseFloat(fmt.Sprint(h.logged(t,
		"TRACE_ID="+got.Header.Get("X-Trace-ID"))["NEXUSHUB_DURATION_MS"]), 64)
	if err != nil || took < 1000 {
		t.Errorf("held for %v ms, %v", took, err)
	}
}

// errorAnswers: who reads the answer gets a page, a program gets problem details, both
// with the trace id; the application's own page comes first.
func errorAnswers(t *testing.T, h *host) {
	for protocol, c := range map[string]*http.Client{"h1": h.h1, "h2": h.h2} {
		for path, status := range map[string]int{"web /public/abort": 502, "other /public/slow?ms=60000": 504,
			"web /api/x": 401} {
			name, path, _ := strings.Cut(path, " ")
			got := do(t, c, "GET", name, path, "", "Accept", "application/json")
			var problem struct {
				Status          int
				Title, Instance string
			}
			if err := json.Unmarshal([]byte(got.body), &problem); err != nil || got.StatusCode != status ||
				problem.Status != status || problem.Title == "" ||
				got.Header.Get("Content-Type") != "application/problem+json" ||
				problem.Instance != "urn:uuid:"+got.Header.Get("X-Trace-ID") {
				t.Errorf("%s %s: %s %v %s", protocol, path, got.Status, got.Header, got.body)
			}
		}
		page := do(t, c, "GET", "web", "/api/x", "", "Accept", "text/html,*/*")
		if page.StatusCode != 401 || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") ||
			!strings.Contains(page.body, page.Header.Get("X-Trace-ID")) {
			t.Errorf("%s: a browser gets %s %v %s", protocol, page.Status, page.Header, page.body)
		}
		own := do(t, c, "GET", "web", "/none", "", "Accept", "text/html,*/*")
		if own.StatusCode != 404 || own.body != "<h1>web has no such page</h1>" {
			t.Errorf("%s: the application's own page: %s %s", protocol, own.Status, own.body)
		}
	}
}

// accessLog: the journal knows everything about a request but its query.
func accessLog(t *testing.T, h *host) {
	got := do(t, h.h2, "GET", "web", "/public/x?token=hush", "")
	entry := h.logged(t, "TRACE_ID="+got.Header.Get("X-Trace-ID"))
	for field, want := range map[string]string{
		"NEXUSHUB_METHOD": "GET", "NEXUSHUB_HOST": "web." + domain + port,
		"NEXUSHUB_PATH": "/public/x", "NEXUSHUB_STATUS": "200", "NEXUSHUB_PROTOCOL": "HTTP/2.0",
		"NEXUSHUB_INSTANCE": webID, "NEXUSHUB_APP": "web", "NEXUSHUB_REMOTE": "127.0.0.1",
		"NEXUSHUB_BYTES": fmt.Sprint(len(got.body)), "NEXUSHUB_TARGET": h.target(t, webID),
	} {
		if entry[field] != want {
			t.Errorf("%s is %v, want %s", field, entry[field], want)
		}
	}
	for _, field := range []string{"NEXUSHUB_DURATION_MS", "NEXUSHUB_UPSTREAM_MS"} {
		if s, _ := entry[field].(string); s == "" || s == "0" {
			t.Errorf("%s is %q", field, s)
		}
	}
	if all := fmt.Sprint(entry); strings.Contains(all, "hush") {
		t.Errorf("the query is in the log: %s", all)
	}
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		h.inFlight(t, h.target(t, webID))
		leave()
	}()
	if _, err := try(ctx, h.h1, "GET", "web", "/public/slow?ms=60000", ""); err == nil {
		t.Error("an answer to nobody")
	}
	h.logged(t, "NEXUSHUB_STATUS=499", "NEXUSHUB_PATH=/public/slow")
}

// logged is the proxy's last line in the journal with all of these fields.
func (h *host) logged(t *testing.T, fields ...string) (entry map[string]any) {
	t.Helper()
	lab.Within(t, soon, fmt.Sprint("the proxy's log has a line with ", fields), func() error {
		out := h.Must(t, "journalctl", append([]string{"-q", "-o", "json", "-n", "1", "-u",
			"nexushub-proxy"}, fields...)...)
		if out == "" {
			return errors.New("there is none")
		}
		return json.Unmarshal([]byte(out), &entry)
	})
	return entry
}

// operators see what is routed and in flight, and count by application, never by host.
func operators(t *testing.T, h *host) {
	done := make(chan error, 1)
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		_, err := try(ctx, h.h2, "GET", "web", "/public/slow?ms=60000", "")
		done <- err
	}()
	h.inFlight(t, h.target(t, webID))
	var routes []struct {
		Host, Instance, State, Target string
		InFlight                      int `json:"in_flight"`
	}
	if err := json.Unmarshal([]byte(h.Must(t, "nexushub", "routes", "--json")), &routes); err != nil {
		t.Fatal(err)
	}
	seen := false
	for _, r := range routes {
		if r.Instance == webID {
			seen = r.Host == "web."+domain && r.State == "ready" && r.Target == h.target(t, webID) && r.InFlight > 0
		}
	}
	if text := h.Must(t, "nexushub", "routes"); !seen || !strings.Contains(text, "web."+domain) {
		t.Errorf("routes: %+v\n%s", routes, text)
	}
	leave()
	<-done
	metrics := h.Must(t, "curl", "-sS", "--unix-socket", "/run/nexushub/proxy.sock", "http://proxy/metrics")
	for _, want := range []string{`nexushub_http_requests_total{app="web",code="200",method="GET"} `,
		`nexushub_http_request_duration_seconds_bucket{app="web",le="`, `nexushub_http_in_flight_requests{app="web"} `} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "nexushub_http") && strings.Contains(line, domain) {
			t.Errorf("a host name in the metrics: %s", line)
		}
	}
}
