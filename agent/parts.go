package agent

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
)

// partForm is the name of every unit but the first of web; that of web, where the name of the
// application itself ends like this.
var partForm = regexp.MustCompile(
	"^" + units.Prefix + `(.+)-([a-z][a-z0-9]{0,15})-([1-9][0-9]{0,3})-([0-9a-f]{8})\.service$`)

// PartOf says which process and replica of its application a unit is, or was: what PID 1 writes
// of a unit in the journal has its name alone.
func (a *Agent) PartOf(unit string) (process string, replica int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if u := a.observed.unit(unit); u != nil {
		return u.Process, u.Replica
	}
	m := partForm.FindStringSubmatch(unit)
	if m == nil || a.isNamed(unit, m[1], m[4]) {
		return manifest.Web, 1
	}
	replica, _ = strconv.Atoi(m[3]) // four digits
	return m[2], replica
}

// isNamed says whether all of the unit's name but its revision is the name of its application,
// although the application could also be called slug. The caller holds mu.
func (a *Agent) isNamed(unit, slug, revision string) bool {
	owners := a.observed.past.owners
	owner, known := owners[unit]
	if !known || owners[units.Prefix+slug+"-"+revision+".service"] == owner { // the first of web beside it
		return false
	}
	i := slices.IndexFunc(a.desired.apps, func(d plan.Desired) bool { return d.ID == owner })
	return i >= 0 && a.desired.apps[i].Name != slug
}

// meantReplica is the one that is named by its process, of which it is the first, and perhaps its
// number ("worker.2").
func meantReplica(d *plan.Desired, name string) (r plan.Replica, err error) {
	process, number, _ := strings.Cut(name, ".")
	if !d.Manifest.HasProcess(process) {
		return r, fmt.Errorf("process: %q %s: %w", process, noProcess(process, d.Manifest.ProcessNames()), api.Invalid)
	}
	is := func(r plan.Replica) bool {
		return r.Process == process && (number == "" || number == strconv.Itoa(r.N))
	}
	if i := slices.IndexFunc(d.Replicas, is); i >= 0 {
		return d.Replicas[i], nil
	}
	of := func(s units.Spec) bool { return s.ProcessName() == process }
	if i := slices.IndexFunc(d.Processes, of); i >= 0 && number == "" {
		one := d.Manifest.Scaled(map[string]int{process: 1}) // how it would run if it had any
		return plan.Replicas(d.Processes[i:i+1], one)[0], nil
	}
	return r, fmt.Errorf("process: there is no %s: the number of replicas that %s is to have is %d: %w", name, process,
		d.Manifest.ReplicasOf(process), api.Invalid)
}
