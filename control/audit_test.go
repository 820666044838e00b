package control

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
)

// TestEachChangeIsOneLine: of all routes, whoever asks and whether it is refused; what reads is none.
func TestEachChangeIsOneLine(t *testing.T) {
	for _, who := range []caller.Caller{caller.Local(0), token(api.Viewer, "hello"), token(api.Operator, "*"), token("")} {
		var log bytes.Buffer
		server := newServer(&stub{}, &log)
		for _, route := range server.echo.Routes() {
			if route.Method == "echo_route_not_found" {
				continue
			}
			log.Reset()
			path := strings.NewReplacer(":app", "hello", ":name", "KEY", ":id", "t1").Replace(route.Path)
			w := ask(server, who, route.Method, path)
			want := 1
			if route.Method == http.MethodGet {
				want = 0
			}
			text, call := log.String(), route.Method+" "+route.Path
			lines := strings.Count(text, "audit=1")
			named := !strings.Contains(route.Path, ":app") || strings.Contains(text, " app=hello app_instance="+appID)
			if lines != want || want == 1 && !(named && strings.Contains(text, `call="`+call+`"`)) {
				t.Errorf("%s by %q: %d %d lines: %s", call, who.Installer, w.Code, lines, text)
			}
		}
	}
}

// TestOtherDoorsAreAudited: what is behind the same server, and what there is not.
func TestOtherDoorsAreAudited(t *testing.T) {
	for _, path := range []string{"/debug/application", "/v1/nothing", "/v1/apps"} {
		var log bytes.Buffer
		ask(newServer(&stub{}, &log), token(api.Viewer, "hello"), "POST", path)
		if !strings.Contains(log.String(), "audit=1") {
			t.Errorf("%s: %s", path, log.String())
		}
	}
}

// TestChangesAreNamedWithoutValues: what was changed is told by its key.
func TestChangesAreNamedWithoutValues(t *testing.T) {
	for _, c := range []struct{ method, path, body, want string }{
		{"PATCH", "/v1/apps/hello/settings", `{"env":{"B":"hunter2","A":null},"limits":{"memory":"hunter2"},"access":"hunter2"}`,
			`changed="access, env A, env B, limits memory"`},
		{"PATCH", "/v1/apps/hello/settings", `{"env":null}`, `changed=env`},
		{"PUT", "/v1/apps/hello/secrets", `{"name":"KEY","value":"hunter2"}`, `changed="secret KEY"`},
		{"POST", "/v1/apps/hello/secrets", `{"secrets":[{"name":"A","value":"hunter2"},{"name":"B","value":"x"}]}`,
			`changed="secret A, secret B"`},
		{"POST", "/v1/tokens", `{"name":"ci"}`, `changed="token ci"`},
		{"DELETE", "/v1/tokens/t1", ``, `changed="token t1"`},
		{"POST", "/v1/apps/hello/rollback", `{"release":"r1"}`, `changed="release r1"`},
		{"POST", "/v1/apps/hello/jobs/nightly/run", ``, `changed="job nightly"`},
		{"POST", "/v1/apps/hello/exec", `{"command":["hunter2"]}`, `call="POST /v1/apps/:app/exec"`},
	} {
		var log bytes.Buffer
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		newServer(&stub{}, &log).ServeHTTP(httptest.NewRecorder(), as(caller.Local(0), r))
		if !strings.Contains(log.String(), c.want) || strings.Contains(log.String(), "hunter2") {
			t.Errorf("%s %s: %s", c.method, c.path, log.String())
		}
	}
}

func TestAuditIsRead(t *testing.T) {
	s := &stub{lines: []audit.Line{
		{Cursor: "2", Fields: map[string]string{"NEXUSHUB_APP": "hello", "NEXUSHUB_BY": "root", "NEXUSHUB_STATUS": "200"}},
		{Cursor: "1", Fields: map[string]string{"NEXUSHUB_BY": "uid:7"}},
	}}
	server := newServer(s, t.Output())
	for _, c := range []struct {
		who   caller.Caller
		query string
		code  int
		want  []string
		never string
	}{
		{caller.Local(0), "", 200, []string{`"id":"1"`, `"id":"2"`, `"status":200`}, ""},
		{caller.Local(0), "?by=uid:7", 200, []string{`"id":"1"`}, `"id":"2"`},
		{caller.Local(0), "?app=hello", 200, []string{`"id":"2"`}, `"id":"1"`},
		{caller.Local(0), "?lines=1", 200, []string{`"id":"2"`}, `"id":"1"`},
		{caller.Local(0), "?lines=0", 400, []string{"lines"}, ""},
		{caller.Local(0), "?since=never", 400, []string{"invalid time"}, ""},
		{caller.Local(0), "?after=x", 400, []string{"cursor"}, ""},
		{caller.Local(0), "?grep=x", 400, []string{"unknown parameter"}, ""},
		{token(api.Viewer, "hello"), "", 200, []string{`"id":"2"`}, `"id":"1"`},
		{token(api.Viewer, "shop"), "", 200, []string{"[]"}, "id"},
		{token(api.Viewer, "shop"), "?app=hello", 403, []string{"not among them"}, ""},
	} {
		w := ask(server, c.who, "GET", "/v1/audit"+c.query)
		for _, want := range c.want {
			if w.Code != c.code || !strings.Contains(w.Body.String(), want) ||
				c.never != "" && strings.Contains(w.Body.String(), c.never) {
				t.Errorf("%s by %q: %d %s", c.query, c.who.Installer, w.Code, w.Body)
			}
		}
	}
}

func TestChangedBy(t *testing.T) {
	for patch, want := range map[string][]string{
		`{}`: nil, `null`: nil, `[1]`: nil, `{"scale":{"worker":2,"web":1}}`: {"scale web", "scale worker"},
		`{"env":{}}`: {"env"}, `{"access":{"deep":{"er":1}}}`: {"access deep"},
	} {
		if got := changedBy([]byte(patch)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", patch, got, want)
		}
	}
}
