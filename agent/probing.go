package agent

import (
	"time"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/agent/health"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/units"
)

// calm is how much more seldom replicas after the first are asked as long as they are well: a host with
// hundreds of them is to be idle when it has nothing to do, and others take the place of one that is ill.
const calm = 2

// probe keeps the unit of one replica of d under observation, and takes in what is known.
func (a *Agent) probe(d *plan.Desired, r *plan.Replica, u *plan.Unit, now time.Time) {
	if u == nil {
		return
	}
	u.Probed, u.Fresh = r.Probed(), now.Before(r.SteadyAt(u))
	if !u.Probed || !u.Running() {
		a.monitor.Forget(u.Unit)
		u.Health = fact.Health{}
		return
	}
	a.monitor.Watch(u.Unit, check(d, r, u))
	u.Health, _ = a.monitor.Result(u.Unit)
}

func check(d *plan.Desired, r *plan.Replica, u *plan.Unit) health.Check {
	h, t := r.Health, plan.Target(u)
	c := health.Check{
		Type: h.Type, Run: u.Invocation, Network: t.Network, Address: t.Address,
		Host: d.HostName, Path: h.Path, Interval: h.Interval.Std(), Timeout: h.Timeout.Std(), Failures: h.Failures,
		Relayed: d.Manifest.Network == units.NetworkGuest,
	}
	if r.N > 1 {
		c.Calm = calm * c.Interval
	}
	if r.IsWeb() {
		c.Guessed, c.Front = d.GuessesHealth(), front(d)
	}
	return c
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
