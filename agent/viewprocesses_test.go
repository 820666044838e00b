package agent

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
	"github.com/nexushub/nexushub/units/fake"
)

// processes of an application in words: "web 2/2: 1 running, 2 running; worker ...".
func (h *host) processes(id string) string {
	h.t.Helper()
	var all []string
	for _, p := range h.view(id).Processes {
		var each []string
		for _, r := range p.Replicas {
			each = append(each, fmt.Sprint(r.Number, " ", r.State))
		}
		all = append(all, fmt.Sprintf("%s %d/%d: %s", p.Name, p.Ready, p.Wanted, strings.Join(each, ", ")))
	}
	return strings.Join(all, "; ")
}

func (h *host) wantProcesses(id, want string) {
	h.t.Helper()
	if got := h.processes(id); got != want {
		h.t.Errorf("processes %q, want %q", got, want)
	}
}

func TestProcessesAreShown(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		none := 0
		m := withWorker(2)
		m.Processes["mailer"] = manifest.Process{Exec: []string{"bin/mailer"}, Replicas: &none}
		h.releases.manifests = map[string]manifest.Manifest{"two": m}
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.wantProcesses(shopID, "") // it is one replica of web alone
		h.mustDeploy(shopID, "shop", "two", audience.Root)
		h.pass(steady)
		h.wantProcesses(shopID, "web 1/1: 1 running; mailer 0/0: ; worker 2/2: 1 running, 2 running")
		h.set(shopID, `{"scale":{"web":2,"worker":1}}`, "")
		h.pass(steady)
		h.wantProcesses(shopID, "web 2/2: 1 running, 2 running; mailer 0/0: ; worker 1/1: 1 running")
		v := h.view(shopID)
		for _, p := range v.Processes {
			for _, r := range p.Replicas {
				if r.Revision != v.Revision || r.Health != api.Healthy || r.PID == 0 || (r.Port != 0) != (p.Name == "web") {
					t.Errorf("%s: %+v", p.Name, r)
				}
			}
		}
		if _, err := h.agent.StopApp(t.Context(), shopID); err != nil {
			t.Fatal(err)
		}
		h.wantProcesses(shopID, "web 0/2: ; mailer 0/0: ; worker 0/1: ")
	})
}

// While a revision replaces another, both are there; who is ready is of the one that serves.
func TestProcessesOfTwoRevisions(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		notifies := withWorker(1)
		notifies.Health.Type = "notify"
		h.releases.manifests = map[string]manifest.Manifest{"one": withWorker(1), "two": notifies}
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.pass(steady)
		h.play(func(s units.Spec) fake.Program { return fake.Program{NotReady: s.Release == "two"} })
		h.mustDeploy(shopID, "shop", "two", audience.Root)
		h.pass(time.Second)
		h.wantProcesses(shopID, "web 1/1: 1 pending, 1 running; worker 1/1: 1 starting, 1 running")
	})
}

// What fails is told by its replica.
func TestProcessThatFailsIsShown(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.play(func(s units.Spec) fake.Program {
			if s.ProcessName() == "worker" {
				return fake.Program{Fails: 3}
			}
			return fake.Program{}
		})
		h.releases.manifests = map[string]manifest.Manifest{"one": withWorker(1)}
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.pass(steady)
		p := h.view(shopID).Processes
		if len(p) != 2 || p[1].Ready != 0 || len(p[1].Replicas) != 1 || p[1].Replicas[0].Why == "" {
			t.Errorf("%+v", p)
		}
	})
}

// Each replica can be explained, by its name as people say it.
func TestExplainOfAProcess(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		none := 0
		m := withWorker(2)
		m.Processes["mailer"] = manifest.Process{Exec: []string{"bin/mailer"}, Replicas: &none}
		h.releases.manifests = map[string]manifest.Manifest{"one": m}
		h.start()
		h.mustDeploy(shopID, "shop", "one", audience.Root)
		h.pass(steady)
		for part, want := range map[string]string{
			"": "bin/app", "web": "bin/app", "web.1": "bin/app", "worker": "bin/worker", "worker.2": "bin/worker",
			"mailer": "bin/mailer", // how it would run
		} {
			e, err := h.agent.Explain(t.Context(), shopID, part)
			if err != nil || !strings.HasSuffix(e.Command[len(e.Command)-1], want) ||
				strings.Contains(part, ".2") && !strings.Contains(e.Unit, "-worker-2-") {
				t.Errorf("%s: %+v, %v", part, e, err)
			}
		}
		for part, want := range map[string]string{
			"web.2": "there is no web.2: the number of replicas that web is to have is 1",
			"wrker": `did you mean "worker"?`, "mailer.1": "there is no mailer.1", "web.0": "there is no web.0",
			"web.x": "there is no web.x", ".1": "is no process",
		} {
			if _, err := h.agent.Explain(t.Context(), shopID, part); !errors.Is(err, api.Invalid) ||
				!strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", part, err, want)
			}
		}
	})
}
