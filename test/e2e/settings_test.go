package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

const shop = "https://shop.yesterday.localhost:8443"

// deployShop deploys hello so that it fails when FAIL is set.
func (h *host) deployShop(t *testing.T) {
	t.Helper()
	h.CopyExample(t, "hello")
	h.Sh(t, `cp -r /srv/hello /srv/shop; cd /srv/shop
printf '#!/bin/sh\n[ -z "$FAIL" ] || { echo no database >&2; exit 7; }\nexec bin/app\n' >bin/start; chmod 755 bin/start
sed -i 's,"bin/app","bin/start",' nexushub.toml; printf '\n[env]\nMODE = "manifest"\n' >>nexushub.toml
nexushub deploy -q /srv/shop`)
	h.AwaitServed(t, shop+"/public/time")
}

// runs are properties of the one unit of shop, as PID 1 has them.
func (h *host) runs(t *testing.T) string {
	t.Helper()
	out := h.Must(t, "systemctl", "show", "-p", "MemoryMax,CPUQuotaPerSecUSec,TasksMax,Environment",
		h.AwaitUnit(t, "shop"))
	var words []string
	for word := range strings.FieldsSeq(out) {
		word = strings.TrimPrefix(word, "Environment=")
		for _, name := range []string{"MemoryMax=", "CPUQuotaPerSecUSec=", "TasksMax=", "MODE=", "NOTE=", "FAIL="} {
			if strings.HasPrefix(word, name) {
				words = append(words, word)
			}
		}
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func (h *host) wantRuns(t *testing.T, want string) {
	t.Helper()
	if got := h.runs(t); got != want {
		t.Errorf("it runs with\n%s, want\n%s", got, want)
	}
}

// awaitRuns is wantRuns after a command that does not wait.
func (h *host) awaitRuns(t *testing.T, want string) {
	t.Helper()
	lab.Eventually(t, "it runs with "+want, func() error {
		got := h.runs(t)
		return lab.Unless(got == want, "%s", got)
	})
}

// wantStatus asks for a path that areas guard, without a token.
func (h *host) wantStatus(t *testing.T, want int) {
	t.Helper()
	if status, body, err := h.Get(t.Context(), shop+"/api/status"); err != nil || status != want {
		t.Errorf("/api/status answers %d %s (%v), want %d", status, body, err, want)
	}
}

// What an operator sets by command is in force at once and without a failed request, is restored
// together with the release, and outlives the machine.
func TestSettings(t *testing.T) {
	const (
		manifest = "CPUQuotaPerSecUSec=infinity MODE=manifest MemoryMax=67108864 TasksMax=32"
		set      = "CPUQuotaPerSecUSec=500ms MODE=settings MemoryMax=134217728 NOTE=c4n4ry TasksMax=40"
	)
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployShop(t)
		h.wantRuns(t, manifest)
		h.Write(t, "/root/dot.env", "# of a developer\nexport NOTE='c4n4ry'\nMODE=overridden\n")
		h.Write(t, "/root/secrets.env", "PASSWORD=\"c4n4ry\nc4n4ry\"\nTOKEN=c4n4ry\n")
		h.UnderLoad(t, shop+"/public/time", 200, func() {
			h.Must(t, "nexushub", "config", "set", "shop", "MODE=settings", "--from", "/root/dot.env")
			h.Must(t, "nexushub", "limits", "shop", "--memory", "128M", "--cpu", "50", "--tasks", "40")
			h.wantRuns(t, set)
			if out := h.Sh(t, "nexushub access shop open"); !strings.Contains(out, "this widens access from areas to open") {
				t.Errorf("access says %s", out)
			}
			h.wantStatus(t, http.StatusOK)
			h.Must(t, "nexushub", "access", "shop", "areas")
			h.wantStatus(t, http.StatusUnauthorized)

			out, err := h.TrySh(t, "nexushub config set shop FAIL=1")
			if err == nil || !strings.Contains(err.Error()+out, "no database") ||
				!strings.Contains(err.Error()+out, "nexushub rollback shop") {
				t.Errorf("what fails: %v: %s", err, out)
			}
			h.wantRuns(t, set)
			if out := h.Sh(t, "nexushub status shop"); !strings.Contains(out, "given up") {
				t.Errorf("status: %s", out)
			}
			h.Must(t, "nexushub", "rollback", "shop")
			h.wantRuns(t, set)
			h.Sh(t, "nexushub secret set shop --from /root/secrets.env")
			h.wantRuns(t, set)
		})
		out := h.Sh(t, `cd /srv/shop; sed -i '1i access = "open"\nsandbox.proc = true' nexushub.toml
sed -i 's/MODE = .*/MODE = "newer"/; s/^memory = .*/memory = "1G"/' nexushub.toml; nexushub deploy; nexushub limits shop --unset cpu`)
		if !strings.Contains(out, "this widens sandbox.proc from false to true") || strings.Contains(out, "widens access") ||
			strings.Contains(out, "widens limits.memory") {
			t.Errorf("a release that asks for more than is set: %s", out)
		}
		const newer = "CPUQuotaPerSecUSec=infinity MODE=settings MemoryMax=134217728 NOTE=c4n4ry TasksMax=40"
		h.wantRuns(t, newer)
		h.Must(t, "nexushub", "rollback", "shop")
		h.wantRuns(t, set)
		h.Must(t, "nexushub", "rollback", "shop")
		h.wantRuns(t, newer)
		first := strings.Fields(h.Sh(t, "nexushub releases shop | tail -1"))[0]
		if !strings.HasSuffix(first, "+0") {
			t.Errorf("the oldest edition is %s", first)
		}
		h.Must(t, "nexushub", "rollback", "shop", first)
		h.wantRuns(t, manifest)
		h.Must(t, "nexushub", "rollback", "shop")
		h.wantRuns(t, newer)

		h.Sh(t, "nexushub backup -q /root/b.tar.gz; nexushub config unset shop NOTE MODE")
		h.wantRuns(t, "CPUQuotaPerSecUSec=infinity MODE=newer MemoryMax=134217728 TasksMax=40")
		h.Must(t, "nexushub", "restore", "--force", "-q", "/root/b.tar.gz")
		h.AwaitState(t, "shop", api.StateRunning)
		h.wantRuns(t, newer)
		h.MustReboot(t)
		h.AwaitServed(t, shop+"/public/time")
		h.wantRuns(t, newer)
		h.wantStatus(t, http.StatusUnauthorized)
		if out := h.Sh(t, "journalctl -o export | grep -a c4n4ry || true"); out != "" {
			t.Errorf("a value is in the journal: %.300s", out)
		}
	})
}

