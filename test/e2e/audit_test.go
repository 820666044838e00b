package e2e

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// Who changed what is in the journal and is shown, whoever it was and whether it was refused; what an
// application writes is no such line.
func TestAudit(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployShop(t)
		h.Sh(t, "nexushub deploy -q --name blog /srv/hello")
		viewer := h.issue(t, api.NewToken{Name: "viewer", Role: api.Viewer, Applications: []string{"shop"}})
		operator := h.issue(t, api.NewToken{Name: "operator", Role: api.Operator})
		stop := asked{method: "POST", path: "/v1/apps/shop/stop", token: viewer.Secret}
		h.wantAnswer(t, "a viewer", stop, http.StatusForbidden)
		h.wantAnswer(t, "an operator", asked{method: "PATCH", path: "/v1/apps/shop/settings", token: operator.Secret,
			body: `{"env":{"PASSPHRASE":"hunter2"}}`}, http.StatusOK)
		h.Sh(t, "printf hunter2 | nexushub secret set shop KEY")
		h.Sh(t, "nexushub restart blog")
		// The same fields from a unit that is not ours, and from an application's.
		h.Sh(t, `printf 'MESSAGE=API call\nNEXUSHUB_AUDIT=1\nNEXUSHUB_BY=forger\nNEXUSHUB_APP=shop\n_SYSTEMD_UNIT=nexushubd.service\n' >/tmp/forged
systemd-run -q --wait --collect -p Slice=nexushub-apps.slice --unit nexushub-app-shop-forger sh -c 'logger --journald </tmp/forged'
systemd-run -q --wait --collect sh -c 'logger --journald </tmp/forged'; journalctl --sync; journalctl NEXUSHUB_BY=forger | grep -q 'API call'`)

		entries := func(token string) (list []api.AuditEntry) {
			status, body := h.answer(t, asked{method: "GET", path: "/v1/audit?lines=1000", token: token})
			if err := json.Unmarshal([]byte(body), &list); err != nil || status != http.StatusOK {
				t.Fatalf("%d %v %s", status, err, body)
			}
			return list
		}
		has := func(list []api.AuditEntry, call, by, result, changed string) bool {
			for _, e := range list {
				if e.Call == call && e.By == by && e.Result == result && strings.Join(e.Changed, ", ") == changed &&
					e.TraceID != "" && (e.From == "socket") == (e.By == "root") {
					return true
				}
			}
			return false
		}
		const settings = "PATCH /v1/apps/:app/settings"
		lab.Eventually(t, "the journal has all lines", func() error {
			list := entries(operator.Secret)
			ok := has(list, "POST /v1/apps/:app/stop", "token:"+viewer.ID, "refused", "") &&
				has(list, settings, "token:"+operator.ID, "done", "env PASSPHRASE") &&
				has(list, "PUT /v1/apps/:app/secrets", "root", "done", "secret") &&
				has(list, "POST /v1/apps/:app/restart", "root", "done", "") &&
				has(list, "POST /v1/tokens", "root", "done", "token viewer")
			return lab.Unless(ok, "it has %+v", list)
		})
		seen := entries(viewer.Secret)
		if !has(seen, settings, "token:"+operator.ID, "done", "env PASSPHRASE") {
			t.Errorf("a viewer of shop sees %+v", seen)
		}
		for _, e := range append(seen, entries(operator.Secret)...) {
			if e.By == "forger" {
				t.Errorf("a forged line counts: %+v", e)
			}
		}
		for _, e := range seen {
			if e.App != "shop" {
				t.Errorf("a viewer of shop sees %+v", e)
			}
		}
		shown := h.Sh(t, "nexushub audit shop; journalctl -u nexushubd NEXUSHUB_AUDIT=1 -o json")
		if !strings.Contains(shown, "secret KEY") || !strings.Contains(shown, "https ") ||
			strings.Contains(shown, "hunter2") || strings.Contains(shown, operator.Secret) {
			t.Errorf("root is shown\n%s", shown)
		}
		h.followsTheAudit(t)
	})
}

// followsTheAudit: -f shows what comes, each once, also over a restart of the agent.
func (h *host) followsTheAudit(t *testing.T) {
	t.Helper()
	h.Sh(t, `systemd-run -q --unit follow -p StandardOutput=file:/tmp/followed nexushub audit blog -f --json -n 1`)
	lab.Eventually(t, "it shows the last line", func() error {
		_, err := h.TrySh(t, "grep -q /restart /tmp/followed")
		return err
	})
	h.Sh(t, "nexushub stop blog; systemctl restart nexushubd; nexushub start blog")
	lab.Eventually(t, "it shows both lines", func() error {
		_, err := h.TrySh(t, "grep -q /stop /tmp/followed && grep -q /start /tmp/followed")
		return err
	})
	if n := strings.TrimSpace(h.Sh(t, "grep -c trace_id /tmp/followed; systemctl stop follow")); n != "3" {
		t.Errorf("%s lines were followed, want 3", n)
	}
}

