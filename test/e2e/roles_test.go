package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

const adminHost = "admin.yesterday.localhost:8443"

// asked is a request to an API host.
type asked struct {
	method, path string
	host         string // of the Host header; empty: adminHost
	token        string
	header       [2]string
	body         string
}

func (h *host) answer(t *testing.T, a asked) (status int, body string) {
	t.Helper()
	to := a.host
	if to == "" {
		to = adminHost
	}
	r, err := http.NewRequestWithContext(t.Context(), a.method, "https://"+adminHost, strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Opaque, r.Host = a.path, to // as it is written
	if strings.HasPrefix(a.path, "//") {
		r.URL.Opaque = "https://" + to + a.path
	}
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	if a.header[0] != "" {
		r.Header[a.header[0]] = append(r.Header[a.header[0]], a.header[1])
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := h.HTTP.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", a.method, a.path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func (h *host) wantAnswer(t *testing.T, what string, a asked, want int) {
	t.Helper()
	if status, body := h.answer(t, a); status != want {
		t.Errorf("%s: %s %s answers %d, want %d: %s", what, a.method, a.path, status, want, body)
	}
}

// issue makes a token as somebody who holds one, or on the host.
func (h *host) issue(t *testing.T, n api.NewToken) api.IssuedToken {
	t.Helper()
	made, err := h.API().CreateToken(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// operations are all that the host describes, as "METHOD /path".
func (h *host) operations(t *testing.T, token string) (list []string) {
	t.Helper()
	for _, path := range []string{"/v1/openapi.json", "/debug/openapi.json"} {
		status, body := h.answer(t, asked{method: "GET", path: path, token: token})
		var doc struct{ Paths map[string]map[string]any }
		if err := json.Unmarshal([]byte(body), &doc); err != nil || status != http.StatusOK {
			t.Fatalf("%s: %d %v %s", path, status, err, body)
		}
		for path, item := range doc.Paths {
			for method := range item {
				if method != "parameters" {
					list = append(list, strings.ToUpper(method)+" "+path)
				}
			}
		}
	}
	if len(list) < 50 {
		t.Fatalf("only %q are described", list)
	}
	return list
}

// Tokens with a role do from elsewhere what their role and their applications allow, and nothing else.
func TestRoles(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployShop(t)
		h.Sh(t, "nexushub deploy -q --name blog /srv/hello && nexushub deploy -q --temporary --name trial /srv/hello")
		some := []string{"shop"}
		operator := h.issue(t, api.NewToken{Name: "operator", Role: api.Operator}).Secret
		developer := h.issue(t, api.NewToken{Name: "developer", Role: api.Developer, Applications: some})
		viewer := h.issue(t, api.NewToken{Name: "viewer", Role: api.Viewer, Applications: []string{"*"}}).Secret
		old := h.issue(t, api.NewToken{Name: "old"}).Secret
		t.Run("viewer", func(t *testing.T) { h.viewerChangesNothing(t, viewer) })
		t.Run("others", func(t *testing.T) { h.othersApplicationsAreClosed(t, developer.Secret) })
		t.Run("old", func(t *testing.T) { h.oldTokenOpensTheDebugAPIAlone(t, old) })
		t.Run("doors", func(t *testing.T) { h.noOtherDoor(t, operator) })
		t.Run("issuing", func(t *testing.T) { h.issuesNoMore(t, operator, developer.Secret) })
		t.Run("work", func(t *testing.T) { h.worksFromElsewhere(t, developer) })
		for _, name := range []string{"shop", "blog", "trial"} {
			h.AwaitState(t, name, api.StateRunning)
		}
	})
}

func (h *host) viewerChangesNothing(t *testing.T, token string) {
	t.Helper()
	app, err := h.API().App(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	names := strings.NewReplacer("{app}", "shop", "{id}", app.ID, "{name}", "KEY", "{host}", "shop.yesterday.localhost")
	for _, operation := range h.operations(t, token) {
		method, path, _ := strings.Cut(names.Replace(operation), " ")
		if method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions {
			h.wantAnswer(t, "a viewer", asked{method: method, path: path, token: token, body: `{"appId":"shop"}`},
				http.StatusForbidden)
		}
	}
	h.wantAnswer(t, "a viewer", asked{method: "GET", path: "/v1/apps/shop", token: token}, http.StatusOK)
	h.wantAnswer(t, "a viewer", asked{method: "GET", path: "/v1/apps/shop/secrets", token: token}, http.StatusForbidden)
}

// isOfNoApplication says whether what follows in a path is the name of something else: a token, or an
// operation, which only who has begun it finds.
func isOfNoApplication(path string) bool {
	return strings.HasPrefix(path, "/v1/tokens") || strings.HasPrefix(path, "/v1/operations")
}

// othersApplicationsAreClosed tries each name that an application has.
func (h *host) othersApplicationsAreClosed(t *testing.T, token string) {
	t.Helper()
	for _, name := range []string{"blog", "trial"} {
		app, err := h.API().App(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		refs := []string{app.ID, strings.ToUpper(app.ID), app.Name, strings.ToUpper(app.Name), app.AppID, app.HostName,
			app.Unit, app.Name + "%20", "shop%00", app.Name + "."}
		for _, operation := range h.operations(t, token) {
			method, path, _ := strings.Cut(operation, " ")
			for _, ref := range refs {
				names := strings.NewReplacer("{app}", ref, "{id}", ref, "{name}", "KEY", "{host}", app.HostName)
				if isOfNoApplication(path) || !strings.Contains(path, "{") {
					continue
				}
				a := asked{method: method, path: names.Replace(path), token: token, body: `{}`}
				if status, body := h.answer(t, a); status != http.StatusForbidden && status != http.StatusBadRequest {
					t.Errorf("a developer of another application: %s %s answers %d %s", method, a.path, status, body)
				}
			}
		}
	}
	for _, path := range []string{"/v1/apps", "/v1/routes", "/v1/plan", "/v1/deployed", "/debug/application"} {
		if status, body := h.answer(t, asked{method: "GET", path: path, token: token}); status != http.StatusOK ||
			strings.Contains(body, "blog") || strings.Contains(body, "trial") {
			t.Errorf("a developer of another application: %s answers %d %s", path, status, body)
		}
	}
	for _, path := range []string{"/v1/deployed", "/debug/application"} {
		for _, body := range []string{`{"appId":"blog"}`, `{"appId":"new","hostName":"shop.yesterday.localhost"}`} {
			h.wantAnswer(t, body, asked{method: "POST", path: path, token: token, body: body}, http.StatusForbidden)
		}
	}
	h.wantAnswer(t, "a name that is not one's own", asked{method: "POST", path: "/v1/deployed", token: token,
		body: `{"appId":"shop","hostName":"blog.yesterday.localhost"}`}, http.StatusConflict)
}

func (h *host) oldTokenOpensTheDebugAPIAlone(t *testing.T, token string) {
	t.Helper()
	for _, path := range []string{
		"/v1/me", "/v1/apps", "/v1/apps/shop", "/v1/deployed", "/v1/logs", "/v1/tokens", "/v1/openapi.json",
	} {
		h.wantAnswer(t, "a token of before", asked{method: "GET", path: path, token: token}, http.StatusForbidden)
	}
	h.wantAnswer(t, "a token of before", asked{method: "GET", path: "/debug/application", token: token}, http.StatusOK)
}

// noOtherDoor: the operators' API is on one host, at one spelling of its path, for tokens.
func (h *host) noOtherDoor(t *testing.T, token string) {
	t.Helper()
	shop := asked{method: "GET", path: "/v1/apps", token: token}
	on := func(host, path string, header ...string) asked {
		a := shop
		a.host, a.path = host, path
		if len(header) > 0 {
			a.header = [2]string{header[0], header[1]}
		}
		return a
	}
	app, err := h.API().App(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	h.wantAnswer(t, "its host", shop, http.StatusOK)
	h.wantAnswer(t, "a final dot", on("admin.yesterday.localhost.:8443", "/v1/apps"), http.StatusOK)
	h.wantAnswer(t, "the other API host", on("internal.yesterday.localhost:8443", "/v1/apps"), http.StatusNotFound)
	h.wantAnswer(t, "an application's host", on("shop.yesterday.localhost:8443", "/v1/apps"), http.StatusNotFound)
	h.wantAnswer(t, "a longer host", on("admin.yesterday.localhost.evil:8443", "/v1/apps"), http.StatusMisdirectedRequest)
	h.wantAnswer(t, "X-Application-Id", on(adminHost, "/v1/apps/none", "X-Application-Id", app.ID), http.StatusNotFound)
	for _, path := range []string{"/v1/../v1/apps", "//v1/apps", "/v1//apps", "/%2e/v1/apps", "/v1/%2e%2e/debug/application"} {
		h.wantAnswer(t, "another reading", on(adminHost, path), http.StatusBadRequest)
	}
	for _, path := range []string{
		"/%761/apps", "/V1/apps", "/v1x/apps", "/v1/..%2fapps", "/v1/apps/", "/v1/apps/shop/",
	} {
		status, body := h.answer(t, on(adminHost, path))
		if status != http.StatusNotFound && status != http.StatusBadRequest {
			t.Errorf("%s answers %d %s", path, status, body)
		}
	}
	shop.token = ""
	for name, value := range map[string]string{"": "", "X-NexusHub-Access": "admin", "x-nexushub-access": "admin",
		"X_NexusHub_Access": "admin", "Cookie": "YRT=" + token, "X-Internal-Secret": token,
		"Proxy-Authorization": "Bearer " + token, "Authorization": "Basic " + token, "X-Forwarded-User": "root"} {
		a := shop
		a.header = [2]string{name, value}
		if status, body := h.answer(t, a); status != http.StatusUnauthorized && status != http.StatusBadRequest {
			t.Errorf("%s: %s answers %d %s", name, value, status, body)
		}
	}
	preflight := on(adminHost, "/v1/apps", "Origin", "https://evil.example")
	preflight.method, preflight.token = "OPTIONS", ""
	h.wantAnswer(t, "a browser of another site", preflight, http.StatusUnauthorized)
	secret := shop
	secret.token = h.Sh(t, "cat /run/nexushub/internal-secret")
	h.wantAnswer(t, "the internal secret", secret, http.StatusUnauthorized)

	const curl = `curl -s -o /dev/null -w '%{http_code}' --unix-socket /run/nexushub/debug.sock `
	const asNobody = `setpriv --reuid nobody --regid nogroup --clear-groups `
	const asProxy = `setpriv --reuid _nexushub-proxy --regid _nexushub-proxy --clear-groups `
	for script, want := range map[string]string{
		asProxy + curl + "http://x/v1/apps":                               "401",
		asProxy + curl + "-H 'X-NexusHub-Access: admin' http://x/v1/apps": "403",
		curl + "http://x/v1/apps":                                         "401",
		asNobody + curl + "http://x/v1/apps || true":                      "000",
	} {
		if out := h.Sh(t, script); strings.TrimSpace(out) != want {
			t.Errorf("%s: %s, want %s", script, out, want)
		}
	}
}

func (h *host) issuesNoMore(t *testing.T, operator, developer string) {
	t.Helper()
	post := func(token, body string) asked {
		return asked{method: "POST", path: "/v1/tokens", token: token, body: body}
	}
	h.wantAnswer(t, "developer", post(developer, `{"name":"x","role":"developer","applications":["shop"]}`),
		http.StatusForbidden)
	h.wantAnswer(t, "owner", post(operator, `{"name":"x","role":"owner"}`), http.StatusUnprocessableEntity)
	h.wantAnswer(t, "unknown", post(operator, `{"name":"x","role":"root"}`), http.StatusUnprocessableEntity)
	status, body := h.answer(t, post(operator, `{"name":"deputy","role":"operator"}`))
	var deputy api.IssuedToken
	if err := json.Unmarshal([]byte(body), &deputy); err != nil || status != http.StatusCreated {
		t.Fatalf("an operator issues %d %v %s", status, err, body)
	}
	soon := time.Now().Add(2 * time.Second)
	brief := h.issue(t, api.NewToken{Name: "brief", Role: api.Operator, ExpiresAt: &soon}).Secret
	lab.Eventually(t, "the token expires", func() error {
		status, body := h.answer(t, asked{method: "GET", path: "/v1/me", token: brief})
		return lab.Unless(status != http.StatusUnauthorized, "it is answered %d %s", status, body)
	})
	revoke := asked{method: "DELETE", path: "/v1/tokens/" + deputy.ID, token: operator}
	h.wantAnswer(t, "revoking", revoke, http.StatusNoContent)
	h.wantAnswer(t, "revoked", asked{method: "GET", path: "/v1/me", token: deputy.Secret}, http.StatusUnauthorized)
	for _, path := range []string{"/v1/apps/shop/secrets", "/v1/apps/shop/explain"} {
		h.wantAnswer(t, "an operator from elsewhere", asked{method: "GET", path: path, token: operator}, http.StatusForbidden)
	}
	h.wantAnswer(t, "an operator from elsewhere", asked{method: "POST", path: "/v1/apps/shop/exec", token: operator,
		body: `{"command":["id"]}`}, http.StatusForbidden)
}

// worksFromElsewhere: the commands of a developer, over HTTPS.
func (h *host) worksFromElsewhere(t *testing.T, token api.IssuedToken) {
	t.Helper()
	h.WriteMode(t, "/root/token", []byte(token.Secret), 0o600)
	out := h.Sh(t, "nexushub login "+adminHost+" --ca /var/lib/nexushub-proxy/ca/root.crt --token - </root/token 2>&1")
	if !strings.Contains(out, "as developer of shop") {
		t.Errorf("login says %s", out)
	}
	h.Sh(t, `export NEXUSHUB_HOST=`+adminHost+`; set -e
nexushub status shop; nexushub stop shop; nexushub start shop; nexushub restart shop; nexushub releases shop
nexushub config set shop NOTE=remote; nexushub rollback shop; nexushub logs shop; nexushub plan; nexushub routes
echo again >/srv/shop/again; nexushub deploy -q --name shop /srv/shop; nexushub top --frames 1 --every 100ms`)
	list := h.Sh(t, "nexushub --host "+adminHost+" list")
	if strings.Contains(list, "blog") || !strings.Contains(list, "shop") {
		t.Errorf("a developer of shop lists\n%s", list)
	}
	out, err := h.TrySh(t, "nexushub --host "+adminHost+" exec shop -- id")
	if err == nil || !strings.Contains(out, "only on the host itself") {
		t.Errorf("exec from elsewhere: %v %s", err, out)
	}
	log := h.Sh(t, "journalctl -u nexushubd -o cat NEXUSHUB_BY=token:"+token.ID)
	if !strings.Contains(log, "/stop") || strings.Contains(log, token.Secret) {
		t.Errorf("the log of what the token did:\n%s", log)
	}
	h.logsStreamThrough(t, token.Secret)
}

func (h *host) logsStreamThrough(t *testing.T, token string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+adminHost+"/v1/apps/shop/logs?follow=1&lines=0", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := h.HTTP.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	h.Must(t, "nexushub", "restart", "shop")
	lines, seen := bufio.NewScanner(resp.Body), false
	for lines.Scan() { // until the token is revoked
		if strings.HasPrefix(lines.Text(), "data:") && !seen {
			seen = true
			h.Must(t, "nexushub", "token", "revoke", "developer")
		}
	}
	if !seen {
		t.Error("the log ended without a line")
	}
}
