package agent

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/agent/faults"
	"github.com/nexushub/nexushub/test/lab"
)

// canary is what nobody but root may read, and what nothing may change.
const canary = "/root/canary"

// layCanary returns what shows whether anything has touched it.
func layCanary(t *testing.T, h *faults.Host) (look func() string) {
	h.Sh(t, `mkdir -p `+canary+`/bin && echo CANARY-CONTENT >`+canary+`/secret && chmod 0600 `+canary+`/secret
		printf '#!/bin/sh\n' >`+canary+`/bin/app && chmod 0755 `+canary+`/bin/app
		mkdir `+canary+`/ca && echo CANARY-CONTENT >`+canary+`/ca/root.crt && chmod 0600 `+canary+`/ca/root.crt`)
	return func() string {
		return h.Sh(t, `find `+canary+` /etc/shadow /etc/passwd -printf '%p %m %u %g %s %T@ %i\n' | sort; find `+
			canary+` -type f | sort | xargs sha256sum`)
	}
}

// hostile fills its state folder with links, a FIFO, a closed and a deep tree, and turns
// names round as long as it lives.
const hostile = `cd "$STATE_DIRECTORY" || exit 1
mkdir -p d closed/in
ln -sfn / root; ln -sfn ../../../../../root/canary rel; ln -sfn /root/canary l; ln -sfn /etc/shadow shadow
[ -p pipe ] || mkfifo pipe
echo mine >d/secret; echo x >closed/in/f; chmod 0 closed/in closed 2>/dev/null
level=x/x/x/x/x/x/x/x/x/x; level=$level/$level/$level/$level/$level
[ -e deep ] || { i=0; mkdir deep; while [ $i -lt 20 ]; do mkdir -p next/$level; mv deep next/$level/; mv next deep; i=$((i+1)); done; touch planted; }
perl -e 'for (;;) { rename "d", "t"; rename "l", "d"; rename "d", "l"; rename "t", "d"; select undef, undef, undef, 0.0005 }' &
exec "$NEXUSHUB_APP_DIR/bin/app"
`

func TestHostileStateFolderIsRemoved(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		look := layCanary(t, h)
		before := look()
		h.Sh(t, `cp -r /srv/hello /srv/evil; cat >/srv/evil/bin/hostile <<'END'
#!/bin/sh
NEXUSHUB_APP_DIR=$PWD; export NEXUSHUB_APP_DIR
`+hostile+`END
chmod +x /srv/evil/bin/hostile; printf 'exec = ["bin/hostile"]\n' >/srv/evil/nexushub.toml`)
		for range 2 {
			deployed(t, h, "evil")
			h.Sh(t, "nexushub remove --yes evil")
			h.Sh(t, `test -z "$(ls -A /var/lib/private/nexushub-apps /var/lib/nexushub-apps | grep -v :)" || { ls -lA /var/lib/private/nexushub-apps /var/lib/nexushub-apps; exit 1; }`)
		}
		if after := look(); after != before {
			t.Errorf("something was touched:\n%s\nwas\n%s", after, before)
		}
	})
}

// deployed installs it, works on it as an operator does, and lets it plant its tree.
func deployed(t *testing.T, h *faults.Host, name string) {
	t.Helper()
	h.Sh(t, "nexushub deploy --quiet /srv/"+name+" --name "+name)
	lab.Within(t, faults.Patience, "the application has planted its links", func() error {
		_, err := h.TrySh(t, "test -e /var/lib/private/nexushub-apps/*/planted")
		return err
	})
	h.Sh(t, "echo value | nexushub secret set "+name+" KEY; echo value | nexushub secret set --credential "+
		name+" FILE; nexushub deploy --quiet /srv/"+name+" --name "+name+"; nexushub restart "+
		name+"; nexushub secret remove "+name+" KEY")
}

// A developer owns what the configuration names, and turns it to what is root's or the
// proxy's.
func TestDevelopersFolderPublishesNothingOfRoots(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		h.Sh(t, "useradd --create-home dev")
		look := layCanary(t, h)
		before := look()
		h.Sh(t, `mkdir /srv/dev; cp -r /srv/hello /srv/dev/app; mkdir /srv/dev/site; echo mine >/srv/dev/site/index.html; chown -R dev: /srv/dev`)
		h.Define(t, 1)
		h.Sh(t, `sed -i s,/srv/hello,/srv/dev/app, /etc/nexushub/apps.d/app1.toml
			printf 'instance_id = "`+faults.ID(2)+`"\nhost_name = "app2.yesterday.localhost"\nstatic_path = "/srv/dev/site"\n' >/etc/nexushub/apps.d/app2.toml`)
		h.Reload(t)
		h.AllRun(t, 1)
		lab.Within(t, faults.Patience, "the site is served", func() error { return serves(t, h, 2, "/", "mine") })
		for _, turn := range turns {
			h.Sh(t, "runuser -u dev -- sh -c '"+turn.do+"'")
			h.Sh(t, "systemctl reload nexushubd")
			for range 20 {
				for _, n := range []int{1, 2} {
					for _, path := range turn.paths {
						if got := page(t, h, n, path); strings.Contains(got, "PRIVATE KEY") ||
							strings.Contains(got, "CANARY") || strings.Contains(got, "root:") {
							t.Fatalf("%s: app%d%s gives %s", turn.do, n, path, got)
						}
					}
				}
			}
			if out, err := h.TrySh(t, "timeout 20 nexushub list"); err != nil {
				t.Fatalf("%s: the agent does not answer: %v %s", turn.do, err, out)
			}
			h.Sh(t, "runuser -u dev -- sh -c '"+turn.undo+"'")
		}
		h.Sh(t, "systemctl reload nexushubd")
		h.Reaches(t, 1, api.StateRunning)
		lab.Within(t, faults.Patience, "the site is served again", func() error { return serves(t, h, 2, "/", "mine") })
		racesTheDeploy(t, h)
		if after := look(); after != before {
			t.Errorf("something was touched:\n%s\nwas\n%s", after, before)
		}
	})
}

