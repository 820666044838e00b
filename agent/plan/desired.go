package plan

import (
	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
)

// Desired is an instance with everything resolved: what the plan compares with what runs.
type Desired struct {
	Instance
	Name     string // slug, for unit names and people
	Release  fact.Release
	Settings Settings          // the operator's, by command
	Withheld []string          // variables of Settings that this release does not get; see unitWithOtherSecrets
	Layers   []Layer           // who says what of Manifest
	Manifest manifest.Manifest // effective
	Spec     units.Spec
	Revision string // of Spec; empty: nothing is to run
	Unit     string // of Spec
	Fallback bool   // Spec and Manifest are the last good ones, because the wanted ones were rejected
	Good     *Good  // the last revision that served
	Stopped  string // why it must not run; empty: it should
	Problem  string // why it cannot be resolved; what runs is left alone
	Pinned   bool   // on an older release by an operator's word
	Adopted  bool   // known only from what runs: left alone

	Audiences []audience.Audience // of the secrets of the instance
}

// Runs says whether there is a process to run.
func (d *Desired) Runs() bool { return d.Revision != "" }

// Probed says whether the agent asks it for its health; else an active unit is healthy.
func (d *Desired) Probed() bool {
	return d.Manifest.Health.Type == "http" || d.Manifest.Health.Type == "tcp"
}

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
