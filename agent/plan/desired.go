package plan

import (
	"slices"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
)

// Desired is an instance with everything resolved: what the plan compares with what runs.
type Desired struct {
	Instance
	Name      string // slug, for unit names and people
	Release   fact.Release
	Settings  Settings          // the operator's, by command
	Withheld  []string          // variables of Settings that this release does not get; see unitWithOtherSecrets
	Layers    []Layer           // who says what of Manifest
	Manifest  manifest.Manifest // effective
	Revision  string            // empty: nothing is to run
	Processes []units.Spec      // of what is to run, web first
	Replicas  []Replica         // all that are to run, the first of web first
	Spec      units.Spec        // of web
	Unit      string            // of the first of web
	Before    *units.Once       // the release command that is to run before anything of it starts; nil: none
	Fallback  bool              // Replicas and Manifest are the last good ones, because the wanted ones were rejected
	Good      *Good             // the last revision that served
	Released  []string          // release commands that have succeeded, see Memory
	Stopped   string            // why it must not run; empty: it should
	Left      []string          // units that an operator has stopped, one by one
	Problem   string            // why it cannot be resolved; what runs is left alone
	Pinned    bool              // on an older release by an operator's word
	Adopted   bool              // known only from what runs: left alone

	Audiences []audience.Audience // of the secrets of the instance
}

// Run has these processes run as Manifest says, the first of which is web.
func (d *Desired) Run(processes []units.Spec) {
	d.Processes, d.Replicas = processes, Replicas(processes, d.Manifest)
	d.Spec, d.Unit, d.Revision = processes[0], processes[0].UnitName(), processes[0].Revision()
}

// Replica is the one that is to run as a unit; nil: none is.
func (d *Desired) Replica(unit string) *Replica {
	if i := slices.IndexFunc(d.Replicas, func(r Replica) bool { return r.Unit == unit }); i >= 0 {
		return &d.Replicas[i]
	}
	return nil
}

// Of names a replica before what is said of it, where there are others.
func (d *Desired) Of(r *Replica) string {
	if len(d.Replicas) < 2 {
		return ""
	}
	return r.Name() + ": "
}

// Runs says whether there is a process to run.
func (d *Desired) Runs() bool { return d.Revision != "" }

// GuessesHealth says that it is healthy when it accepts connections only because nobody has said how else
// to find out.
func (d *Desired) GuessesHealth() bool {
	layers := d.Layers
	if d.Fallback {
		layers = Layers(d.Instance, d.Good.Release, manifest.Manifest{})
	}
	by := From(layers, func(m manifest.Manifest) bool { return m.Health.Type != "" })
	return by == FromDetection && d.Manifest.Health.Type == "tcp"
}

func (d *Desired) stopFirst() bool { return d.Manifest.Replace == "stop-first" }
