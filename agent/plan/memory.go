package plan

import (
	"reflect"
	"slices"
	"time"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
)

// Memory is what the agent keeps on disk of an instance: only what PID 1, the proxy
// and the providers cannot tell it again.
type Memory struct {
	Serial   int           `json:"serial,omitempty"`
	Stopped  string        `json:"stopped,omitempty"` // by whom; empty: should run
	ByHand   string        `json:"by_hand,omitempty"` // boot in which systemctl stopped it, which may start it again
	Left     []string      `json:"left,omitempty"`    // units that it stopped, where others run
	Pin      *Pin          `json:"pin,omitempty"`
	Settings Settings      `json:"settings,omitzero"`
	Awaited  bool          `json:"awaited,omitempty"` // not listed yet: it is to have the settings that it inherited
	Good     *Good         `json:"good,omitempty"`
	Rejected *Rejection    `json:"rejected,omitempty"`
	History  []PastRelease `json:"history,omitempty"` // newest first

	// Released are the release commands that succeeded, by units.Spec.BeforeKey, the latest last.
	Released []string `json:"released,omitempty"`

	Restarts map[string]Restarts `json:"restarts,omitempty"` // by unit: of those that are there, and of the wanted one
	Standing Standing            `json:"standing,omitzero"`
	Database string              `json:"database,omitempty"` // named once, whatever the application is called later
}

// Good is the last revision that served, or the last release of files alone: what to fall back to.
type Good struct {
	Revision string            `json:"revision"` // empty: there was nothing to run
	Spec     units.Spec        `json:"spec"`
	Release  fact.Release      `json:"release"`
	Manifest manifest.Manifest `json:"manifest"` // its health check and routing, which Spec does not have

	Others []units.Spec `json:"others,omitempty"` // of its processes beside web
}

// Runs says whether there is a process to run.
func (g *Good) Runs() bool { return g.Revision != "" }

// Processes are the Specs of all its processes, web first.
func (g *Good) Processes() []units.Spec {
	if !g.Runs() {
		return nil
	}
	return append([]units.Spec{g.Spec}, g.Others...)
}

// Is says whether it is what s is to be.
func (g *Good) Is(s *AppState) bool {
	return g != nil && g.Revision == s.Revision && g.Release.Hash == s.Release.Hash
}

// Matches says whether nothing about the good revision has changed.
func (g *Good) Matches(s *AppState) bool {
	m := &s.Manifest
	return g.Is(s) && g.Manifest.Static == m.Static &&
		g.Manifest.IsOpen() == m.IsOpen() && g.Manifest.IsPrivate() == m.IsPrivate() && g.Manifest.ProxyAll == m.ProxyAll &&
		g.Manifest.IdleTimeout == m.IdleTimeout &&
		g.Manifest.Sticky == m.Sticky && g.Manifest.SameReplicas(*m) && reflect.DeepEqual(g.Manifest.Jobs, m.Jobs)
}

// Pin holds an instance on an older release until its provider brings a new one.
type Pin struct {
	Release string `json:"release"`
	Instead string `json:"instead"` // the provider's release when the operator rolled back

	InstalledBy audience.Installer `json:"installed_by,omitempty"` // Release
}

// Rejection is a revision that never got healthy beside a good one.
type Rejection struct {
	Revision string            `json:"revision"`
	Why      string            `json:"why"`
	Lines    []string          `json:"lines,omitempty"` // the end of its log
	Exit     units.Exit        `json:"exit,omitzero"`
	Strayed  string            `json:"strayed,omitempty"` // where it listened instead
	Command  bool              `json:"command,omitempty"` // it was its release command that failed
	Manifest manifest.Manifest `json:"manifest,omitzero"`
	Process  string            `json:"process,omitempty"` // that failed; empty: web
	At       time.Time         `json:"at"`
}

// PastRelease is a release that served once, with the settings of that time: an edition.
type PastRelease struct {
	Hash     string    `json:"hash"`
	At       time.Time `json:"at"`
	Settings Settings  `json:"settings,omitzero"`

	InstalledBy audience.Installer `json:"installed_by,omitempty"`
}

// maxReleased is how many release commands are remembered: more than there are editions to go back to.
const maxReleased = 200

// Release remembers that a release command has succeeded.
func (m *Memory) Release(key string) {
	list := append(slices.DeleteFunc(slices.Clone(m.Released), func(k string) bool { return k == key }), key)
	m.Released = list[max(0, len(list)-maxReleased):]
}

// HasReleased says whether it has.
func (m *Memory) HasReleased(spec units.Spec) bool {
	return slices.Contains(m.Released, spec.BeforeKey())
}

// maxEditions is how many are kept of one release.
const maxEditions = 10

// Remember puts an edition at the head of the history. Besides its release it keeps at most keep
// others: those are large, editions of one release are not.
func (m *Memory) Remember(latest PastRelease, keep int) {
	history, kept := []PastRelease{latest}, map[string]int{latest.Hash: 1}
	for _, p := range m.History {
		n := kept[p.Hash]
		if p.Is(latest) || n == maxEditions || n == 0 && len(kept) > keep {
			continue
		}
		kept[p.Hash]++
		history = append(history, p)
	}
	m.History = history
}
