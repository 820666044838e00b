package agent

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
)

// StopApp stops an application until StartApp, also over a reboot.
func (a *Agent) StopApp(ctx context.Context, nameOrID string) (api.App, error) {
	id, err := a.change(nameOrID, func(_ *plan.Desired, m *plan.Memory) error {
		m.Stopped, m.ByHand, m.Left = "stopped by operator (nexushub stop)", "", nil
		return nil
	})
	if err != nil {
		return api.App{}, err
	}
	return a.await(ctx, id, func(v api.App) (bool, error) { return v.State == api.StateStopped, nil })
}

// StartApp lets an application run again, at once, and waits until it does.
func (a *Agent) StartApp(ctx context.Context, nameOrID string) (api.App, error) {
	id, err := a.change(nameOrID, func(d *plan.Desired, m *plan.Memory) error {
		a.resume(m)
		a.forgive(d.ID)
		return nil
	})
	if err != nil {
		return api.App{}, err
	}
	return a.WaitSettled(ctx, id, "")
}

// RestartApp replaces an application by an equal one, without a gap.
func (a *Agent) RestartApp(ctx context.Context, nameOrID string) (api.App, error) {
	id, err := a.change(nameOrID, func(d *plan.Desired, m *plan.Memory) error {
		m.Serial++
		a.resume(m)
		a.forgive(d.ID)
		return nil
	})
	if err != nil {
		return api.App{}, err
	}
	return a.WaitSettled(ctx, id, "")
}

// Rollback goes back to an older edition, the previous one by default: its release, until the
// provider brings a new one, and its settings. It has to become healthy first, like any replacement.
func (a *Agent) Rollback(ctx context.Context, nameOrID, release string) (api.App, error) {
	id, err := a.changeForGood(nameOrID, func(d *plan.Desired, m *plan.Memory) error {
		target, err := pastRelease(d, m, release)
		if err != nil {
			return err
		}
		target.Settings = m.Settings.OfEdition(target.Settings)
		if err := a.mayChange(ctx, d, m.Settings, target.Settings); err != nil {
			return err
		}
		if err := a.goesBackTo(ctx, d, target); err != nil {
			return err
		}
		if err := a.admitRollback(d, target); err != nil {
			return err
		}
		instead := d.Release.Hash
		if m.Pin != nil && d.Pinned {
			instead = m.Pin.Instead
		}
		m.Pin, m.Settings = nil, target.Settings
		if target.Hash != instead {
			m.Pin = &plan.Pin{Release: target.Hash, Instead: instead, InstalledBy: target.InstalledBy}
		}
		a.resume(m)
		a.desired.version++
		return nil
	})
	if err != nil {
		return api.App{}, err
	}
	a.requestResolve()
	return a.WaitSettled(ctx, id, "")
}

// goesBackTo refuses an edition whose release is gone, and says what it would widen.
func (a *Agent) goesBackTo(ctx context.Context, d *plan.Desired, target plan.PastRelease) error {
	rel := d.Release
	if target.Hash != rel.Hash {
		var err error
		if rel, err = a.releases.Get(target.Hash); err != nil {
			return notKept(d, target.Hash)
		}
	}
	if wider := a.widening(d, rel, target.Settings); len(wider) > 0 {
		a.log.Warn("rollback widens what an application may do", "instance", d.ID, "app", d.Name,
			"release", target.Hash, "by", string(caller.Of(ctx).Installer), "widened", wider)
	}
	return nil
}

// notKept says why a release that ran is not there any more.
func notKept(d *plan.Desired, release string) error {
	why := "only the last ones are kept (releases.keep)"
	if d.Release.Dir != "" && d.Release.Dir == d.Package {
		why = "the package is the folder " + d.Package + ", which has only its present content"
	}
	return fmt.Errorf("release %s is not on disk: %s: %w", plan.ShortHash(release), why, api.NotFound)
}

