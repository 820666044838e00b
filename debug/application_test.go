package debug

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostile"
)

func TestCreate(t *testing.T) {
	h := newHost(t)
	_, a := h.create(`{"appId":"Shop","displayName":"The shop","hostName":"shop.debug","dbName":"shop","staticServiceUrl":"http://127.0.0.1:5173","unknown":1}`)
	if a.AppID != "Shop" || a.HostName != "shop.debug" || a.DBName != "shop" || a.Status != "pending" ||
		a.StaticServiceURL == "" || a.CreatedAt.IsZero() {
		t.Errorf("got %+v", a)
	}
	_, b := h.create(`{"appId":"My Äpp_2"}`)
	if b.DisplayName != "My Äpp_2" || b.HostName != "my-pp-2.debug.example.test" {
		t.Errorf("generated %q %q", b.DisplayName, b.HostName)
	}
	var list []api.DebugApplication
	h.get("/debug/application").want(http.StatusOK).into(&list)
	if len(list) != 2 || list[0].ID != a.ID {
		t.Errorf("got %+v", list)
	}
	h.start()
	h.get("/debug/application").want(http.StatusOK).into(&list)
	if len(list) != 2 || list[1] != b && list[1].ID != b.ID {
		t.Errorf("after a restart: %+v", list)
	}
}

// A client can ask what is taken before it uploads.
func TestPackageLimits(t *testing.T) {
	h := newHost(t)
	var limits api.PackageLimits
	h.get("/debug/application/limits").want(http.StatusOK).into(&limits)
	if limits.MaxSize != h.limits.MaxSize || limits.MaxEntries != hostile.MaxEntries {
		t.Errorf("got %+v", limits)
	}
}

func TestCreateRefusals(t *testing.T) {
	h := newHost(t)
	h.create(`{"appId":"one","hostName":"one.debug"}`)
	h.runtime.others = []api.App{{ID: "s", Name: "static", HostName: "www.example.test"},
		{ID: "l", Name: "sso", HostName: "login.example.test:8443"}}
	for name, c := range map[string]struct {
		body   string
		status int
		says   string
	}{
		"no JSON":         {`{"appId":`, 400, ""},
		"empty body":      {``, 400, ""},
		"not an object":   {`[]`, 400, ""},
		"too long":        {`{"appId":"` + strings.Repeat("x", maxJSON) + `"}`, 413, "65536"},
		"no app id":       {`{}`, 422, "appId"},
		"blank app id":    {`{"appId":"  "}`, 422, "appId"},
		"wrong type":      {`{"appId":"x","hostName":5}`, 422, "hostName"},
		"bad host":        {`{"appId":"x","hostName":"a b"}`, 422, "hostName"},
		"bad url":         {`{"appId":"x","staticServiceUrl":"ftp://x"}`, 422, "staticServiceUrl"},
		"url with secret": {`{"appId":"x","staticServiceUrl":"http://a:b@c/"}`, 422, "staticServiceUrl"},
		"control":         {`{"appId":"x","dbName":"a\nb"}`, 422, "dbName"},
		"reordering":      {`{"appId":"x\u202ey"}`, 422, "appId"},
		"escape sequence": {`{"appId":"x\u001b[31m"}`, 422, "appId"},
		"C1":              {`{"appId":"x","displayName":"\u009b31m"}`, 422, "displayName"},
		"no width":        {`{"appId":"x","displayName":"a\u200bb"}`, 422, "displayName"},
		"url that hides":  {`{"appId":"x","staticServiceUrl":"http://h/\u202e"}`, 422, "staticServiceUrl"},
		"Kelvin":          {`{"appId":"x","hostName":"\u212aelvin.debug"}`, 422, "hostName"},
		"umlaut":          {`{"appId":"x","hostName":"bücher.debug:8443"}`, 422, "write xn--bcher-kva.debug"},
		"Cyrillic":        {`{"appId":"x","hostName":"p\u0430ypal.debug"}`, 422, "mixes Latin and Cyrillic letters"},
		"Cyrillic hidden": {`{"appId":"x","hostName":"xn--pypal-4ve.debug"}`, 422, "mixes Latin and Cyrillic letters"},
		"no such letters": {`{"appId":"x","hostName":"xn--a.debug"}`, 422, "not valid in an international name"},
		"address":         {`{"appId":"x","hostName":"127.1"}`, 422, "hostName"},
		"host taken":      {`{"appId":"x","hostName":"ONE.debug:8443"}`, 409, "one"},
		"host of static":  {`{"appId":"x","hostName":"www.example.test"}`, 409, "static"},
		"reserved host":   {`{"appId":"x","hostName":"admin.example.test"}`, 409, "NexusHub"},
		"reserved port":   {`{"appId":"x","hostName":"ADMIN.example.test.:1"}`, 409, "NexusHub"},
		"www":             {`{"appId":"x","hostName":"www.admin.example.test"}`, 409, "NexusHub"},
		"bare word":       {`{"appId":"x","hostName":"internal"}`, 409, "NexusHub"},
		"word of another": {`{"appId":"x","hostName":"login"}`, 409, "application sso (login.example.test)"},
		"www of another":  {`{"appId":"x","hostName":"www.login.example.test"}`, 409, "application sso (login.example.test)"},
		"of another":      {`{"appId":"x","hostName":"login.example.test"}`, 409, "taken by application sso"},
	} {
		p := h.post("/debug/application", c.body).problem(c.status)
		if !strings.Contains(p.Detail, c.says) {
			t.Errorf("%s: got %q, want it to name %q", name, p.Detail, c.says)
		}
	}
	p := h.post("/debug/application", `{"appId":"","hostName":"-","staticServiceUrl":"x"}`).problem(422)
	if len(p.Errors) != 3 {
		t.Errorf("got %+v, want every bad field", p.Errors)
	}
}

