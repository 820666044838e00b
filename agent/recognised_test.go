package agent

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/manifest"
)

var nodeJS = detect.Result{Name: "Node.js", Why: "npm start is node server.js", Manifest: manifest.Manifest{
	Exec: []string{"node", "server.js"}, Access: manifest.AccessOpen, Limits: manifest.Limits{Memory: 4 << 30},
	Sandbox: manifest.Sandbox{Internet: true, WritableCode: true},
}}

// recognise lets every package be taken for it.
func (h *host) recognise(r detect.Result) {
	h.releases.mu.Lock()
	defer h.releases.mu.Unlock()
	h.releases.recognised, h.releases.bare = r, true
}

func TestRecognisedRunsBelowEverythingSaid(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.recognise(nodeJS)
		h.config.Limits.Max.Memory = 1 << 30
		h.config.Policy.Internet = false
		h.app(shop, "shop.x")
		h.app(blog, "blog.x", func(a *config.App) { a.Manifest.Exec = []string{"bin/own"} })
		h.start()
		h.wantState(shop, api.StateRunning)
		if s := h.spec(shop); s.Exec[0] != "node" || s.MemoryMax != 1<<30 || len(s.Loosen) != 1 || !s.Open {
			t.Errorf("it runs as %+v", s)
		}
		if v := h.view(shop); v.Recognised != "Node.js (npm start is node server.js)" || v.AccessFrom != "detection" {
			t.Errorf("shown as %+v", v)
		}
		// Who is told by the operator what is started is what it was.
		if s := h.spec(blog); s.Exec[0] != "bin/own" || s.Open || len(s.Loosen) > 0 || s.MemoryMax != 512<<20 {
			t.Errorf("it runs as %+v", s)
		}
	})
}

func TestRecognisedIsNotOpenWhereThatIsForbidden(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.recognise(nodeJS)
		h.config.Policy.Open = false
		h.app(shop, "shop.x")
		h.app(blog, "blog.x", func(a *config.App) { a.Manifest.Access = manifest.AccessAreas })
		h.start()
		if v := h.wantState(shop, api.StateFailed); !strings.Contains(v.Why, "policy.open") {
			t.Errorf("why %q", v.Why)
		}
		h.wantState(blog, api.StateRunning)
		if h.spec(blog).Open {
			t.Error("it is open against the operator's word")
		}
	})
}

func TestAMissingStepIsNamed(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.recognise(detect.Result{Name: "Node.js", Why: "it has dependencies", Missing: "run npm ci first"})
		h.app(shop, "shop.x")
		h.start()
		if v := h.wantState(shop, api.StateFailed); !strings.Contains(v.Why, "run npm ci first") {
			t.Errorf("why %q", v.Why)
		}
	})
}

func TestDemandsAreWhatIsRefused(t *testing.T) {
	rel := fact.Release{Recognised: nodeJS}
	if m := rel.Demands(); !m.IsOpen() || m.Limits.Memory != 0 || m.Sandbox.Internet {
		t.Errorf("it demands %+v", m)
	}
}