var turns = []struct {
	do, undo string
	paths    []string
}{
	{"cd /srv/dev && mv site s && ln -s /var/lib/nexushub-proxy/ca site", "cd /srv/dev && rm site && mv s site",
		[]string{"/root.key"}},
	{"cd /srv/dev && mv site s && ln -s / site", "cd /srv/dev && rm site && mv s site",
		[]string{"/var/lib/nexushub-proxy/ca/root.key", "/etc/passwd"}},
	{"cd /srv/dev && mv site s && ln -s /etc site", "cd /srv/dev && rm site && mv s site",
		[]string{"/passwd", "/nexushub/nexushub.toml"}},
	{"cd /srv/dev/app && mv static s && ln -s /var/lib/nexushub-proxy/ca static",
		"cd /srv/dev/app && rm static && mv s static", []string{"/root.key"}},
	{"cd /srv/dev/app && ln -s ../../../../../var/lib/nexushub-proxy/ca errors", "cd /srv/dev/app && rm errors",
		[]string{"/root.key"}},
	{"cd /srv/dev && mv app a && ln -s /root/canary app", "cd /srv/dev && rm app && mv a app", []string{"/secret"}},
	{"cd /srv/dev/app && mv nexushub.toml m && mkfifo nexushub.toml",
		"cd /srv/dev/app && mv m nexushub.toml", []string{"/"}},
	{"cd /srv/dev/app && mv nexushub.toml m && truncate -s 100G nexushub.toml",
		"cd /srv/dev/app && mv m nexushub.toml", []string{"/"}},
	{"cd /srv/dev/app && mv nexushub.toml m && ln -s /etc/shadow nexushub.toml",
		"cd /srv/dev/app && mv m nexushub.toml", []string{"/"}},
}

// racesTheDeploy lets root deploy a folder whose names are turned meanwhile; what anybody
// may read of a release is the developer's.
func racesTheDeploy(t *testing.T, h *faults.Host) {
	t.Helper()
	h.Sh(t, `runuser -u dev -- sh -c 'cd /srv/dev/app/static && echo mine >s && ln -s /root/canary/secret l'
		systemd-run --quiet --unit=turning --uid=dev perl -e 'chdir "/srv/dev/app/static"; for (;;) { rename "s", "t"; rename "l", "s"; rename "s", "l"; rename "t", "s" }'`)
	for range 10 {
		_, _ = h.TrySh(t, "timeout 60 nexushub deploy --quiet /srv/dev/app --name race") // refused as often as not
	}
	h.Sh(t, `systemctl is-active turning; systemctl stop turning; ! grep -rlF CANARY-CONTENT /var/lib/nexushub`)
	_, _ = h.TrySh(t, "nexushub remove --yes race")
}

// Whoever has taken the proxy over owns its folder; root and guests read there.
func TestBrokenProxyLeadsRootNowhere(t *testing.T) {
	faults.OnEachSuiteAtOnce(t, func(t *testing.T, h *faults.Host) {
		layCanary(t, h)
		h.Define(t, 1, `network = "guest"`,
			`exec = ["/bin/sh", "-c", "cat /var/lib/nexushub-proxy/ca/* > $STATE_DIRECTORY/seen; ls -R /var/lib/nexushub-proxy >> $STATE_DIRECTORY/seen; exec bin/app"]`)
		const state = "/var/lib/nexushub-proxy"
		for what, turn := range map[string]string{
			"link":   "mv ca ca.old && mkdir ca && ln -s " + canary + "/secret ca/root.crt",
			"folder": "mv ca ca.old && ln -s " + canary + "/ca ca",
			"pipe":   "mv ca ca.old && mkdir ca && mkfifo ca/root.crt",
		} {
			h.Sh(t, "runuser -u _nexushub-proxy -- sh -c 'cd "+state+" && "+turn+"'")
			h.Sh(t, "timeout 60 systemctl restart nexushubd")
			h.Reload(t)
			h.Reaches(t, 1, api.StateRunning)
			h.Sh(t, "timeout 60 nexushub restart "+faults.Name(1))
			seen := h.Sh(t, "cat /var/lib/private/nexushub-apps/"+faults.ID(1)+"/seen")
			if strings.Contains(seen, "CANARY") {
				t.Errorf("%s: the guest saw %s", what, seen)
			}
			h.Sh(t, "runuser -u _nexushub-proxy -- sh -c 'cd "+state+" && rm -r ca && mv ca.old ca'")
		}
	})
}

func page(t *testing.T, h *faults.Host, n int, path string) string {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, body, _ := h.Get(ctx, "https://"+faults.Name(n)+".yesterday.localhost:8443"+path)
	return body
}

func serves(t *testing.T, h *faults.Host, n int, path, want string) error {
	if got := page(t, h, n, path); !strings.Contains(got, want) {
		return errors.New(got)
	}
	return nil
}