// What programs and people trust below a domain is for operators; a token keeps what it had.
func TestReservedNamesAreForOperators(t *testing.T) {
	h := newHost(t)
	byToken := func(host string) int {
		body := fmt.Sprintf(`{"appId":"x","hostName":%q}`, host)
		return h.ask(token(""), http.MethodPost, "/debug/application", body).Code
	}
	for _, host := range []string{"Example.test", "www.example.test", "wpad.example.test", "mail.example.test:8443",
		"xn--lgin-0ra.example.test"} {
		if got := byToken(host); got != http.StatusConflict {
			t.Errorf("%s by a token: got %d", host, got)
		}
		h.create(fmt.Sprintf(`{"appId":"x","hostName":%q}`, host))
		if got := byToken(host); got != http.StatusCreated {
			t.Errorf("%s again: got %d", host, got)
		}
		h.create(`{"appId":"x","hostName":"x.debug"}`)
	}
	if got := byToken("shop.example.com"); got != http.StatusCreated {
		t.Errorf("any other name: got %d", got)
	}
}

func TestCreateReplacesTheSameAppID(t *testing.T) {
	h := newHost(t)
	path, old := h.create(`{"appId":"shop","hostName":"shop.debug"}`)
	h.upload(path, packageOf(t, "one"))
	h.install(path)
	_, fresh := h.create(`{"appId":"shop","hostName":"shop.debug"}`)
	if fresh.ID == old.ID || fresh.Status != "pending" {
		t.Errorf("got %+v", fresh)
	}
	h.get(path + "/status").problem(404)
	if len(h.runtime.apps) != 0 {
		t.Errorf("the old one still runs: %v", h.runtime.apps)
	}
}

func TestCreateHasAQuota(t *testing.T) {
	h := newHost(t)
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		h.create(`{"appId":"` + id + `"}`)
	}
	h.post("/debug/application", `{"appId":"f"}`).problem(429)
	h.create(`{"appId":"e"}`)
}

func TestUnknownApplication(t *testing.T) {
	h := newHost(t)
	for _, id := range []string{"0f8fad5b-d9cb-469f-a165-70867728950e", "..", "x", "0F8FAD5B-D9CB-469F-A165-70867728950E"} {
		path := "/debug/application/" + id
		for _, p := range []string{"/status", "/upload/status", "/logs"} {
			h.get(path + p).problem(404)
		}
		h.post(path+"/install", "").problem(404)
		h.post(path+"/stop", "").problem(404)
		h.do(http.MethodDelete, path, nil, nil).problem(404)
		h.chunk(path, 0, 1, nil, nil).problem(404)
	}
	h.get("/debug/nonsense").problem(404)
	h.do(http.MethodPut, "/debug/application", nil, nil).problem(405)
}

