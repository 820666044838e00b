package debug

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/caller/callertest"
	"github.com/nexushub/nexushub/api"
)

// TestEachCallOfEachCaller: through both servers, as the table of all says.
func TestEachCallOfEachCaller(t *testing.T) {
	matrix := callertest.Rights()
	h := newHost(t)
	for _, server := range []*Server{h.server, h.deployed} {
		for _, route := range server.echo.Routes() {
			name := route.Method + " " + route.Path
			if route.Method == "echo_route_not_found" || server == h.deployed && route.Path == "/debug/openapi.json" {
				continue
			}
			callertest.Try(t, matrix, name, "shop", func(who caller.Caller) int {
				fresh := newHost(t)
				server, prefix := fresh.server, "/debug/application"
				if strings.HasPrefix(route.Path, "/v1/deployed") {
					server, prefix = fresh.deployed, "/v1/deployed"
				}
				var shop api.DebugApplication
				fresh.post(prefix, `{"appId":"shop"}`).into(&shop)
				path := strings.Replace(route.Path, ":id", shop.ID, 1)
				if strings.HasSuffix(path, "/logs") {
					path += "?build=1&follow=0"
				}
				r := httptest.NewRequest(route.Method, path, strings.NewReader(`{"appId":"shop"}`))
				w := httptest.NewRecorder()
				server.Handler().ServeHTTP(w, r.WithContext(caller.With(r.Context(), who)))
				return w.Code
			})
		}
	}
}

// TestDeployerChangesNothingElse: not the names of the application, and not another's.
func TestDeployerChangesNothingElse(t *testing.T) {
	h := newHost(t)
	_, shop := h.deploy(`{"appId":"shop","hostName":"shop.org","dbName":"shop"}`, http.StatusCreated)
	ci := caller.Bearer(api.Token{ID: "ci", Name: "ci", Role: api.Deployer, Applications: []string{"shop"}})
	ask := func(who caller.Caller, method, path, body string) int {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		w := httptest.NewRecorder()
		h.deployed.Handler().ServeHTTP(w, r.WithContext(caller.With(r.Context(), who)))
		return w.Code
	}
	fresh := ci
	fresh.Applications = []string{"new"}
	for _, c := range []struct {
		who  caller.Caller
		body string
		code int
	}{
		{ci, `{"appId":"shop"}`, 200},
		{ci, `{"appId":"shop","hostName":"shop.org","dbName":"shop"}`, 200},
		{ci, `{"appId":"shop","hostName":"shop.example.test"}`, 403},
		{ci, `{"appId":"shop","displayName":"The shop"}`, 403},
		{ci, `{"appId":"shop","dbName":"other"}`, 403},
		{ci, `{"appId":"shop","staticServiceUrl":"http://192.0.2.1"}`, 403},
		{ci, `{"appId":"SHOP"}`, 200}, // the same application, by its own name
		{ci, `{"appId":"blog"}`, 403},
		{fresh, `{"appId":"new","hostName":"new.org"}`, 403},
		{fresh, `{"appId":"new"}`, 201},
	} {
		if code := ask(c.who, "POST", "/v1/deployed", c.body); code != c.code {
			t.Errorf("%s: got %d, want %d", c.body, code, c.code)
		}
	}
	for query, code := range map[string]int{"": 403, "?build=0": 403, "?job=nightly": 403, "?build=1&follow=0": 200} {
		if got := ask(ci, "GET", "/v1/deployed/"+shop.ID+"/logs"+query, ""); got != code {
			t.Errorf("logs%s: got %d, want %d", query, got, code)
		}
	}
}
