package plan

import (
	"cmp"
	"slices"
	"time"
)

// unlisted stands for an instance that no provider lists any more and that still has units:
// it is shown, as stopping, until the last of them is gone.
func unlisted(id string, list []*Unit) *Desired {
	u := list[0]
	return &Desired{
		Instance: Instance{ID: id, Kind: u.Kind, HostName: u.Host, AppID: u.App}, Name: u.App,
		Stopped: "no longer listed by its provider",
	}
}

// Unlisted are the states of all of them, in the order of their ids. A provider
// that has not given its complete list may still want them.
func (c Current) Unlisted(desired []Desired, now time.Time) []AppState {
	wanted := make(map[string]bool, len(desired))
	for i := range desired {
		wanted[desired[i].ID] = true
	}
	var out []AppState
	for id, o := range c.Apps {
		list := o.Units
		if len(list) > 0 && !wanted[id] && !c.Partial[list[0].Kind] {
			out = append(out, c.Of(unlisted(id, list), now))
		}
	}
	slices.SortFunc(out, func(a, b AppState) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