func TestInstallStatusStopDelete(t *testing.T) {
	h := newHost(t)
	path, a := h.create(`{"appId":"shop","hostName":"shop.debug","dbName":"db","staticServiceUrl":"http://127.0.0.1:1"}`)
	h.post(path+"/install", "").problem(400)
	h.upload(path, packageOf(t, "one"))
	if out := h.install(path); out.Status != "running" || out.ApplicationID != a.ID || out.InstalledAt.IsZero() {
		t.Fatalf("got %+v", out)
	}
	in := h.runtime.wanted[a.ID]
	if in.Kind != plan.KindDebug || in.HostName != "shop.debug" || in.DBName != "db" || in.StaticService == "" ||
		len(in.Release) != 64 {
		t.Errorf("the agent was given %+v", in)
	}
	var st api.DebugStatus
	h.get(path + "/status").want(http.StatusOK).into(&st)
	if st.Status != "running" || st.ProcessID != 42 || st.Metadata.Release != in.Release || st.Metadata.ExpiresAt == nil {
		t.Errorf("got %+v", st)
	}
	h.start()
	if !h.runtime.restored || h.runtime.wanted[a.ID].Release != in.Release {
		t.Error("a restart does not put it again")
	}
	if out := h.install(path); out.Status != "running" || !strings.HasSuffix(h.runtime.launched[1], "!") {
		t.Errorf("again: %+v, launched %v", out, h.runtime.launched)
	}
	h.post(path+"/stop", "").want(http.StatusOK).into(&st)
	if st.Status != "stopped" || st.ProcessID != 0 {
		t.Errorf("got %+v", st)
	}
	wrote := filepath.Join(h.dir, "apps", a.ID)
	h.must(os.MkdirAll(wrote, 0o700))
	h.do(http.MethodDelete, path, nil, nil).want(http.StatusNoContent)
	h.get(path + "/status").problem(404)
	h.get(path + "/upload/status").problem(404)
	if _, err := os.Stat(wrote); err == nil {
		t.Error("what the application wrote is still there")
	}
	if len(h.runtime.apps) != 0 || len(h.server.ReleasesInUse()) != 0 {
		t.Errorf("left: %v", h.runtime.apps)
	}
}

// TestInstallThatFails: the answer says why, once, with what the application said last; so does its
// status from then on.
func TestInstallThatFails(t *testing.T) {
	for name, tt := range map[string]struct{ failure, lastExit, want string }{
		"it ended":          {"shop is backing-off: exit status 3", "exit status 3\nno database", "shop is backing-off: exit status 3\nno database"},
		"it ended silently": {"shop is backing-off: exit status 3", "exit status 3", "shop is backing-off: exit status 3"},
		"it was given up":   {"shop: given up", "exit status 3\nno database", "shop: given up\nexit status 3\nno database"},
		"it still starts":   {"shop is still starting", "", "shop is still starting\nlast words"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			path, _ := h.create(`{"appId":"shop"}`)
			h.upload(path, packageOf(t, "one"))
			h.runtime.fail, h.runtime.lastExit = fmt.Errorf("%s: %w", tt.failure, api.Failed), tt.lastExit
			if out := h.install(path); out.Status != "installed_not_started" || out.Message != tt.want {
				t.Errorf("got %+v, want %q", out, tt.want)
			}
			var st api.DebugStatus
			h.get(path + "/status").want(http.StatusOK).into(&st)
			if st.Status != "failed" || st.Error != tt.lastExit {
				t.Errorf("got %+v, want %q", st, tt.lastExit)
			}
		})
	}
}

func TestInstallOfABadPackage(t *testing.T) {
	h := newHost(t)
	path, _ := h.create(`{"appId":"shop"}`)
	h.upload(path, []byte("this is no zip at all"))
	if p := h.post(path+"/install", "").problem(422); len(p.Errors) == 0 {
		t.Errorf("got %+v, want the problems listed", p)
	}
	if len(h.runtime.launched) != 0 {
		t.Error("it was launched")
	}
}

