package proxy

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/proxy/accesstoken"
	"github.com/nexushub/nexushub/proxyctl"
)

// someGrants knows one token per instance, "token-" and the instance.
type someGrants struct{}

func (someGrants) Valid(token, instance string) bool {
	switch token {
	case "token-" + appID, "token-" + adminID:
		return instance == "" || token == "token-"+instance
	}
	return false
}

// Who knows whoever has a token "NAME@INSTANCE", who has the role NAME.
func (someGrants) Who(token, instance string) *accesstoken.Identity {
	user, of, ok := strings.Cut(token, "@")
	if !ok || of != instance {
		return nil
	}
	return &accesstoken.Identity{User: user, Roles: []string{user}}
}

func testSnapshot(t *testing.T) *snapshot {
	t.Helper()
	at := func(id string) *proxyctl.Target {
		return &proxyctl.Target{ID: id, Network: "tcp", Address: "127.0.0.1:1"}
	}
	route := func(id, host, state string) proxyctl.Route {
		return proxyctl.Route{Instance: id, Name: host, Hosts: []string{host + ".yesterday.localhost"}, State: state,
			Target: at(host)}
	}
	app, all := route(appID, "app", proxyctl.StateReady), route("all", "all", proxyctl.StateReady)
	app.StaticDir = t.TempDir()
	all.ProxyAll = true
	dev, service := route("dev", "dev", proxyctl.StateReady), route("service", "service", proxyctl.StateReady)
	dev.DevServer, service.StaticService = "127.0.0.1:5173", "http://127.0.0.1:3000/base/"
	fileOnly := proxyctl.Route{Instance: "files", Hosts: []string{"files.debug"}, State: proxyctl.StateReady,
		StaticDir: t.TempDir()}
	none := route("none", "none", proxyctl.StateReady)
	open := route("open", "open", proxyctl.StateReady)
	openFiles := route("open-files", "open-files", proxyctl.StateReady)
	open.Access, openFiles.Access, openFiles.StaticDir = proxyctl.AccessOpen, proxyctl.AccessOpen, t.TempDir()
	tb := table(open, openFiles, app, all, dev, service, fileOnly, none, route("slow", "slow", proxyctl.StateStarting),
		route("down", "down", proxyctl.StateDown),
		route(loginID, "login", proxyctl.StateReady), route(adminID, "admin", proxyctl.StateReady))
	tb.AgentSocket = "/run/nexushub/debug.sock"
	s, err := compile(tb, newTargets(inCommon()))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRules(t *testing.T) {
	const bearerApp, bearerAdmin = "token-" + appID, "token-" + adminID
	cases := []struct {
		name   string
		req    request
		action action
		status int
		target string
		check  func(decision) bool
	}{
		// 1. unknown host or SNI, known but not ready
		{"unknown host", request{authority: "other.example", path: "/"}, actRefuse, 421, "", nil},
		{"unknown SNI", request{authority: "app.yesterday.localhost", sni: "other.example", path: "/public/x"},
			actRefuse, 421, "", nil},
		{"an address as SNI", request{authority: "app.yesterday.localhost", sni: "127.0.0.1", path: "/public/x"},
			actForward, 0, "app", nil},
		{"SNI of another known host", request{authority: "app.yesterday.localhost", sni: "all.yesterday.localhost",
			path: "/public/x"}, actForward, 0, "app", nil},
		{"no host", request{path: "/"}, actRefuse, 421, "", nil},
		{"port is ignored", request{authority: "app.yesterday.localhost:8443", path: "/public/x"}, actForward, 0, "app",
			nil},
		{"host without domain", request{authority: "files.debug", path: "/"}, actFile, 0, "", nil},
		{"starting is held", request{authority: "slow.yesterday.localhost", path: "/public/x"}, actHold, 0, "", nil},
		{"down is refused", request{authority: "down.yesterday.localhost", path: "/public/x"}, actRefuse, 503, "", nil},
		// 2. API hosts
		{"agent", request{authority: "internal.yesterday.localhost", path: "/debug/application/x/logs", bearer: "api"},
			actForward, 0, "agent", func(d decision) bool { return d.keepAuth && d.access == "" }},
		{"agent on the admin host", request{authority: "admin.yesterday.localhost", path: "/debug/application"},
			actForward, 0, "agent", nil},
		{"agent, access token of the admin application",
			request{authority: "internal.yesterday.localhost", path: "/debug/application", bearer: bearerAdmin},
			actForward, 0, "agent", func(d decision) bool { return d.access == "admin" }},
		{"agent, token of another application", request{authority: "internal.yesterday.localhost",
			path: "/debug/application", bearer: bearerApp}, actForward, 0, "agent",
			func(d decision) bool { return d.access == "" }},
		{"description of the API", request{authority: "admin.yesterday.localhost", path: "/debug/openapi.json"},
			actForward, 0, "agent", func(d decision) bool { return d.keepAuth }},
		{"debug path on another host", request{authority: "app.yesterday.localhost", path: "/debug/application"},
			actFile, 0, "", nil},
		{"API host, other path, no instance", request{authority: "internal.yesterday.localhost", path: "/x"}, actRefuse,
			404, "", nil},
		{"API host with an instance", request{authority: "admin.yesterday.localhost", path: "/public/x"}, actForward, 0,
			"admin", nil},
		{"longer word", request{authority: "internal.yesterday.localhost", path: "/debug/applications"}, actRefuse, 404,
			"", nil},
		{"operators' API", request{authority: "admin.yesterday.localhost:8443", path: "/v1/apps", bearer: "api"},
			actForward, 0, "agent", func(d decision) bool { return d.keepAuth && d.access == "" && !d.keepApp }},
		{"a grant does not open it", request{authority: "admin.yesterday.localhost", path: "/v1/apps", bearer: bearerAdmin},
			actForward, 0, "agent", func(d decision) bool { return d.access == "" }},
		{"nor X-Application-Id", request{authority: "admin.yesterday.localhost", path: "/v1/apps", applicationID: appID,
			bearer: secret}, actForward, 0, "agent", func(d decision) bool { return !d.keepApp && !d.keepSecret }},
		{"operators' API on the other API host", request{authority: "internal.yesterday.localhost", path: "/v1/apps",
			bearer: "api"}, actRefuse, 404, "", nil},
		{"operators' API on an application's host", request{authority: "all.yesterday.localhost", path: "/v1/apps"},
			actForward, 0, "all", nil},
		{"operators' API on an open application's host", request{authority: "open.yesterday.localhost", path: "/v1/apps"},
			actForward, 0, "open", nil},
		{"operators' API on a longer host", request{authority: "admin.yesterday.localhost.evil", path: "/v1/apps"},
			actRefuse, 421, "", nil},
		{"operators' API, longer word", request{authority: "admin.yesterday.localhost", path: "/v1x"}, actRefuse, 404, "",
			nil},
		{"operators' API, another case", request{authority: "admin.yesterday.localhost", path: "/V1/apps"}, actRefuse, 404,
			"", nil},
		{"operators' API, encoded", request{authority: "admin.yesterday.localhost", path: "/%761/apps"}, actRefuse, 404,
			"", nil},
		{"operators' API, a name with a path", request{authority: "admin.yesterday.localhost",
			path: "/v1/apps/shop/hosts/example.org%2Fdocs"}, actForward, 0, "agent", nil},
		{"operators' API, a slash and dots", request{authority: "admin.yesterday.localhost", path: "/v1/%2e%2e%2fapi"},
			actRefuse, 400, "", nil},
		{"operators' API, dots", request{authority: "admin.yesterday.localhost", path: "/v1/../v1/apps"}, actRefuse, 400,
			"", nil},
		{"operators' API, encoded dots", request{authority: "admin.yesterday.localhost", path: "/v1/%2e%2e/debug/application"},
			actRefuse, 400, "", nil},
		{"operators' API, empty segment", request{authority: "admin.yesterday.localhost", path: "//v1/apps"}, actRefuse,
			400, "", nil},
		// 3. login on any host
		{"login", request{authority: "app.yesterday.localhost", path: "/public/login"}, actForward, 0, "login",
			func(d decision) bool { return d.keepRefresh && !d.keepAuth }},
		{"logout", request{authority: "slow.yesterday.localhost", path: "/public/logout"}, actForward, 0, "login", nil},
		{"login's assets", request{authority: "app.yesterday.localhost", path: "/public/login/x.css"}, actForward, 0,
			"login", nil},
		{"not login", request{authority: "app.yesterday.localhost", path: "/public/logins"}, actForward, 0, "app", nil},
		// 4. X-Application-Id
		{"application id, secret", request{authority: "internal.yesterday.localhost", path: "/api/x",
			applicationID: appID, bearer: secret}, actForward, 0, "app",
			func(d decision) bool { return d.keepApp && d.keepSecret && d.keepAuth }},
		{"application id, its token", request{authority: "internal.yesterday.localhost", path: "/api/x",
			applicationID: appID, bearer: bearerApp}, actForward, 0, "app",
			func(d decision) bool { return d.keepApp && !d.keepSecret }},
		{"application id, another token", request{authority: "internal.yesterday.localhost", path: "/api/x",
			applicationID: appID, bearer: bearerAdmin}, actRefuse, 401, "", nil},
		{"application id, nothing", request{authority: "app.yesterday.localhost", path: "/public/x",
			applicationID: appID}, actRefuse, 401, "", nil},
		{"application id, unknown", request{authority: "app.yesterday.localhost", path: "/public/x",
			applicationID: "nobody", bearer: secret}, actRefuse, 404, "", nil},
		{"application id does not open /internal", request{authority: "all.yesterday.localhost", path: "/internal/x",
			applicationID: appID, bearer: bearerApp}, actRefuse, 401, "", nil},
		// 5. tokens
		{"set token", request{method: "GET", authority: "app.yesterday.localhost", path: "/api/set_token"}, actSetToken,
			0, "", nil},
		{"access token", request{method: "POST", authority: "app.yesterday.localhost", path: "/api/access_token"},
			actAccessToken, 0, "", nil},
		{"set token in disguise", request{method: "GET", authority: "app.yesterday.localhost", path: "/api/SET_TOKEN"},
			actRefuse, 400, "", nil},
		{"access token, by GET", request{method: "GET", authority: "app.yesterday.localhost",
			path: "/api/access_token"}, actRefuse, 401, "", nil},
		// 6. areas
		{"public", request{authority: "app.yesterday.localhost", path: "/public/x"}, actForward, 0, "app",
			func(d decision) bool { return d.keepAuth && !d.keepRefresh }},
		{"public hides the secret", request{authority: "app.yesterday.localhost", path: "/public/x", bearer: secret},
			actForward, 0, "app", func(d decision) bool { return !d.keepAuth && !d.keepSecret }},
		{"public hides tokens", request{authority: "app.yesterday.localhost", path: "/public/x", bearer: bearerAdmin},
			actForward, 0, "app", func(d decision) bool { return !d.keepAuth }},
		{"api without", request{authority: "app.yesterday.localhost", path: "/api/x"}, actRefuse, 401, "", nil},
		{"api, token", request{authority: "app.yesterday.localhost", path: "/api/x", bearer: bearerApp}, actForward, 0,
			"app", func(d decision) bool { return d.keepAuth && !d.keepSecret }},
		{"api, token of another", request{authority: "app.yesterday.localhost", path: "/api/x", bearer: bearerAdmin},
			actRefuse, 401, "", nil},
		{"api, secret", request{authority: "app.yesterday.localhost", path: "/api/x", bearer: secret}, actForward, 0,
			"app", func(d decision) bool { return d.keepSecret }},
		{"api itself", request{authority: "app.yesterday.localhost", path: "/api"}, actRefuse, 401, "", nil},
		{"not api", request{authority: "all.yesterday.localhost", path: "/apix"}, actForward, 0, "all", nil},
		{"internal, token", request{authority: "app.yesterday.localhost", path: "/internal/x", bearer: bearerApp},
			actRefuse, 401, "", nil},
		{"internal, secret", request{authority: "app.yesterday.localhost", path: "/internal/x", bearer: secret},
			actForward, 0, "app", func(d decision) bool { return d.keepAuth && d.keepSecret }},
		{"internal, nothing", request{authority: "app.yesterday.localhost", path: "/internal"}, actRefuse, 401, "",
			nil},
		// 7. anything else
		{"dev server", request{authority: "dev.yesterday.localhost", path: "/src/main.ts"}, actForward, 0,
			"dev 127.0.0.1:5173", nil},
		{"dev server, api still protected", request{authority: "dev.yesterday.localhost", path: "/api/x"}, actRefuse,
			401, "", nil},
		{"static service", request{authority: "service.yesterday.localhost", path: "/x"}, actForward, 0,
			"service http://127.0.0.1:3000", func(d decision) bool {
				return d.base == "/base" &&
					d.host == "127.0.0.1:3000"
			}},
		{"file", request{authority: "app.yesterday.localhost", path: "/x"}, actFile, 0, "", nil},
		{"proxy all", request{authority: "all.yesterday.localhost", path: "/x"}, actForward, 0, "all", nil},
		{"a format is no way around", request{authority: "all.yesterday.localhost", path: "/internal.json"}, actRefuse,
			404, "", nil},
		{"a file may have a name like an area", request{authority: "app.yesterday.localhost", path: "/internal.html"},
			actFile, 0, "", nil},
		{"disguised", request{authority: "all.yesterday.localhost", path: "/x/../internal/%252e%252e/y"}, actRefuse,
			400, "", nil},
		{"disguised, without TLS", request{authority: "all.yesterday.localhost", path: "/x/../internal", plain: true},
			actRefuse, 400, "", nil},
		{"nothing", request{authority: "none.yesterday.localhost", path: "/x"}, actRefuse, 404, "", nil},
		{"file-only has no instance", request{authority: "files.debug", path: "/public/x"}, actRefuse, 404, "", nil},
	}
	s := testSnapshot(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d := s.decide(&c.req, someGrants{})
			target := ""
			if d.targets != nil {
				target = d.targets.all[0].ID
			}
			if d.action != c.action || d.status != c.status || target != c.target || (c.check != nil && !c.check(d)) {
				t.Errorf("decided %+v (target %q)", d, target)
			}
		})
	}
}

