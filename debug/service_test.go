package debug

import (
	"errors"
	"net/http"
	"testing"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
)

func TestOnlyPublicService(t *testing.T) {
	const lan, other = "http://10.0.0.1", "http://10.0.0.2"
	app := func(service string, public bool) (a application) {
		a.StaticServiceURL, a.PublicService = service, public
		return a
	}
	for _, c := range []struct {
		what   string
		before application
		role   api.Role
		want   bool
	}{
		{"an operator", application{}, api.Operator, false},
		{"root", application{}, api.Owner, false},
		{"a token of before", application{}, "", false},
		{"a developer", application{}, api.Developer, true},
		{"what an operator has named", app(lan, false), api.Developer, false},
		{"another one than that", app(other, false), api.Developer, true},
		{"what a developer has named", app(lan, true), api.Developer, true},
		{"that, by an operator", app(lan, true), api.Operator, false},
	} {
		if got := onlyPublicService(lan, c.before, caller.Bearer(api.Token{ID: "ci", Role: c.role})); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}

func TestCheckPublic(t *testing.T) {
	for service, want := range map[string]error{
		"http://93.184.215.14:5173": nil, "https://dev.example.org/x": nil, "http://[2a00:1450::1]/": nil,
		"http://127.0.0.1:10001": api.Forbidden, "http://[::1]:1": api.Forbidden, "http://[::ffff:127.0.0.1]": api.Forbidden,
		"http://169.254.169.254/latest": api.Forbidden, "http://192.168.1.1": api.Forbidden, "http://[fe80::1%25eth0]": api.Forbidden,
		"http://localhost:5173": api.Forbidden, "http://LOCALHOST.:5173": api.Forbidden, "http://a.localhost": api.Forbidden,
	} {
		if err := checkPublic(service); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", service, err, want)
		}
	}
}

// TestServiceOfADeveloper: what he names reaches the agent as that, by both ways of creation.
func TestServiceOfADeveloper(t *testing.T) {
	h := newHost(t)
	developer := token(api.Developer, "shop")
	for _, kind := range []string{"/debug/application", "/v1/deployed"} {
		server := map[bool]*Server{true: h.deployed, false: h.server}[kind == "/v1/deployed"]
		ask := func(who caller.Caller, service string, want int) {
			t.Helper()
			w := h.ask(who, "POST", kind, `{"appId":"shop","hostName":"`+kind[1:3]+`.shop.debug","staticServiceUrl":"`+service+`"}`)
			if w.Code != want {
				t.Errorf("%s of %s: %d %s, want %d", service, who.Role, w.Code, w.Body, want)
			}
		}
		public := func(want bool) {
			t.Helper()
			a := server.apps.all()[0]
			if in := server.instance(a); in.PublicService != want || in.StaticService == "" {
				t.Errorf("%s: the agent is given %+v", kind, in)
			}
		}
		ask(developer, "http://127.0.0.1:10001", http.StatusForbidden)
		if all := server.apps.all(); len(all) > 0 {
			t.Fatalf("there is %+v", all)
		}
		ask(developer, "http://leads.anywhere.example", http.StatusCreated)
		public(true)
		found := map[bool]int{true: http.StatusOK, false: http.StatusCreated}[kind == "/v1/deployed"]
		ask(token(api.Operator, "*"), "http://127.0.0.1:10001", found)
		public(false)
		ask(developer, "http://127.0.0.1:10001", found)
		public(false)
		ask(developer, "http://127.0.0.1:10002", http.StatusForbidden)
		ask(developer, "http://leads.anywhere.example", found)
		public(true)
		if err := server.apps.remove(server.apps.all()[0].ID); err != nil {
			t.Fatal(err)
		}
	}
}
