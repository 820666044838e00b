package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/test/lab"
)

const helloInOrg = "https://hello.example.org"

// One command serves a domain on port 443. Not one request fails on 8443 meanwhile, applications
// keep their names, a reboot keeps all of it, and a second run changes nothing.
func TestSetup(t *testing.T) {
	next := nextVersion(t)
	lab.EachSuite(t, func(t *testing.T, s lab.Suite) {
		h := &host{lab.NewHost(t, s)}
		h.deployExamples(t)
		h.Write(t, "/etc/nexushub/conf.d/50-ours.toml", "# ours\nlog_level = \"debug\"\ndomain = \"yesterday.localhost\" # since May\n")
		h.Sh(t, "chmod 640 /etc/nexushub/conf.d/50-ours.toml; chgrp _nexushub-proxy /etc/nexushub/conf.d/50-ours.toml")
		const sums = "cd /etc/nexushub; sha256sum nexushub.toml conf.d/*"
		before := h.Sh(t, sums)

		h.Sh(t, "nexushub deploy --name holder --host-name admin.example.org /srv/hello")
		dry := h.Sh(t, "nexushub setup --domain example.org --dry-run 2>&1")
		if !strings.Contains(dry, "application holder has admin.example.org") {
			t.Errorf("dry run: %s", dry)
		}
		h.Sh(t, "nexushub remove --yes holder")
		if !strings.Contains(dry, "+ domain = \"example.org\" # since May") {
			t.Errorf("dry run: %s", dry)
		}
		if after := h.Sh(t, sums); after != before {
			t.Errorf("a dry run has changed %s", after)
		}

		var done output.Setup
		h.UnderLoad(t, hello+"/public/time", 200, func() {
			done = h.setUp(t, "--email", "ops@example.org")
			h.AwaitServed(t, "https://hello.yesterday.localhost/public/time")
		})
		if !slices.Equal(done.Opened, []int{443, 80}) || done.Before != "yesterday.localhost" ||
			done.Email != "ops@example.org" ||
			!slices.Equal(done.Applications, []string{"hello.yesterday.localhost", "site.yesterday.localhost"}) {
			t.Errorf("answer: %+v", done)
		}
		h.wantSetUp(t)
		got := h.Must(t, "sh", "-c", "cd /etc/nexushub/conf.d; cat 50-ours.toml setup.toml; stat -c %a:%G 50-ours.toml")
		want := "# ours\nlog_level = \"debug\"\ndomain = \"example.org\" # since May\n" +
			"# Written by nexushub setup. Edit it as you like.\nproxy.acme.email = \"ops@example.org\"\n640:_nexushub-proxy"
		if got != want {
			t.Errorf("configuration:\n%s\nwant:\n%s", got, want)
		}

		units := h.Identity(t, "nexushubd.service", "nexushub-proxy.service")
		if again := h.setUp(t, "--email", "ops@example.org"); len(again.Lines)+len(again.Opened)+len(again.Applications) > 0 {
			t.Errorf("a second run: %+v", again)
		}
		if now := h.Identity(t, "nexushubd.service", "nexushub-proxy.service"); now != units {
			t.Errorf("a second run has restarted something:\n%s\n%s", units, now)
		}
		h.MustReboot(t)
		h.wantSetUp(t)

		h.Define(t, "hello", "instance_id = \""+helloID+"\"\nhost_name = \"hello.example.org\"\npackage = \"/srv/hello\"\n")
		h.Reload(t)
		h.AwaitServed(t, helloInOrg+"/public/time")
		h.UnderLoad(t, helloInOrg+"/public/time", 200, func() { h.MustInstallDeb(t, next) })
		h.wantSetUp(t)
		h.Sh(t, "DEBIAN_FRONTEND=noninteractive apt-get remove -y nexushub")
		h.nothingRuns(t)
		h.MustInstallDeb(t, next)
		h.wantSetUp(t)
		h.purgeLeavesNothing(t)
	})
}

func (h *host) setUp(t *testing.T, more ...string) (done output.Setup) {
	t.Helper()
	out := h.Must(t, "nexushub", append([]string{"setup", "--json", "--domain", "example.org"}, more...)...)
	if err := json.Unmarshal([]byte(out), &done); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return done
}

