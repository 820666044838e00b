package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/events"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/journal"
	"github.com/nexushub/nexushub/proxyctl"
)

const appID = "3bf3e3c0-6e51-482a-b180-00f6aa568ee9"

// stub answers for everything behind the server and remembers what was asked.
type stub struct {
	calls []string
	value string // of the last secret
	fail  error
	apps  []api.App
	kind  string // of hello
	lines []audit.Line
	ring  *events.Ring
}

func (s *stub) note(format string, args ...any) error {
	s.calls = append(s.calls, fmt.Sprintf(format, args...))
	return s.fail
}

func (s *stub) Apps() []api.App { return slices.Clone(s.apps) }
func (s *stub) App(ref string) (api.App, error) {
	if ref != "hello" && ref != appID {
		return api.App{}, fmt.Errorf("application %q: %w", ref, api.NotFound)
	}
	web := api.Process{Name: "web", Replicas: []api.Replica{{Number: 1, Unit: "u1"}, {Number: 2, Unit: "u2"}}}
	return api.App{ID: appID, Name: "hello", State: api.StateRunning, Kind: s.kind, Processes: []api.Process{web}}, nil
}
func (s *stub) AppFigures(ref string) (api.Figures, error) {
	return api.Figures{}, s.note("figures %s", ref)
}
func (s *stub) HostFigures() api.Figures { return api.Figures{Step: 10} }
func (s *stub) FileOf(string) string     { return "/etc/nexushub/apps.d/hello.toml" }
func (s *stub) AddHost(_ context.Context, id string, h api.NewAppHost) error {
	return s.note("add %s %s", id, h.Host)
}
func (s *stub) RemoveHost(_ context.Context, id, host string) error {
	return s.note("remove %s %s", id, host)
}
func (s *stub) Plan() []api.Task { return []api.Task{{Action: "start", Reason: "wanted"}} }
func (s *stub) System(context.Context) (api.System, error) {
	return api.System{Version: "1"}, s.note("system")
}
func (s *stub) StartApp(_ context.Context, ref string) (api.App, error) {
	return api.App{}, s.note("start %s", ref)
}
func (s *stub) StopApp(_ context.Context, ref string) (api.App, error) {
	return api.App{}, s.note("stop %s", ref)
}
func (s *stub) RestartApp(_ context.Context, ref string) (api.App, error) {
	return api.App{}, s.note("restart %s", ref)
}
func (s *stub) StopAll(context.Context) error { return s.note("stop all") }
func (s *stub) Refresh(context.Context) error { return s.note("refresh") }
func (s *stub) AppReleases(id string) ([]api.Release, error) {
	return []api.Release{{ID: "r1"}}, s.note("releases %s", id)
}
func (s *stub) Rollback(_ context.Context, id, r string) (api.App, error) {
	return api.App{}, s.note("rollback %s %q", id, r)
}
func (s *stub) Explain(_ context.Context, id, process string) (api.Explanation, error) {
	return api.Explanation{Command: []string{"systemd-run"}}, s.note("explain %s %s", id, process)
}
func (s *stub) ExecLine(_ context.Context, id string, req api.ExecRequest) (api.Explanation, error) {
	return api.Explanation{}, s.note("exec %s %v", id, req.Command)
}
func (s *stub) Secrets(id string) ([]api.Secret, error) { return nil, s.note("secrets %s", id) }
func (s *stub) SetSecrets(_ context.Context, id string, list ...api.NewSecret) (err error) {
	for _, x := range list {
		s.value = x.Value
		err = s.note("set %s %s", id, x.Name)
	}
	return err
}
func (s *stub) Settings(id string) (api.Settings, error) {
	return api.Settings{}, s.note("settings %s", id)
}
func (s *stub) ChangeSettings(_ context.Context, id string, patch []byte) (api.Settings, error) {
	return api.Settings{}, s.note("change %s %s", id, patch)
}
func (s *stub) Jobs(id string) ([]api.Job, error) { return nil, s.note("jobs %s", id) }
func (s *stub) RunJob(_ context.Context, id, job string) (api.JobRun, error) {
	return api.JobRun{}, s.note("run %s %s", id, job)
}
func (s *stub) RemoveSecret(_ context.Context, id, name string) error {
	return s.note("unset %s %s", id, name)
}
func (s *stub) List() ([]api.Token, error)      { return nil, s.note("tokens") }
func (s *stub) Tag() string                     { return `"tokens"` }
func (s *stub) HostsTag(string) (string, error) { return `"hosts"`, nil }
func (s *stub) Create(_ context.Context, t api.NewToken) (api.IssuedToken, error) {
	return api.IssuedToken{Secret: "s3cret"}, s.note("create %s", t.Name)
}
func (s *stub) Revoke(_ context.Context, id string) error { return s.note("revoke %s", id) }
func (s *stub) Status(context.Context) (proxyctl.Status, error) {
	return proxyctl.Status{Routes: []proxyctl.RouteStatus{{Instance: appID, Hosts: []string{"h", "i"}, State: "ready"}},
		Targets:   []proxyctl.TargetStatus{{ID: "u2", Requests: 4, InFlight: 3}},
		Instances: []proxyctl.InstanceStatus{{Instance: appID, Requests: 12}}}, s.note("status")
}
func (s *stub) Waiting(context.Context) ([]api.Waiting, error) {
	return []api.Waiting{{Command: "systemctl restart x", Keys: []string{"k"}}}, s.note("waiting")
}
func (s *stub) Certs(context.Context) ([]proxyctl.CertInfo, error) {
	return []proxyctl.CertInfo{{Source: "file"}}, s.note("certs")
}
func (s *stub) Unreadable(_ context.Context, id string) ([]string, error) {
	return []string{"/srv/s: may not be entered"}, s.note("unreadable %s", id)
}
func (s *stub) Own(_ context.Context, q journal.OwnQuery, fn func(audit.Line) bool) error {
	for _, l := range s.lines {
		if !fn(l) {
			break
		}
	}
	return s.note("own %q %s", q.Match, q.After)
}
func (s *stub) Serve(w http.ResponseWriter, _ *http.Request, q journal.Query, f journal.Format) error {
	io.WriteString(w, "event: log\ndata: {\"message\":\"hi\"}\n\n")
	return s.note("logs %s %d %v %s %s", q.Instance, q.Lines, q.Follow, f, q.After)
}

