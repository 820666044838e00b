package agent

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
)

// elsewhere says where the programs of a unit's user listen. All units of one instance have the same
// user; in a network of its own nobody else sees where they listen.
func (a *Agent) elsewhere(unit string) (list []netip.AddrPort, shared bool) {
	uid, shared := a.userOf(unit)
	if uid == 0 {
		return nil, shared
	}
	list, err := a.listening(uid)
	if err != nil {
		a.log.Debug("it is not known where it listens", "unit", unit, "error", err)
	}
	return list, shared
}

func (a *Agent) userOf(unit string) (uid uint32, shared bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	u := a.observed.unit(unit)
	if u == nil || u.Network != units.NetworkPort {
		return 0, false
	}
	for _, other := range a.observed.known(u.Instance).units {
		if uid == 0 {
			uid = other.UID
		}
		shared = shared || other != u && !other.Ended()
	}
	return uid, shared
}

// astray is an error if the wanted unit listens elsewhere, and most likely stays there: nobody has said
// that its start takes long. The caller holds mu.
func (a *Agent) astray(d *plan.Desired) error {
	u := a.observed.unit(d.Unit)
	if u == nil || !u.Probed || u.Health.State != fact.Unknown || u.Health.Elsewhere == "" {
		return nil
	}
	says := func(m manifest.Manifest) bool { return m.Health.StartPeriod != 0 }
	if plan.From(d.Layers, says) != plan.FromDefault {
		return nil
	}
	return fmt.Errorf("%s listens on %s, but not on 127.0.0.1:%d: %w", d.Name,
		strings.ReplaceAll(u.Health.Elsewhere, " ", " and "), u.Port, api.Failed)
}
