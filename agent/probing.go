package agent

import (
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/agent/health"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/units"
)

// probe keeps the wanted unit of d under observation, and takes in what is known.
func (a *Agent) probe(d *plan.Desired, u *plan.Unit) {
	if u == nil {
		return
	}
	u.Probed = d.Probed()
	if !u.Probed || !u.Running() {
		a.monitor.Forget(u.Unit)
		u.Health = fact.Health{}
		return
	}
	a.monitor.Watch(u.Unit, check(d, u))
	u.Health, _ = a.monitor.Result(u.Unit)
}

func check(d *plan.Desired, u *plan.Unit) health.Check {
	h, t := d.Manifest.Health, plan.Target(u)
	return health.Check{
		Type: h.Type, Run: u.Invocation, Network: t.Network, Address: t.Address,
		Host: d.HostName, Path: h.Path, Interval: h.Interval.Std(), Timeout: h.Timeout.Std(), Failures: h.Failures,
		Relayed: d.Manifest.Network == units.NetworkGuest, Guessed: d.GuessesHealth(), Front: front(d),
	}
}

// front is the path of the page that everybody gets first who comes to an open application. Only that is
// asked for: what others are asked may be for those who have signed in.
func front(d *plan.Desired) string {
	if !d.Manifest.IsOpen() {
		return ""
	}
	first := d.AllHosts()[0]
	if first.Strip {
		return "/"
	}
	return first.Prefix + "/"
}