func newServer(s *stub, log io.Writer) *Server {
	return NewServer(Deps{
		Applications: s, Operator: s, Releases: s, Settings: s, Jobs: s, Explainer: s, Secrets: s,
		Tokens: s, Proxy: s, Logs: s, Files: s, Hosts: s,
		Created: func(id string) bool { return id == "new" },
		Debug:   http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `[{"id":"d"}]`) }),
		Log:     slog.New(slog.NewTextHandler(log, nil)),
		Events:  s.ring,
		Audit:   audit.New(slog.New(slog.NewTextHandler(log, nil)), s),
	})
}

// as is a request of somebody whom a door has led in.
func as(who caller.Caller, r *http.Request) *http.Request {
	return r.WithContext(caller.With(r.Context(), who))
}

// dial runs the server on a socket, so that the kernel's word on the caller counts.
func dial(t *testing.T, s *stub) *api.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "api.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- newServer(s, t.Output()).Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return api.NewClient(path)
}

// Every call of the client library reaches what answers it.
func TestClientAndServerAgree(t *testing.T) {
	s := &stub{kind: plan.KindDeployed}
	c, ctx := dial(t, s), t.Context()
	calls := []struct {
		want string
		do   func() error
	}{
		{"refresh; status", func() error { _, err := c.Apps(ctx); return err }},
		{"refresh; status; unreadable " + appID, func() error {
			a, err := c.App(ctx, "hello")
			if r := a.Processes[0].Replicas; r[0].Requests != 0 || r[1].Requests != 4 || r[1].InFlight != 3 {
				t.Errorf("replicas: %+v", r)
			}
			if a.Requests != 12 || a.Route != "ready" || len(a.Unreadable) != 1 {
				t.Errorf("requests, route and files of %+v", a)
			}
			return err
		}},
		{"start hello", func() error { _, err := c.Start(ctx, "hello"); return err }},
		{"stop hello", func() error { _, err := c.Stop(ctx, "hello"); return err }},
		{"restart hello", func() error { _, err := c.Restart(ctx, "hello"); return err }},
		{"stop all", func() error { return c.StopAll(ctx) }},
		{"releases hello", func() error { _, err := c.Releases(ctx, "hello"); return err }},
		{`rollback hello "r1"`, func() error { _, err := c.Rollback(ctx, "hello", "r1"); return err }},
		{"settings hello", func() error { _, err := c.Settings(ctx, "hello"); return err }},
		{`change hello {"access":null}`, func() error {
			_, err := c.ChangeSettings(ctx, "hello", map[string]any{"access": nil})
			return err
		}},
		{"", func() error { _, err := c.Hosts(ctx, "hello"); return err }},
		{"add " + appID + " x.org/docs", func() error {
			_, err := c.AddHost(ctx, "hello", api.NewAppHost{Host: "x.org/docs", Strip: true})
			return err
		}},
		{"remove " + appID + " x.org/docs", func() error { _, err := c.RemoveHost(ctx, "hello", "x.org/docs"); return err }},
		{"jobs hello", func() error { _, err := c.Jobs(ctx, "hello"); return err }},
		{"run hello nightly", func() error { _, err := c.RunJob(ctx, "hello", "nightly"); return err }},
		{"explain hello worker.2", func() error { _, err := c.Explain(ctx, "hello", "worker.2"); return err }},
		{"", func() error { _, err := c.Plan(ctx); return err }},
		{"status", func() error {
			r, err := c.Routes(ctx)
			if len(r) != 2 || r[1].Host != "i" || r[1].Requests != 12 {
				t.Errorf("routes %+v", r)
			}
			return err
		}},
		{"certs", func() error { _, err := c.Certs(ctx); return err }},
		{"system", func() error { _, err := c.System(ctx); return err }},
		{"tokens", func() error { _, err := c.Tokens(ctx); return err }},
		{"create ci", func() error { _, err := c.CreateToken(ctx, api.NewToken{Name: "ci"}); return err }},
		{"revoke t1", func() error { return c.RevokeToken(ctx, "t1") }},
		{"", func() error { _, err := c.Debug().List(ctx); return err }},
	}
	if os.Geteuid() == 0 {
		calls = append(calls, []struct {
			want string
			do   func() error
		}{
			{"secrets " + appID, func() error { _, err := c.Secrets(ctx, "hello"); return err }},
			{"set " + appID + " KEY", func() error { return c.SetSecret(ctx, "hello", api.NewSecret{Name: "KEY"}) }},
			{"set " + appID + " A; set " + appID + " B", func() error {
				return c.SetSecrets(ctx, "hello", []api.NewSecret{{Name: "A"}, {Name: "B"}})
			}},
			{"set new A", func() error { return c.SetSecrets(ctx, "new", []api.NewSecret{{Name: "A"}}) }},
			{"unset " + appID + " A/B", func() error { return c.RemoveSecret(ctx, "hello", "A/B") }},
			{"exec hello [sh -c x]", func() error {
				_, err := c.ExecLine(ctx, "hello", api.ExecRequest{Command: []string{"sh", "-c", "x"}})
				return err
			}},
		}...)
	}
	for _, call := range calls {
		s.calls = nil
		if err := call.do(); err != nil {
			t.Errorf("%s: %v", call.want, err)
		}
		if got := strings.Join(s.calls, "; "); got != call.want {
			t.Errorf("got %q, want %q", got, call.want)
		}
	}
}

