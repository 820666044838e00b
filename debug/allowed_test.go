package debug

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
)

func (h *host) ask(who caller.Caller, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, strings.NewReader(body))
	r.Method = method
	w := httptest.NewRecorder()
	next := h.server
	if strings.HasPrefix(path, Deployed.prefix) {
		next = h.deployed
	}
	next.Handler().ServeHTTP(w, r.WithContext(caller.With(r.Context(), who)))
	return w
}

func token(role api.Role, apps ...string) caller.Caller {
	return caller.Bearer(api.Token{ID: "t1", Name: "ci", Role: role, Applications: apps})
}

// TestEveryPathIsGuarded: what is added to the API later, too.
func TestEveryPathIsGuarded(t *testing.T) {
	h := newHost(t)
	for _, server := range []*Server{h.server, h.deployed} {
		var a api.DebugApplication
		h.post(server.o.Kind.prefix, `{"appId":"shop"}`).want(http.StatusCreated).into(&a)
		for _, route := range server.routes().Routes() {
			right, ok := caller.RightTo(route.Method, route.Path)
			if !ok {
				t.Errorf("%s %s has no row in agent/caller", route.Method, route.Path)
			}
			path := strings.Replace(route.Path, ":id", a.ID, 1)
			refused := func(who caller.Caller) bool {
				return h.ask(who, route.Method, path, `{"appId":"shop"}`).Code == http.StatusForbidden
			}
			switch {
			case !refused(caller.Caller{}):
				t.Errorf("%s %s answers nobody", route.Method, path)
			case refused(token("")) != strings.HasPrefix(path, Deployed.prefix):
				t.Errorf("%s %s and a token without a role", route.Method, path)
			case refused(token(api.Viewer, "*")) != (right.Least != api.Viewer):
				t.Errorf("%s %s and a viewer", route.Method, path)
			case right.Scope == caller.One && !refused(token(api.Developer, "blog")):
				t.Errorf("%s %s answers who has another application", route.Method, path)
			}
		}
	}
}

// TestDevelopersOwnApplications: a token with a role creates, sees and removes what it is for.
func TestDevelopersOwnApplications(t *testing.T) {
	h := newHost(t)
	h.create(`{"appId":"shop"}`)
	blog := token(api.Developer, "blog")
	for body, want := range map[string]int{
		`{"appId":"shop"}`: 403, `{"appId":"Blog"}`: 403, `{"appId":"blog2","displayName":"blog"}`: 403, `{"appId":"*"}`: 403,
		`{"appId":"blog","appId":"shop"}`: 403, `{"appId":"shop","APPID":"blog"}`: 201, `{"appId":"blog"}`: 201,
	} {
		if w := h.ask(blog, "POST", "/debug/application", body); w.Code != want {
			t.Errorf("%s: got %d %s, want %d", body, w.Code, w.Body, want)
		}
	}
	all := h.server.apps.all()
	if len(all) != 2 || all[0].AppID != "shop" || all[1].AppID != "blog" {
		t.Errorf("there are %+v", all)
	}
	if w := h.ask(blog, "GET", "/debug/application", ""); w.Code != 200 || strings.Contains(w.Body.String(), "shop") ||
		!strings.Contains(w.Body.String(), "blog") {
		t.Errorf("list: %d %s", w.Code, w.Body)
	}
	if w := h.ask(token(""), "GET", "/debug/application", ""); !strings.Contains(w.Body.String(), "shop") ||
		!strings.Contains(w.Body.String(), "blog") {
		t.Errorf("a token of before sees %s", w.Body)
	}
	if w := h.ask(blog, "DELETE", "/debug/application/"+string(all[1].ID), ""); w.Code != 204 {
		t.Errorf("removal: %d %s", w.Code, w.Body)
	}
}

// TestRemovalIsAnOperators where the agent says so: of both kinds, and nothing is gone by the attempt.
func TestRemovalIsAnOperators(t *testing.T) {
	h := newHost(t)
	for _, kind := range []string{"/debug/application", "/v1/deployed"} {
		h.post(kind, `{"appId":"shop"}`).want(http.StatusCreated)
		server := map[bool]*Server{true: h.deployed, false: h.server}[kind == "/v1/deployed"]
		path := kind + "/" + string(server.apps.all()[0].ID)
		h.runtime.keeps = api.Forbidden
		if w := h.ask(token(api.Developer, "shop"), "DELETE", path, ""); w.Code != 403 || len(server.apps.all()) != 1 {
			t.Errorf("a developer: %d %s", w.Code, w.Body)
		}
		if w := h.ask(token(api.Operator, "*"), "DELETE", path, ""); w.Code != 204 || len(server.apps.all()) != 0 {
			t.Errorf("an operator: %d %s", w.Code, w.Body)
		}
	}
}

// TestNamesThatDifferInCase are one deployed application, which belongs to who has its own name.
func TestNamesThatDifferInCase(t *testing.T) {
	h := newHost(t)
	h.post("/v1/deployed", `{"appId":"shop"}`).want(http.StatusCreated)
	w := h.ask(token(api.Developer, "Shop"), "POST", "/v1/deployed", `{"appId":"Shop","dbName":"mine"}`)
	if a := h.deployed.apps.all()[0]; w.Code != 403 || a.DBName != "" {
		t.Errorf("got %d %s, it is %+v", w.Code, w.Body, a)
	}
	w = h.ask(token(api.Developer, "shop"), "POST", "/v1/deployed", `{"appId":"shop","dbName":"mine"}`)
	if a := h.deployed.apps.all()[0]; w.Code != 200 || a.DBName != "mine" {
		t.Errorf("got %d %s, it is %+v", w.Code, w.Body, a)
	}
}