// The states of all applications are one stream, which ends with the token of who follows it.
func TestEvents(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployShop(t)
		h.Sh(t, "nexushub deploy -q --name blog /srv/hello")
		viewer := h.issue(t, api.NewToken{Name: "viewer", Role: api.Viewer, Applications: []string{"shop"}})
		r, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+adminHost+"/v1/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+viewer.Secret)
		resp, err := h.HTTP.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var seen []string
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); { // until the token is revoked
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			var list []api.StateEvent
			if data[0] != '[' {
				data = "[" + data + "]"
			}
			if err := json.Unmarshal([]byte(data), &list); err != nil || len(list) != 1 {
				t.Fatalf("%v in %s", err, data)
			}
			seen = append(seen, list[0].Name+" "+string(list[0].State))
			switch last := seen[len(seen)-1]; {
			case len(seen) == 1:
				h.Sh(t, "nexushub stop blog; nexushub stop shop")
			case last == "shop stopped":
				h.Sh(t, "nexushub start shop")
			case last == "shop running":
				h.Sh(t, "nexushub token revoke viewer")
			}
		}
		all := strings.Join(seen, ", ")
		if !strings.HasPrefix(all, "shop running, ") || !strings.HasSuffix(all, "shop running") ||
			!strings.Contains(all, "shop stopped") || strings.Contains(all, "blog") {
			t.Errorf("a viewer of shop sees %s", all)
		}
		h.Sh(t, `systemd-run -q --unit follow -p StandardOutput=file:/tmp/events nexushub events --json`)
		lab.Eventually(t, "it shows how all stand", func() error {
			_, err := h.TrySh(t, "grep -q shop /tmp/events && grep -q blog /tmp/events")
			return err
		})
		h.Sh(t, "systemctl restart nexushubd; nexushub remove blog --yes 2>/dev/null || nexushub remove blog")
		lab.Eventually(t, "it shows the removal over a restart", func() error {
			_, err := h.TrySh(t, `grep -q '"name":"blog".*"removed":true' /tmp/events`)
			return err
		})
		h.Sh(t, "systemctl stop follow")
	})
}

// What programs send with a call reaches the agent over both doors.
func TestConditionalCalls(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployShop(t)
		token := h.issue(t, api.NewToken{Name: "operator", Role: api.Operator}).Secret
		tag := h.Sh(t, `curl -si --unix-socket /run/nexushub/api.sock http://x/v1/apps/shop/settings |
			sed -n 's/^[Ee][Tt]ag: //p' | tr -d '\r\n'`)
		patch := asked{method: "PATCH", path: "/v1/apps/shop/settings", token: token, header: [2]string{"If-Match", tag},
			body: `{"env":{"A":"1"}}`}
		h.wantAnswer(t, "what was read", patch, http.StatusOK)
		h.wantAnswer(t, "what was read before", patch, http.StatusPreconditionFailed)

		create := asked{method: "POST", path: "/v1/tokens", token: token, header: [2]string{"Idempotency-Key", "k"},
			body: `{"name":"ci","role":"viewer","applications":["shop"]}`}
		_, first := h.answer(t, create)
		if status, again := h.answer(t, create); status != http.StatusCreated || again != first {
			t.Errorf("again: %d %s, first %s", status, again, first)
		}
		create.body = strings.Replace(create.body, "viewer", "developer", 1)
		h.wantAnswer(t, "another request", create, http.StatusUnprocessableEntity)

		status, body := h.answer(t, asked{method: "POST", path: "/v1/apps/shop/restart", token: token,
			header: [2]string{"Prefer", "respond-async"}})
		var op api.Operation
		if err := json.Unmarshal([]byte(body), &op); err != nil || status != http.StatusAccepted {
			t.Fatalf("%d %v %s", status, err, body)
		}
		lab.Eventually(t, "the operation ends", func() error {
			status, body := h.answer(t, asked{method: "GET", path: "/v1/operations/" + op.ID, token: token})
			done := strings.Contains(body, `"state":"done"`) && strings.Contains(body, `"state":"running"`)
			return lab.Unless(done, "%d %s", status, body) // the operation, and the application in its answer
		})
	})
}

// A token for a machine that builds deploys its one application, by the client and by every call that this
// takes; all others are refused, whatever they are about.
func TestDeployer(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployShop(t)
		h.Sh(t, "nexushub deploy -q --name blog /srv/hello")
		token := h.issue(t, api.NewToken{Name: "ci", Role: api.Deployer, Applications: []string{"shop"}}).Secret
		operator := h.issue(t, api.NewToken{Name: "operator", Role: api.Operator}).Secret
		h.WriteMode(t, "/root/token", []byte(token), 0o600)
		h.Sh(t, "nexushub login "+adminHost+" --ca /var/lib/nexushub-proxy/ca/root.crt --token - </root/token")
		h.Sh(t, "export NEXUSHUB_HOST="+adminHost+"; date >/srv/shop/now; nexushub deploy --name shop /srv/shop")
		if out, err := h.TrySh(t, "NEXUSHUB_HOST="+adminHost+" nexushub deploy --name blog /srv/hello"); err == nil {
			t.Errorf("it deploys another one: %s", out)
		}
		for name, allowed := range map[string]bool{"shop": true, "blog": false} {
			app, err := h.API().App(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			names := strings.NewReplacer("{app}", name, "{id}", app.ID, "{name}", "KEY", "{host}", app.HostName, "{job}", "x")
			for _, operation := range h.operations(t, operator) {
				method, path, _ := strings.Cut(operation, " ")
				deploys := strings.HasPrefix(path, "/v1/deployed") && operation != "GET /v1/deployed" &&
					operation != "DELETE /v1/deployed/{id}" && !strings.HasSuffix(path, "/stop") && !strings.HasSuffix(path, "/logs")
				own := path == "/v1/me" || path == "/v1/operations/{id}" || path == "/v1/deployed/limits"
				a := asked{method: method, path: names.Replace(path), token: token, body: `{"appId":"` + name + `"}`}
				status, body := h.answer(t, a)
				if may := deploys && allowed || own; (status == http.StatusForbidden) == may {
					t.Errorf("%s about %s: %d %s", operation, name, status, body)
				}
			}
		}
		if out := h.Sh(t, "nexushub token list"); !strings.Contains(out, "deployer") || !strings.Contains(out, "ago") {
			t.Errorf("its last use is not shown:\n%s", out)
		}
		h.AwaitState(t, "shop", api.StateRunning)
	})
}