func TestLogsPassTheQuery(t *testing.T) {
	s := &stub{}
	c := dial(t, s)
	after := "s=a;i=1;b=b;m=1;t=1;x=1"
	var got []string
	for e, err := range c.Logs(t.Context(), "hello", url.Values{"lines": {"7"}, "follow": {"0"}}, after) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Entry.Message)
	}
	want := fmt.Sprintf("logs %s 7 false sse %s", appID, after)
	if !reflect.DeepEqual(got, []string{"hi"}) || s.calls[0] != want {
		t.Errorf("got %v %v", got, s.calls)
	}
}

// What is gone still has a log, as long as one knows its id.
func TestLogsOfARemovedInstance(t *testing.T) {
	s := &stub{}
	c := dial(t, s)
	gone := "18736e4f-93f9-4606-a7be-863c7986ea5b"
	for _, err := range c.Logs(t.Context(), gone, nil, "") {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range c.Logs(t.Context(), "nobody", nil, "") {
		if !errors.Is(err, api.NotFound) {
			t.Errorf("got %v", err)
		}
	}
	if len(s.calls) != 1 || !strings.HasPrefix(s.calls[0], "logs "+gone) {
		t.Errorf("got %v", s.calls)
	}
}

// Every value of a secret arrives as the client gave it, whatever its bytes are.
func TestSecretsArriveUnchanged(t *testing.T) {
	s := &stub{}
	c := dial(t, s)
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for name, value := range map[string]string{
		"text": "gr\u00fc\u00dfe\n", "no value": "", "Latin-1": "gr\xfc\xdfe\xff",
		"every byte": string(every), "NUL": "a\x00b",
		"replacement": "\ufffd", "escapes": "\\ud83d \\u0000 <&> \u2028 \U0001f600",
		"largest text": strings.Repeat("<", 1<<20), "largest": strings.Repeat("\xff", 1<<20),
	} {
		n := api.NewSecret{Name: "KEY", Kind: "credential"}
		n.SetValue(value)
		if err := c.SetSecret(t.Context(), "hello", n); err != nil || s.value != value {
			t.Errorf("%s: %q arrived as %q (%v)", name, shorten(value), shorten(s.value), err)
		}
	}
	both := api.NewSecret{Name: "KEY", Value: "a", Base64: []byte("b")}
	if err := c.SetSecret(t.Context(), "hello", both); !errors.Is(err, api.Invalid) {
		t.Errorf("two values: %v", err)
	}
	raw := `{"name":"KEY","kind":"env","value":"\ud83d\ude00"}` // as another program may write it
	if err := checkText([]byte(raw)); err != nil {
		t.Error(err)
	}
}

func shorten(s string) string { return s[:min(len(s), 300)] }

// Whatever is not refused is text that json leaves as it is.
func FuzzCheckText(f *testing.F) {
	for _, seed := range []string{
		`"a"`, `"\ud83d"`, `"\ud83d\ude00"`, `"\\ud83d"`, "\"\xff\"", `"\ufffd"`, `"\ude00\\u`, `"\`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var text string
		if json.Unmarshal(doc, &text) != nil {
			_ = checkText(doc)
			return
		}
		meant := bytes.Count(bytes.ToLower(doc), []byte(`\ufffd`)) + bytes.Count(doc, []byte("\ufffd"))
		if lost := strings.Count(text, "\ufffd") > meant; checkText(doc) == nil && lost {
			t.Errorf("%q became %q", doc, text)
		}
	})
}

func TestRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		method, path, body string
		status             int
		contains           string
	}{
		"unknown path":      {"GET", "/v1/nothing", "", 404, "not found"},
		"unknown app":       {"GET", "/v1/apps/nobody", "", 404, `application \"nobody\"`},
		"bad query":         {"GET", "/v1/apps/hello/logs?lines=x&grep=(&foo=1", "", 400, `"pointer":"foo"`},
		"bad json":          {"POST", "/v1/tokens", "{", 400, "body"},
		"unknown field":     {"POST", "/v1/tokens", `{"nam":"x"}`, 400, "nam"},
		"no name":           {"POST", "/v1/tokens", `{}`, 422, "name"},
		"secrets, not root": {"GET", "/v1/apps/hello/secrets", "", 403, "needs the role owner, and uid 1000"},
		"exec, not root":    {"POST", "/v1/apps/hello/exec", `{"command":["x"]}`, 403, "needs the role owner"},
		"settings, no JSON": {"PATCH", "/v1/apps/hello/settings", "{", 400, "body"},
		"invalid UTF-8":     {"POST", "/v1/tokens", "{\"name\":\"gr\xfc\xdfe\"}", 400, "valid UTF-8"},
		"half a character":  {"POST", "/v1/tokens", `{"name":"\ud83d"}`, 400, "valid UTF-8"},
		"two first halves":  {"POST", "/v1/tokens", `{"name":"\ud83d\ud83d"}`, 400, "valid UTF-8"},
		"second half":       {"POST", "/v1/tokens", `{"name":"\\\ude00x"}`, 400, "valid UTF-8"},
		"too large":         {"POST", "/v1/tokens", strings.Repeat(" ", 9<<20), 413, "too large"},
	} {
		t.Run(name, func(t *testing.T) {
			req := httptest.NewRequest(tc.method, tc.path, strings.NewReader(tc.body))
			req.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			newServer(&stub{}, t.Output()).ServeHTTP(w, as(caller.Local(1000), req))
			if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.contains) {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
			if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" {
				t.Errorf("content type %q", ct)
			}
			if id := w.Header().Get("X-Trace-ID"); id == "" || !strings.Contains(w.Body.String(), id) {
				t.Errorf("trace id %q not in %s", id, w.Body)
			}
		})
	}
}

