package agent

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/agent/faults"
	"github.com/nexushub/nexushub/test/lab"
)

const wikiID = "2f1b7c9e-8a55-4f8e-9d0b-3c6f0f5f6a11"

// TestUpgradeKeepsEveryApplication: what the version made that knew no permanent deployments is
// there after the upgrade as it was; that version had another sandbox, so it runs anew. A debug
// application stays one until somebody keeps it, and then it stays, over whatever happens to the
// agent and to the host.
func TestUpgradeKeepsEveryApplication(t *testing.T) {
	old, err := lab.OldDeb("debug-only", t.Output())
	if err != nil {
		t.Fatal(err)
	}
	deb := lab.MustDeb(t)
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := &upgraded{&faults.Host{Host: lab.InstallHost(t, s, old)}}
		h.populate(t)
		before := h.everything(t)
		h.MustInstallDeb(t, deb)
		h.AllRun(t, 5)
		if after := h.everything(t); after != before {
			t.Errorf("after the upgrade:\n%s\nbefore:\n%s", after, before)
		}
		h.tokenStaysWhatItWas(t)
		h.keep(t)
		h.deploysOn(t)
		h.survives(t)
	})
}

type upgraded struct{ *faults.Host }

// populate makes one application of each kind, with releases, a secret and data, and a token.
func (h *upgraded) populate(t *testing.T) {
	t.Helper()
	h.CopyExample(t, "hello")
	adminHost(t, h.Host)
	h.Define(t, 1)
	h.Must(t, "systemctl", "restart", "nexushubd")
	h.AllRun(t, 2)
	h.Sh(t, `nexushub deploy -q --name shop --host-name shop.debug /srv/hello
printf hush | nexushub secret set shop KEY
nexushub deploy -q --name hello /srv/hello
echo >/srv/hello/two; nexushub deploy -q --name shop --host-name shop.debug /srv/hello
nexushub exec shop -- sh -c 'echo kept >$STATE_DIRECTORY/data'
nexushub token create -q ci >/root/token
nexushub login admin.yesterday.localhost:8443 --ca /var/lib/nexushub-proxy/ca/root.crt --token - </root/token`)
	say(t, h.Host, fmt.Sprintf(`{"applications":[{"instanceId":%q,"appId":"hello","displayName":"Wiki","hostName":"wiki.yesterday.localhost"}]}`, wikiID))
	h.AllRun(t, 5)
}

// everything is what must be the same after the upgrade.
func (h *upgraded) everything(t *testing.T) string {
	t.Helper()
	apps, err := h.Apps(t)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, a := range apps {
		fmt.Fprintln(&out, a.ID, a.Name, a.AppID, a.Kind, a.HostName, a.Release, a.ExpiresAt != nil)
		for _, r := range h.releases(t, a.ID) {
			fmt.Fprintln(&out, " ", r.ID, r.InstalledBy, r.Current, r.Deployable)
		}
	}
	return out.String() + h.Sh(t, "nexushub secret list --json shop; nexushub token list | awk '{print $1, $2}'; "+
		"cat /var/lib/private/nexushub-apps/*/data")
}

func (h *upgraded) releases(t *testing.T, app string) []api.Release {
	t.Helper()
	list, err := h.API().Releases(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// tokenStaysWhatItWas: it opens the debug API and no more, and is told what to do.
func (h *upgraded) tokenStaysWhatItWas(t *testing.T) {
	t.Helper()
	const remote = "nexushub --host admin.yesterday.localhost:8443 "
	if out := h.Sh(t, remote+"list"); !strings.Contains(out, "hello") || !strings.Contains(out, "shop") {
		t.Errorf("the token lists\n%s", out)
	}
	out, err := h.TrySh(t, remote+"deploy --name remote /srv/hello")
	if err == nil || !strings.Contains(out, "nexushub deploy --temporary") {
		t.Errorf("the token deploys: %v\n%s", err, out)
	}
	h.Sh(t, remote+"deploy -q --temporary --name remote /srv/hello; "+remote+"remove remote")
}

// shop is the application that is kept.
func (h *upgraded) shop(t *testing.T) api.App {
	t.Helper()
	app := h.AwaitState(t, "shop", api.StateRunning)
	if app.Kind != "deployed" || app.ExpiresAt != nil || app.HostName != "shop.debug" {
		t.Errorf("it is %+v", app)
	}
	return app
}

func (h *upgraded) keep(t *testing.T) {
	t.Helper()
	before, units := h.everything(t), h.Identities(t)
	if out, err := h.TrySh(t, "nexushub deploy --name shop /srv/hello"); err == nil || !strings.Contains(out, "nexushub keep shop") {
		t.Errorf("a debug application of the name is in the way: %v\n%s", err, out)
	}
	h.Sh(t, "nexushub keep shop && systemctl kill -s KILL nexushubd")
	h.shop(t)
	h.AllRun(t, 5)
	want := regexp.MustCompile(` shop debug shop.debug (\w+) true`).ReplaceAllString(before, " shop deployed shop.debug $1 false")
	if after := h.everything(t); !sameLines(after, want) {
		t.Errorf("kept it is\n%s\nwas\n%s", after, before)
	}
	if after := h.Identities(t); after != units {
		t.Errorf("kept run\n%s\nbefore\n%s", after, units)
	}
	h.AwaitServed(t, "https://shop.debug:8443/public/time")
}

// deploysOn: from now on it is deployed as any permanent application.
func (h *upgraded) deploysOn(t *testing.T) {
	t.Helper()
	before := h.shop(t)
	h.Sh(t, "echo >/srv/hello/three; nexushub deploy -q --name shop /srv/hello; nexushub deploy -q --name fresh /srv/hello")
	after := h.shop(t)
	if after.ID != before.ID || after.Release == before.Release || len(h.releases(t, "shop")) != 3 {
		t.Errorf("with its next release it is %+v, was %+v", after, before)
	}
	fields := h.Must(t, "systemctl", "show", "-p", "LogExtraFields", after.Unit)
	if !strings.Contains(fields, "NEXUSHUB_KIND=deployed") {
		t.Errorf("its unit says %s", fields)
	}
	h.Must(t, "nexushub", "rollback", "shop")
	if now := h.shop(t); now.Release != before.Release {
		t.Errorf("rolled back it is %+v", now)
	}
}

// survives: a reboot, and a removal that a restored backup undoes.
func (h *upgraded) survives(t *testing.T) {
	t.Helper()
	before := h.everything(t)
	h.MustReboot(t)
	h.AllRun(t, 6)
	if after := h.everything(t); after != before {
		t.Errorf("after a reboot:\n%s\nbefore:\n%s", after, before)
	}
	h.Sh(t, `nexushub backup -q --data /root/all.tar.gz
! nexushub remove shop && nexushub remove -q --yes shop && ! nexushub status shop
nexushub restore -q --force /root/all.tar.gz`)
	h.AllRun(t, 6)
	if after := h.everything(t); after != before {
		t.Errorf("after a restore:\n%s\nbefore:\n%s", after, before)
	}
}

// sameLines: the order of applications may be another.
func sameLines(a, b string) bool {
	return slices.Equal(slices.Sorted(strings.Lines(a)), slices.Sorted(strings.Lines(b)))
}
