package agent

import (
	"context"
	"slices"
	"time"

	"github.com/nexushub/nexushub/agent/admin"
	"github.com/nexushub/nexushub/agent/plan"
)

// RunAdmin follows the admin service after the first reconcile, because the service is a
// static application itself. There are never more than most dynamic applications.
func (a *Agent) RunAdmin(ctx context.Context, s admin.Service, interval time.Duration, most int) error {
	select {
	case <-ctx.Done():
		return nil
	case <-a.ready:
	}
	a.log.Info("following the admin service", "interval", interval)
	deliver := func(l admin.List) bool { return a.onDynamicList(l, most) }
	p := &admin.Poller{Service: s, Interval: interval, Deliver: deliver, Report: a.onAdminPoll, Log: a.log}
	return p.Run(ctx)
}

// onDynamicList applies a list, or holds it back for now.
func (a *Agent) onDynamicList(l admin.List, most int) bool {
	next := make([]plan.Instance, 0, len(l.Applications))
	for _, app := range l.Applications {
		next = append(next, plan.Instance{
			ID: app.InstanceID, Kind: plan.KindDynamic, HostName: app.HostName, AppID: app.AppID, DisplayName: app.DisplayName,
		})
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	w := &a.desired
	if !l.Complete() {
		next = withMissing(w.dynamic, next)
	}
	if err := admin.TooMany(len(next), most); err != nil { // what is kept counts, too
		a.log.Warn("admin service: list rejected", "error", err)
		w.admin.Error = err.Error()
		return false
	}
	if reason, held := w.removalGuard.check(w.dynamic, next); held {
		a.log.Warn("admin service: list held back", "reason", reason)
		w.admin.Error = reason
		return false
	}
	a.logDynamicChange(next)
	w.dynamic = next
	if l.Complete() {
		delete(w.partial, plan.KindDynamic)
		w.orphans = slices.DeleteFunc(w.orphans, func(o resolved) bool { return o.Kind == plan.KindDynamic })
	}
	w.version++
	a.saver.save(dynamicFile, next)
	a.requestResolve()
	return true
}

// withMissing adds to next what is in current alone.
func withMissing(current, next []plan.Instance) []plan.Instance {
	for _, in := range current {
		taken := func(n plan.Instance) bool { return n.ID == in.ID || n.HostName == in.HostName }
		if !slices.ContainsFunc(next, taken) {
			next = append(next, in)
		}
	}
	return next
}

func (a *Agent) logDynamicChange(next []plan.Instance) {
	added, removed := missing(next, a.desired.dynamic), missing(a.desired.dynamic, next)
	if len(added) > 0 || len(removed) > 0 {
		a.log.Info("dynamic applications changed", "added", added, "removed", removed, "now", len(next))
	}
}

// onAdminPoll notes for the status how the admin service is doing.
func (a *Agent) onAdminPoll(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := &a.desired.admin
	if err != nil {
		p.State, p.Error = "unavailable; the last good list stays in force", err.Error()
		return
	}
	now := time.Now()
	p.State, p.UpdatedAt = "followed", &now
	if a.desired.removalGuard == (massRemovalGuard{}) {
		p.Error = ""
	}
}