// With a token of the role developer, from elsewhere: what an operator has narrowed stays, and
// applications of others are none of its business.
func TestDeveloperCannotUndoAnOperator(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.deployShop(t)
		h.Sh(t, "nexushub access shop open; nexushub access shop areas; nexushub deploy -q /srv/hello --name other")
		var issued struct{ Token string }
		out := h.Must(t, "nexushub", "token", "create", "--json", "dev", "--role", "developer", "--app", "shop")
		if err := json.Unmarshal([]byte(out), &issued); err != nil {
			t.Fatal(err)
		}
		ask := func(method, path, body string, want int) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, "https://admin.yesterday.localhost:8443/v1/"+path,
				strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header = http.Header{"Authorization": {"Bearer " + issued.Token}, "Content-Type": {"application/json"}}
			resp, err := h.HTTP.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s %s %s is answered %d, want %d", method, path, body, resp.StatusCode, want)
			}
		}
		const change = http.MethodPatch
		ask(change, "apps/shop/settings", `{"access":"open"}`, http.StatusForbidden)
		ask(change, "apps/shop/settings", `{"access":null,"env":{"A":"1"}}`, http.StatusForbidden)
		ask(change, "apps/shop/settings", `{"limits":{"memory":"1G"}}`, http.StatusForbidden)
		ask(http.MethodPost, "apps/shop/rollback", `{}`, http.StatusForbidden) // to the edition that was open
		ask(change, "apps/other/settings", `{"env":{"A":"1"}}`, http.StatusForbidden)
		ask(http.MethodGet, "apps/other/settings", "", http.StatusForbidden)
		h.wantStatus(t, http.StatusUnauthorized)
		ask(change, "apps/shop/settings", `{"env":{"NOTE":"mine"}}`, http.StatusOK)
		h.wantRuns(t, "CPUQuotaPerSecUSec=infinity MODE=manifest MemoryMax=67108864 NOTE=mine TasksMax=32")
		id := h.Sh(t, "nexushub status shop --json | sed -n 's/^  \"id\": \"\\(.*\\)\",/\\1/p'")
		ask(http.MethodDelete, "deployed/"+id, "", http.StatusForbidden) // nor by a new application of the name
		h.Sh(t, "echo hush | nexushub secret set shop PASSWORD")         // that is not for the token
		h.awaitRuns(t, "CPUQuotaPerSecUSec=infinity MODE=manifest MemoryMax=67108864 TasksMax=32")
		h.Sh(t, "nexushub status shop | grep -q 'withheld: variable NOTE.*set by token'")
		ask(change, "apps/shop/settings", `{"env":{"NOTE":"other"}}`, http.StatusForbidden)
		h.Sh(t, "nexushub secret remove shop PASSWORD")
		h.awaitRuns(t, "CPUQuotaPerSecUSec=infinity MODE=manifest MemoryMax=67108864 NOTE=mine TasksMax=32")
		for _, large := range []string{
			fmt.Sprintf(`{"env":{"NOTE":%q}}`, strings.Repeat("x", 70_000)),
			strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000),
		} {
			ask(change, "apps/shop/settings", large, http.StatusUnprocessableEntity)
		}
		ask(http.MethodPost, "apps/shop/rollback", `{}`, http.StatusOK)
		h.wantStatus(t, http.StatusUnauthorized)
		h.Sh(t, "nexushub access shop --unset")
		ask(http.MethodDelete, "deployed/"+id, "", http.StatusNoContent)
		h.Must(t, "nexushub", "remove", "--yes", "other")
	})
}
