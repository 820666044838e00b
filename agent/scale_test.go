package agent

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

// withWorker is a release with a process beside web.
func withWorker(replicas int) manifest.Manifest {
	worker := manifest.Process{Exec: []string{"bin/worker"}, Replicas: &replicas}
	return manifest.Manifest{Processes: map[string]manifest.Process{"worker": worker}}
}

// Scaling is no new revision, and stays over releases and rollbacks.
func TestScale(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.releases.manifests = map[string]manifest.Manifest{"one": withWorker(2), "two": withWorker(3)}
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.wantHolds(shopID, "scale.web 1 default", "scale.worker 2 manifest")
		before := h.view(shopID).Revision
		s := h.set(shopID, `{"scale":{"web":4,"worker":1}}`, "")
		if got := strings.Join(s.Widened, "; "); got != "replicas from 1 to 4" || s.Scale["web"] != 4 {
			t.Errorf("widened %q, %v", got, s.Scale)
		}
		h.wantHolds(shopID, "scale.web 4 settings", "scale.worker 1 settings")
		if now := h.view(shopID).Revision; now != before {
			t.Errorf("revision %s became %s", before, now)
		}
		if wider := h.agent.Debug().Widening(shopID, fact.Release{Hash: "two", Manifest: withWorker(3)}); wider != nil {
			t.Errorf("the next release widens %v, which the scale decides", wider)
		}
		h.mustDeploy(shopID, "shop", "two", audience.Root)
		h.pass(steady)
		h.wantHolds(shopID, "scale.web 4 settings", "scale.worker 1 settings")
		h.set(shopID, `{"env":{"DEBUG":"1"}}`, "")
		h.set(shopID, `{"scale":{"worker":null}}`, "")
		h.wantHolds(shopID, "scale.web 4 settings", "scale.worker 3 manifest")
		h.rollback(shopID, "one")
		h.wantHolds(shopID, "scale.web 4 settings", "scale.worker 2 manifest", "env.DEBUG ")
		list, err := h.agent.AppReleases(shopID)
		if err != nil || len(list) != 3 || !list[0].Current {
			t.Errorf("scaling is in the history: %+v, %v", list, err)
		}
		h.mustDeploy(shopID, "shop", "three", audience.Root) // without a worker
		h.wantHolds(shopID, "scale.web 4 settings", "scale.worker ")
	})
}

func TestRefusedScale(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.config.Limits.Max.Replicas = 6
		h.releases.manifests = map[string]manifest.Manifest{"one": withWorker(2)}
		h.app(shop, "hello.x", func(a *config.App) { a.File = "/etc/nexushub/apps.d/hello.toml" })
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.set(shop, `{"scale":{"web":2,"worker":3}}`,
			"write replicas, processes.worker.replicas into /etc/nexushub/apps.d/hello.toml and run systemctl reload")
		h.set(shopID, `{"scale":{"wroker":2}}`,
			`scale.wroker: is no process of the application, which has web, worker (did you mean "worker"?)`)
		h.set(shopID, `{"scale":{"web":5}}`, "scale: asks for 7 replicas in all, and 6 is the most")
		h.set(shopID, `{"scale":{"web":4}}`, "")
		h.set(shopID, `{"scale":{"worker":3}}`, "scale: asks for 7 replicas in all")
		h.set(shopID, `{"scale":{"worker":4,"web":null}}`, "")
		h.set(shopID, `{"scale":{"gone":null}}`, "")
		developer := caller.With(t.Context(), caller.Bearer(api.Token{ID: "ci", Role: api.Developer}))
		_, err := h.agent.ChangeSettings(developer, shopID, []byte(`{"scale":{"worker":1}}`))
		if !errors.Is(err, api.Forbidden) || !strings.Contains(err.Error(), "scale worker") {
			t.Errorf("a developer: %v", err)
		}
		h.wantHolds(shopID, "scale.web 1 default", "scale.worker 4 settings")
	})
}

// What would run beside nothing that answers is no application.
func TestProcessesBesideFilesAlone(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "hello.x", func(a *config.App) {
			a.Package, a.StaticPath, a.Manifest = "", t.TempDir(), withWorker(1)
		})
		h.start()
		h.settle()
		if v := h.view(shop); !strings.Contains(v.Why, "worker would run, but nothing that answers requests") {
			t.Errorf("why: %q", v.Why)
		}
	})
}

// Where a release was given up, what serves is scaled, and nothing is tried again.
func TestScaleOfTheLastGoodRevision(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.play(func(s units.Spec) fake.Program {
			if s.Release == "two" {
				return fake.Program{Fails: 3}
			}
			return fake.Program{}
		})
		h.releases.manifests = map[string]manifest.Manifest{"one": withWorker(1), "two": withWorker(1)}
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.pass(steady)
		h.mustDeploy(shopID, "shop", "two", audience.Root)
		h.pass(2 * time.Minute)
		starts := count(h.units.Calls(), "Start")
		if s := h.set(shopID, `{"scale":{"web":3}}`, ""); s.GivenUp == "" {
			t.Errorf("%+v", s)
		}
		h.wantProcesses(shopID, "web 3/3: 1 running, 2 running, 3 running; worker 1/1: 1 running")
		if n := count(h.units.Calls(), "Start"); n != starts+2 || h.view(shopID).Release != "one" {
			t.Errorf("%d starts, want two of release one", n-starts)
		}
		h.set(shopID, `{"scale":null}`, "")
		h.wantProcesses(shopID, "web 1/1: 1 running; worker 1/1: 1 running")
	})
}

// A variable that is withheld takes nothing else of the settings with it.
func TestScaleBesideAWithheldVariable(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.releases.manifests = map[string]manifest.Manifest{"one": withWorker(1)}
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.set(shopID, `{"env":{"A":"1"},"scale":{"web":2}}`, "")
		h.secret(shopID, "PASSWORD", audience.OnlyRoot)
		h.pass(steady)
		if v := h.view(shopID); len(v.Withheld) == 0 {
			t.Fatalf("nothing is withheld: %+v", v)
		}
		h.wantProcesses(shopID, "web 2/2: 1 running, 2 running; worker 1/1: 1 running")
	})
}
