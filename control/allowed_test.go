package control

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/caller/callertest"
	"github.com/nexushub/nexushub/agent/events"
	"github.com/nexushub/nexushub/api"
)

func token(role api.Role, apps ...string) caller.Caller {
	return caller.Bearer(api.Token{ID: "t1", Name: "ci", Role: role, Applications: apps})
}

func ask(s *Server, who caller.Caller, method, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(`{}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, as(who, r))
	return w
}

// TestEveryRouteHasARight: the one that is added later, too.
func TestEveryRouteHasARight(t *testing.T) {
	s := newServer(&stub{}, t.Output())
	for _, route := range s.echo.Routes() {
		if route.Method == "echo_route_not_found" {
			continue
		}
		if _, ok := caller.RightTo(route.Method, route.Path); !ok {
			t.Errorf("%s %s has no row in agent/caller", route.Method, route.Path)
		}
		path := strings.NewReplacer(":app", "hello", ":name", "KEY", ":id", "t1").Replace(route.Path)
		if w := ask(s, caller.Caller{}, route.Method, path); w.Code != http.StatusForbidden {
			t.Errorf("%s %s answers nobody with %d", route.Method, route.Path, w.Code)
		}
		if w := ask(s, token(""), route.Method, path); w.Code != http.StatusForbidden {
			t.Errorf("%s %s answers a token of before with %d", route.Method, route.Path, w.Code)
		}
	}
}

// TestOthersApplications: however they are named, and whether there are any.
func TestOthersApplications(t *testing.T) {
	s := &stub{}
	server := newServer(s, t.Output())
	for _, route := range server.echo.Routes() {
		if !strings.Contains(route.Path, "/:app") {
			continue
		}
		for _, ref := range []string{
			"hello", appID, "HELLO", "hello%2e", "nobody", "18736e4f-93f9-4606-a7be-863c7986ea5b", "*", "%2a", "blog",
		} {
			path := strings.NewReplacer(":app", ref, ":name", "KEY").Replace(route.Path)
			w := ask(server, token(api.Operator, "blog"), route.Method, path)
			if w.Code != http.StatusForbidden || len(s.calls) > 0 {
				t.Errorf("%s %s: got %d %s, calls %q", route.Method, path, w.Code, w.Body, s.calls)
			}
		}
	}
	w := ask(server, token(api.Developer, "hello"), "POST", "/v1/apps/hello/stop")
	if w.Code != 200 || s.calls[0] != "stop "+appID {
		t.Errorf("one's own: got %d %s, calls %q", w.Code, w.Body, s.calls)
	}
}

func TestListsHaveWhatIsGranted(t *testing.T) {
	s := &stub{apps: []api.App{
		{ID: appID, Name: "hello"}, {ID: "2", Name: "shop-1", AppID: "shop"}, {ID: "3", Name: "shop", AppID: "x"},
	}}
	server := newServer(s, t.Output())
	for _, c := range []struct {
		path  string
		apps  []string
		want  string
		never string
	}{
		{"/v1/apps", []string{"shop"}, `"id":"2"`, `"id":"3"`},
		{"/v1/apps", []string{"hello"}, appID, `"id":"2"`},
		{"/v1/apps", []string{"*"}, `"id":"3"`, "null"},
		{"/v1/apps", []string{"none"}, "[]", "id"},
		{"/v1/routes", []string{"hello"}, `"host":"i"`, "null"},
		{"/v1/routes", []string{"shop"}, "[]", "host"},
		{"/v1/plan", []string{"shop"}, "[]", "start"},
		{"/v1/plan", []string{"*"}, "start", "null"},
	} {
		w := ask(server, token(api.Viewer, c.apps...), "GET", c.path)
		if w.Code != 200 || !strings.Contains(w.Body.String(), c.want) || strings.Contains(w.Body.String(), c.never) {
			t.Errorf("%s for %q: got %d %s", c.path, c.apps, w.Code, w.Body)
		}
	}
}

func TestRefusalsSayWhatIsMissing(t *testing.T) {
	server := newServer(&stub{}, t.Output())
	for _, c := range []struct {
		who          caller.Caller
		method, path string
		want         string
	}{
		{token(api.Viewer, "hello"), "POST", "/v1/apps/hello/stop", "needs the role developer, and token ci has the role viewer"},
		{token(api.Developer, "hello"), "GET", "/v1/tokens", "needs the role operator"},
		{token(api.Developer, "hello"), "GET", "/v1/apps/shop", `token ci is for hello, and \"shop\" is not among them`},
		{token(api.Viewer, "hello"), "GET", "/v1/logs", "about the whole host, and token ci is for hello"},
		{token(api.Operator, "*"), "GET", "/v1/apps/hello/secrets", "over its control socket"},
		{token(""), "GET", "/v1/apps", "token ci has no role"},
	} {
		if w := ask(server, c.who, c.method, c.path); w.Code != 403 || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s %s: got %d %s", c.method, c.path, w.Code, w.Body)
		}
	}
}

func TestMe(t *testing.T) {
	s := newServer(&stub{}, t.Output())
	want := `{"by":"token:t1","token":"ci","role":"viewer","applications":["shop"]}`
	w := ask(s, token(api.Viewer, "shop"), "GET", "/v1/me")
	if w.Code != 200 || strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

// TestEachCallOfEachCaller: through the server, as the table of all says.
func TestEachCallOfEachCaller(t *testing.T) {
	matrix := callertest.Rights()
	ring := events.New(time.Now())
	for _, route := range newServer(&stub{ring: ring}, io.Discard).echo.Routes() {
		if route.Method == "echo_route_not_found" {
			continue
		}
		path := strings.NewReplacer(":app", "hello", ":name", "KEY", ":id", "t1").Replace(route.Path)
		callertest.Try(t, matrix, route.Method+" "+route.Path, "hello", func(who caller.Caller) int {
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // streams end at once
			r := httptest.NewRequest(route.Method, path, strings.NewReader(`{"name":"n","command":["c"]}`))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			newServer(&stub{ring: ring}, io.Discard).ServeHTTP(w, as(who, r.WithContext(ctx)))
			return w.Code
		})
	}
}