// TestRulesOrder has requests that two rules speak of: the first one counts. nexushub-proxy(8)
// lists the rules in this order.
func TestRulesOrder(t *testing.T) {
	s := testSnapshot(t)
	const app, down, api = "app.yesterday.localhost", "down.yesterday.localhost", "internal.yesterday.localhost"
	for _, c := range []struct {
		name   string
		req    request
		action action
		status int
		target string
	}{
		{"an unknown host before an ambiguous path", request{authority: "other.example", path: "/a//b"}, actRefuse, 421,
			""},
		{"an ambiguous path before HTTPS", request{authority: app, path: "/a//b", plain: true}, actRefuse, 400, ""},
		{"HTTPS before everything that a path says", request{authority: api, path: "/debug/application", plain: true},
			actRedirect, 0, ""},
		{"the agent before X-Application-Id", request{authority: api, path: "/debug/application", applicationID: appID},
			actForward, 0, "agent"},
		{"the login application before X-Application-Id",
			request{authority: app, path: "/public/login", applicationID: appID}, actForward, 0, "login"},
		{"X-Application-Id before the instance", request{authority: down, path: "/public/x", applicationID: appID},
			actRefuse, 401, ""},
		{"a token before the state of the application", request{authority: down, path: "/api/x"}, actRefuse, 401, ""},
		{"setting a token before the state of the application", request{authority: down, path: "/api/set_token"},
			actSetToken, 0, ""},
		{"files before the state of the application", request{authority: "files.debug", path: "/x"}, actFile, 0, ""},
	} {
		d := s.decide(&c.req, someGrants{})
		if d.action != c.action || d.status != c.status ||
			(c.target != "" && (d.targets == nil || d.targets.all[0].ID != c.target)) {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

func TestTableFaults(t *testing.T) {
	route := func(id string, hosts ...string) proxyctl.Route {
		return proxyctl.Route{Instance: id, State: proxyctl.StateReady, Hosts: hosts}
	}
	elsewhere := table()
	elsewhere.ControlHost = "app.yesterday.localhost"
	bad := map[string]proxyctl.Table{
		"control host":    elsewhere,
		"format":          {Format: 2},
		"host":            table(route("a", "no host")),
		"host twice":      table(route("a", "x.y"), route("b", "X.Y.")),
		"instance twice":  table(route("a", "x.y"), route("a", "x.z")),
		"no instance":     table(route("", "x.y")),
		"access":          table(proxyctl.Route{Instance: "a", State: proxyctl.StateReady, Access: "public"}),
		"state":           table(proxyctl.Route{Instance: "a", State: "fine"}),
		"service scheme":  table(proxyctl.Route{Instance: "a", State: proxyctl.StateReady, StaticService: "ftp://x"}),
		"service no host": table(proxyctl.Route{Instance: "a", State: proxyctl.StateReady, StaticService: "http://"}),
	}
	for name, tb := range bad {
		if _, err := compile(tb, newTargets(inCommon())); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzDecide(f *testing.F) {
	f.Add("app.yesterday.localhost", "/internal/x", "x", "", "GET")
	f.Add("internal.yesterday.localhost:8443", "/debug/application", "token-"+adminID, appID, "POST")
	f.Fuzz(func(t *testing.T, authority, path, bearer, app, method string) {
		s := testSnapshot(t)
		d := s.decide(&request{method: method, authority: authority, path: path, bearer: bearer, applicationID: app},
			someGrants{})
		known := bearer == secret || (someGrants{}).Valid(bearer, "")
		if site := s.lookup(authority); site != nil && site.route != nil && site.route.Access == proxyctl.AccessOpen {
			return // TestNobodyReadsATokenPathFromAnOpenApplication
		}
		for r, by := range readings(path) {
			r = strings.ToLower(r)
			if (under(r, "/internal") || under(r, "/api")) && (d.action == actForward || d.action == actFile) &&
				!known && d.targets != s.agent {
				t.Errorf("%q %q passed without a token; %s reads it as %q", authority, path, by, r)
			}
			if under(r, "/internal") && d.action == actForward && d.targets != s.agent && bearer != secret {
				t.Errorf("%q %q passed without the secret; %s reads it as %q", authority, path, by, r)
			}
		}
		if d.action == actForward && d.targets == nil {
			t.Error("forward to nowhere")
		}
	})
}
