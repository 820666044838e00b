package agent

import (
	"slices"
	"time"
)

const (
	// maxPastUnits are kept of one instance: their lines are looked for whenever its log is read.
	maxPastUnits = 100
	// maxInstances are the instances that they are kept of, those that are gone included.
	maxInstances = 5000
)

// pastUnits tell which instance every unit belonged to, also those that are gone: of what PID 1
// itself says about a unit the name alone tells (systemd 252 puts no field of ours there). No two
// instances ever share a name, because the revision in it is a hash over the instance too.
type pastUnits struct {
	instances map[string]*unitNames
	owners    map[string]string // instance by unit
	unsaved   bool
}

// unitNames are those of one instance.
type unitNames struct {
	Units []string  `json:"units"` // oldest first
	Seen  time.Time `json:"seen"`  // when the last of them came
}

// newPastUnits takes what was on disk.
func newPastUnits(saved map[string]*unitNames) pastUnits {
	b := pastUnits{instances: map[string]*unitNames{}, owners: map[string]string{}}
	for instance, old := range saved {
		if old == nil {
			continue
		}
		b.instances[instance] = old
		for _, unit := range old.Units {
			b.owners[unit] = instance
		}
	}
	return b
}

// add enters a unit, the newest of its instance.
func (b *pastUnits) add(unit, instance string, now time.Time) {
	if b.owners[unit] == instance {
		return
	}
	i := b.instances[instance]
	if i == nil {
		b.makeRoom()
		i = &unitNames{}
		b.instances[instance] = i
	}
	i.Units, i.Seen = append(i.Units, unit), now
	if len(i.Units) > maxPastUnits {
		delete(b.owners, i.Units[0])
		i.Units = slices.Delete(i.Units, 0, 1)
	}
	b.owners[unit], b.unsaved = instance, true
}

// addOlder enters a unit older than all that are known of its instance, unless there is no room.
func (b *pastUnits) addOlder(unit, instance string, at time.Time) {
	i := b.instances[instance]
	switch {
	case b.owners[unit] != "" || i == nil && len(b.instances) >= maxInstances || i != nil && len(i.Units) >= maxPastUnits:
		return
	case i == nil:
		i = &unitNames{Seen: at}
		b.instances[instance] = i
	}
	i.Units = slices.Insert(i.Units, 0, unit)
	b.owners[unit], b.unsaved = instance, true
}

// makeRoom forgets the instance of which nothing new has come for the longest time.
func (b *pastUnits) makeRoom() {
	if len(b.instances) < maxInstances {
		return
	}
	var oldest string
	for id, i := range b.instances {
		if o := b.instances[oldest]; o == nil || i.Seen.Before(o.Seen) {
			oldest = id
		}
	}
	for _, unit := range b.instances[oldest].Units {
		delete(b.owners, unit)
	}
	delete(b.instances, oldest)
}

// unitsOf are those of one instance.
func (b *pastUnits) unitsOf(instance string) []string {
	if i := b.instances[instance]; i != nil {
		return slices.Clone(i.Units)
	}
	return nil
}

// copy is what goes to disk.
func (b *pastUnits) copy() map[string]unitNames {
	all := make(map[string]unitNames, len(b.instances))
	for id, i := range b.instances {
		all[id] = unitNames{Units: slices.Clone(i.Units), Seen: i.Seen}
	}
	return all
}