// The cause of an internal error is in the log under the trace id, not in the answer.
func TestInternalErrorsStayInside(t *testing.T) {
	var log bytes.Buffer
	w := httptest.NewRecorder()
	r := as(caller.Local(0), httptest.NewRequest("GET", "/v1/system", nil))
	newServer(&stub{fail: errors.New("disk on fire")}, &log).ServeHTTP(w, r)
	if w.Code != 500 || strings.Contains(w.Body.String(), "fire") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "disk on fire") || !strings.Contains(log.String(), w.Header().Get("X-Trace-ID")) {
		t.Errorf("log: %s", &log)
	}
}

// Tokens are shown once and logged never.
func TestTokensAreNotLogged(t *testing.T) {
	var log bytes.Buffer
	req := httptest.NewRequest("POST", "/v1/tokens", strings.NewReader(`{"name":"ci"}`))
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	newServer(&stub{}, &log).ServeHTTP(w, as(caller.Local(0), req))
	if w.Code != 201 || !strings.Contains(w.Body.String(), "s3cret") || strings.Contains(log.String(), "s3cret") {
		t.Errorf("got %d %s\n%s", w.Code, w.Body, &log)
	}
}

// Values of configuration are no secrets, but nothing that an application is set to is for the log.
func TestSettingsAreNotLogged(t *testing.T) {
	var log bytes.Buffer
	for _, patch := range []string{`{"env":{"A":"hidden"}}`, `{"env":{"A":"hidden"`} {
		req := httptest.NewRequest("PATCH", "/v1/apps/hello/settings", strings.NewReader(patch))
		newServer(&stub{}, &log).ServeHTTP(httptest.NewRecorder(), req)
	}
	if text := log.String(); !strings.Contains(text, "/v1/apps/hello/settings") || strings.Contains(text, "hidden") {
		t.Errorf("logged: %s", text)
	}
}