func TestStatusWords(t *testing.T) {
	for state, want := range map[api.State]string{
		api.StateUnknown: "installed", api.StatePending: "starting", api.StateStarting: "starting",
		api.StateRunning:   "running",
		api.StateUnhealthy: "unhealthy", api.StateBackingOff: "failed", api.StateStopping: "stopped",
		api.StateStopped: "stopped", api.StateFailed: "failed",
	} {
		v := appView{application: application{Release: "r"}, seen: true, now: api.App{State: state}}
		if v.status() != want {
			t.Errorf("%s: got %s, want %s", state, v.status(), want)
		}
	}
}

func TestOpenAPIDescribesEveryRoute(t *testing.T) {
	h := newHost(t)
	var doc document
	h.get("/debug/openapi.json").want(http.StatusOK).into(&doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("openapi is %q", doc.OpenAPI)
	}
	described := map[string]bool{}
	for path, item := range doc.Paths {
		for method := range item {
			if method != "parameters" {
				described[strings.ToUpper(method)+" "+strings.ReplaceAll(path, "{id}", ":id")] = true
			}
		}
	}
	served := map[string]bool{}
	for _, r := range h.server.echo.Routes() {
		served[r.Method+" "+r.Path] = true
	}
	for route := range served {
		if !described[route] {
			t.Errorf("openapi.json lacks %s", route)
		}
	}
	for route := range described {
		if !served[route] {
			t.Errorf("openapi.json describes %s, which is not served", route)
		}
	}
}

// TestAdoptsWhatRunsUnknown: the state folder was lost, the application was not.
func TestAdoptsWhatRunsUnknown(t *testing.T) {
	h := newHost(t)
	const id = "0b6b6f4e-7c1c-4a6e-9a3a-0d3f1f1c2b3a"
	h.runtime.orphans = []plan.Instance{{ID: id, Kind: plan.KindDebug, HostName: "lost.debug", AppID: "lost",
		Release: "r1"}}
	h.start()
	if in := h.runtime.wanted[id]; in.Release != "r1" || in.HostName != "lost.debug" || !in.AsItRuns {
		t.Errorf("the agent was given %+v", in)
	}
	now := time.Now()
	h.pass(&now, 10*time.Hour) // it may have been kept
	h.start()                  // once is enough
	if n := len(h.server.apps.all()); n != 1 {
		t.Errorf("%d applications, want 1", n)
	}
	h.do(http.MethodDelete, "/debug/application/"+id, nil, nil).want(http.StatusNoContent)
}

// One token's applications are fewer than all: it cannot keep the others out. Those of
// before whose owner is not known are nobody's.
func TestOneTokenDoesNotTakeEveryPlace(t *testing.T) {
	h := newHost(t)
	create := func(appID, owner string) error {
		a := application{ID: newID(), Owner: owner, NewDebugApplication: api.NewDebugApplication{AppID: appID}}
		_, _, err := h.server.apps.enter(func([]application) (application, []ID, error) { return a, nil, nil })
		return err
	}
	for _, name := range []string{"a", "b", "c"} {
		h.must(create(name, "token:x"))
	}
	if err := create("d", "token:x"); !errors.Is(err, api.TooMany) {
		t.Errorf("a fourth of one token = %v", err)
	}
	h.must(create("e", "token:y"))
	h.must(create("f", ""))
	if err := create("g", ""); !errors.Is(err, api.TooMany) {
		t.Errorf("a sixth in all = %v", err)
	}
}

// TestListAndStatusAgree on how often an application was restarted, and since when it is as it is.
func TestListAndStatusAgree(t *testing.T) {
	h := newHost(t)
	path, a := h.create(`{"appId":"shop"}`)
	h.upload(path, packageOf(t, "one"))
	h.install(path)
	since := time.Unix(1_700_000_000, 0).UTC()
	h.runtime.mu.Lock()
	app := h.runtime.apps[a.ID]
	app.Restarts, app.Since = 3, since
	h.runtime.apps[a.ID] = app
	h.runtime.mu.Unlock()
	var list []api.DebugApplication
	h.get("/debug/application").want(http.StatusOK).into(&list)
	var st api.DebugStatus
	h.get(path + "/status").want(http.StatusOK).into(&st)
	if len(list) != 1 || list[0].Restarts != 3 || list[0].Since == nil || !list[0].Since.Equal(since) {
		t.Errorf("list: %+v", list)
	}
	if m := st.Metadata; m.Restarts != 3 || m.Since == nil || !m.Since.Equal(since) {
		t.Errorf("status: %+v", m)
	}
}