// wantSetUp: all ports are served, URLs name none, and what was is still there.
func (h *host) wantSetUp(t *testing.T) {
	t.Helper()
	h.AwaitServed(t, "https://site.yesterday.localhost/")
	h.AwaitServed(t, site+"/")
	h.wantAPI(t)
	if got := h.Sh(t, "curl -s -o /dev/null -w '%{http_code} %{redirect_url}' -H 'Host: site.yesterday.localhost' http://127.0.0.1/x"); got != "308 https://site.yesterday.localhost/x" {
		t.Errorf("port 80: %s", got)
	}
	if out := h.Must(t, "nexushub", "list"); !strings.Contains(out, "https://site.yesterday.localhost/") {
		t.Errorf("URLs: %s", out)
	}
}

// setupPutsBack: where the proxy does not start again, nothing has changed, and it says so.
func (h *host) setupPutsBack(t *testing.T) {
	t.Helper()
	const state = `find /etc/nexushub /etc/systemd/system | sort; cat /etc/nexushub/nexushub.toml`
	before := h.Sh(t, state)
	h.Sh(t, `mkdir -p /run/systemd/system/nexushub-proxy.service.d
		printf '[Service]\nExecStart=\nExecStart=/bin/false\nRestart=no\n' >/run/systemd/system/nexushub-proxy.service.d/broken.conf
		systemctl daemon-reload`)
	if out, err := h.TrySh(t, "nexushub setup --domain example.org"); err == nil || !strings.Contains(out, "put back") {
		t.Errorf("%v, %q", err, out)
	}
	if after := h.Sh(t, state); after != before {
		t.Errorf("not put back: %s", after)
	}
	h.Sh(t, `rm /run/systemd/system/nexushub-proxy.service.d/broken.conf
		systemctl daemon-reload; systemctl restart nexushub-proxy`)
	if ports := h.Sh(t, "ss -Hltn 'sport = :443 or sport = :80'"); ports != "" {
		t.Errorf("still open: %s", ports)
	}
}

// wantAPI: the new domain's API host asks for a token.
func (h *host) wantAPI(t *testing.T) {
	t.Helper()
	lab.Eventually(t, "the API is served", func() error {
		status, body, err := h.Get(t.Context(), "https://admin.example.org/debug/openapi.json")
		return lab.Unless(status == http.StatusUnauthorized, "%d %s %v", status, body, err)
	})
}

// A port that somebody else has is named with its owner, and nothing has changed. Freed, it is taken.
func TestSetupOfATakenPort(t *testing.T) {
	onEachSuite(t, func(t *testing.T, h *host) {
		h.Sh(t, `printf '[Service]\nExecStart=/usr/bin/systemd-socket-activate --listen=443 --accept --inetd /bin/true\n' >/run/systemd/system/other.service
			systemctl start other.service; until ss -Hltn 'sport = :443' | grep -q .; do sleep 0.1; done`)
		before := h.Must(t, "sh", "-c", "find /etc/nexushub /etc/systemd/system | sort")
		out, err := h.TrySh(t, "nexushub setup --domain example.org")
		for _, want := range []string{"port 443 is taken by systemd-socket", "systemctl disable --now other.service", "run this again"} {
			if err == nil || !strings.Contains(out, want) {
				t.Errorf("%v, %q: want %q", err, out, want)
			}
		}
		if after := h.Must(t, "sh", "-c", "find /etc/nexushub /etc/systemd/system | sort"); after != before {
			t.Errorf("it has changed %s", after)
		}
		h.Sh(t, "systemctl stop other.service")
		h.setupPutsBack(t)
		h.Sh(t, "nexushub setup --domain example.org --no-http")
		h.wantAPI(t)
		if out, err := h.TrySh(t, "curl -s http://127.0.0.1/"); err == nil {
			t.Errorf("--no-http: port 80 answers %s", out)
		}
		for _, wrong := range []string{"''", "192.0.2.1", "a..b", "'x y'"} {
			if out, err := h.TrySh(t, "nexushub setup --domain "+wrong); err == nil {
				t.Errorf("domain %s is taken: %s", wrong, out)
			}
		}
	})
}