// pastRelease finds the edition to go back to: the one before, or the latest that id means.
func pastRelease(d *plan.Desired, m *plan.Memory, id string) (plan.PastRelease, error) {
	var found []plan.PastRelease
	var none plan.PastRelease
	wanted := plan.PastRelease{Hash: d.Release.Hash, Settings: m.Settings.Edition()}
	for _, p := range m.History {
		fits := id == "" && !p.Is(wanted) || id != "" && p.Named(id)
		if fits && !slices.ContainsFunc(found, func(o plan.PastRelease) bool { return o.Hash == p.Hash }) {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 1, len(found) > 1 && id == "":
		return found[0], nil
	case len(found) > 1:
		return none, fmt.Errorf("%s ran several releases that begin with %s: %w", d.Name, id, api.Conflict)
	case id == "":
		return none, fmt.Errorf("%s has no previous release: %w", d.Name, api.NotFound)
	}
	return none, fmt.Errorf("%s never ran release %s: %w", d.Name, id, api.NotFound)
}

// change alters what is remembered of one application, and lets the reconciler act on it. On a
// full disk it holds until the agent ends: what fills the disk must be stoppable.
func (a *Agent) change(nameOrID string, f func(*plan.Desired, *plan.Memory) error) (id string, err error) {
	a.changing.Lock()
	defer a.changing.Unlock()
	return a.alter(nameOrID, f)
}

// changeForGood is a change that must not be lost: what cannot be saved is refused.
func (a *Agent) changeForGood(nameOrID string, f func(*plan.Desired, *plan.Memory) error) (id string, err error) {
	a.changing.Lock()
	defer a.changing.Unlock()
	var name string
	var before plan.Memory
	id, err = a.alter(nameOrID, func(d *plan.Desired, m *plan.Memory) error {
		name, before = d.Name, *m
		return f(d, m)
	})
	if err != nil {
		return "", err
	}
	if err := a.saver.saved(instancesFile); err != nil {
		a.takeBack(id, before)
		return "", fmt.Errorf("%s is left as it was, because the state cannot be saved: %w", name, err)
	}
	return id, nil
}

// alter is change. The caller holds changing.
func (a *Agent) alter(nameOrID string, f func(*plan.Desired, *plan.Memory) error) (id string, err error) {
	a.mu.Lock()
	d, err := a.find(nameOrID)
	if err == nil {
		err = f(d, a.observed.memory(d.ID))
	}
	if err == nil {
		a.memoriesChanged()
		a.saveMemories()
	}
	a.mu.Unlock()
	if err != nil {
		return "", err
	}
	a.saver.flush()
	return d.ID, nil
}

// takeBack undoes what an operator said, but not what has happened since.
func (a *Agent) takeBack(id string, before plan.Memory) {
	a.mu.Lock()
	defer a.mu.Unlock()
	m := a.observed.memory(id)
	m.Stopped, m.ByHand, m.Left, m.Pin = before.Stopped, before.ByHand, before.Left, before.Pin
	m.Settings, m.Rejected = before.Settings, before.Rejected
	a.desired.version++
	a.memoriesChanged()
	a.saveMemories()
	a.requestResolve()
}

// forgive lets an instance be tried at once, whatever happened before.
func (a *Agent) forgive(id string) {
	a.observed.instance(id).holds = nil
	a.observed.failures(id).Forgive()
}

// Plan is what the reconciler is doing and would do next, with reasons.
func (a *Agent) Plan() []api.Task {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []api.Task
	for _, i := range a.observed.instances {
		for _, subject := range slices.Sorted(maps.Keys(i.tasks)) {
			out = append(out, wire(*i.tasks[subject], "in progress: "))
		}
	}
	now := time.Now()
	current := a.observed.current(a.desired.partial, now)
	for _, t := range a.plan(current.AppStates(a.desiredApps(), now), current, now) {
		out = append(out, wire(t, ""))
	}
	return out
}

func wire(t plan.Task, prefix string) api.Task {
	return api.Task{Action: t.Action.String(), Instance: t.Instance, Name: t.Name, Unit: t.Unit, Reason: prefix + t.Reason}
}
