package agent

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/agent/release"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/shell"
	"github.com/nexushub/nexushub/units"
)

// resolveAgain is how soon a package that could not be had is looked for again.
const resolveAgain = 30 * time.Second

// runResolver finds the packages of what the providers want. It is apart from the
// reconciler because a package may be a gigabyte to unpack.
func (a *Agent) runResolver(ctx context.Context) error {
	again := time.NewTimer(0)
	defer again.Stop()
	links := time.NewTicker(relinkEvery)
	defer links.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-a.resolve:
		case <-again.C:
		case <-links.C:
			a.followLinks()
			continue
		}
		if a.resolveAll(ctx) {
			again.Reset(resolveAgain)
		}
	}
}

// resolveAll replaces the list of resolved instances. It reports whether some package
// is worth another try.
func (a *Agent) resolveAll(ctx context.Context) (faults bool) {
	a.mu.Lock()
	list, version := a.desired.wanted(), a.desired.version
	ceiling := a.desired.config.Ceiling()
	said, installed, running := a.said(), maps.Clone(a.desired.installed), a.observed.running()
	a.mu.Unlock()
	var g errgroup.Group
	g.SetLimit(2)
	for i := range list {
		list[i].takeInstalled(installed)
		list[i].takeSettings(said[list[i].ID].settings)
		g.Go(func() error {
			a.resolveOne(ctx, &list[i], said[list[i].ID].pin, ceiling, running[list[i].ID])
			return nil
		})
	}
	g.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	if version != a.desired.version {
		a.requestResolve() // outdated before it was done
		return false
	}
	a.forgetSwept(list)
	a.unpin(list)
	a.desired.resolved, a.desired.stale, a.desired.complete, a.desired.resolvedVersion = list, true, true, version
	a.requestReconcile()
	return slices.ContainsFunc(list, func(r resolved) bool { return r.problem != "" })
}

// resolveOne finds the release of one instance: its package, or the older release that
// an operator went back to.
func (a *Agent) resolveOne(ctx context.Context, r *resolved, pin *plan.Pin, ceiling manifest.Ceiling,
	runs bool) {
	if r.problem != "" || r.adopted {
		return
	}
	if r.Problem != "" {
		r.problem = r.Problem
		return
	}
	if r.AsItRuns {
		r.problem = "its settings are lost, deploy it again to change it"
		return
	}
	rel, err := a.findRelease(ctx, r.Instance)
	err = r.notInstalled(err, runs)
	if err == nil && pin != nil {
		r.pinned, r.outpaced = pin.Instead == rel.Hash, pin.Instead != rel.Hash
	}
	if r.pinned {
		r.InstalledBy = pin.InstalledBy
		rel, err = a.releases.Get(pin.Release)
	}
	if err == nil && r.StaticPath != "" {
		r.files = r.StaticPath
		r.StaticPath, err = release.RealFolder(r.files)
	}
	if err != nil {
		r.problem = err.Error()
		return
	}
	r.problem = r.take(rel, ceiling)
}

// take makes a release of the instance's own, or says what is in the way.
func (r *resolved) take(rel fact.Release, ceiling manifest.Ceiling) (problem string) {
	tells := r.StaticPath != "" || r.StaticService != "" || r.DebugPort != 0
	if tells || len(r.Manifest.Exec) > 0 {
		rel = rel.Literal() // the operator says what is started, or served
	}
	r.Manifest = r.scaled(r.Manifest, rel)
	excess := ceiling.Excesses("settings", r.settings.Manifest())
	if len(excess) == 0 {
		excess = ceiling.Excesses(release.ManifestName, r.Manifest.Over(rel.Demands()))
	}
	if len(excess) == 0 {
		excess = r.Manifest.Over(rel.Asks()).Incomplete(release.ManifestName)
	}
	if len(excess) > 0 {
		return excess.Error()
	}
	rel.Recognised = rel.Recognised.Asked(r.Manifest)
	rel.Recognised.Manifest = ceiling.Cap(rel.Recognised.Manifest)
	if folder := r.Manifest.Static.Folder; folder != "" && rel.Dir != "" {
		var err error
		if rel.StaticDir, err = release.StaticFolder(rel.Dir, folder); err != nil {
			return err.Error()
		}
		rel.Static = rel.StaticDir != ""
	}
	r.release = rel
	if len(r.Manifest.Exec) > 0 && rel.Dir != "" { // the operator's word stands in for bin/app, too
		r.release.Runs = true
	}
	if others := r.Manifest.Over(rel.Asks()).ProcessNames()[1:]; len(others) > 0 && !r.release.Runs {
		return "processes: " + strings.Join(others, ", ") + " would run, but nothing that answers requests: " +
			"name its command as exec"
	}
	if !r.Empty() && !r.release.Runs && !rel.Static && !tells {
		return r.Package + ": " + nothingToRun(rel)
	}
	return ""
}

// unpin forgets what held instances on an older release, where the provider has brought a new one
// since: it must not come back with the release that it once stood against. The caller holds mu.
func (a *Agent) unpin(list []resolved) {
	for _, r := range list {
		if r.outpaced {
			a.observed.memory(r.ID).Pin = nil
			a.loop.unsaved = true
		}
	}
}

// nothingToRun says what is missing of a package that has been read.
func nothingToRun(rel fact.Release) string {
	if line := rel.Recognised.Line(); line != "" {
		return line
	}
	return "the package has neither bin/app nor static/ and is not recognised, and the application has no static path"
}

func (a *Agent) findRelease(ctx context.Context, in plan.Instance) (fact.Release, error) {
	switch {
	case in.Release != "":
		return a.releases.Get(in.Release)
	case in.Package != "":
		return a.releases.Resolve(ctx, in.Package)
	}
	return fact.Release{}, nil
}

// said is what an operator said of an instance by command.
type said struct {
	pin      *plan.Pin
	settings plan.Settings
}

// said is of all instances. The caller holds mu.
func (a *Agent) said() map[string]said {
	all := map[string]said{}
	for id, m := range a.observed.memories() {
		s := said{settings: m.Settings}
		if m.Pin != nil {
			pin := *m.Pin
			s.pin = &pin
		}
		all[id] = s
	}
	return all
}

// takeSettings makes them the operator's layer, which apps.d is for a static application.
func (r *resolved) takeSettings(s plan.Settings) {
	if r.Kind != plan.KindStatic {
		r.settings, r.theirs = s, r.Manifest
		r.Manifest = s.Manifest().Over(r.theirs)
	}
}

// scaled is the operator's layer with as many replicas as he has set, of the processes that a
// release has.
func (r *resolved) scaled(m manifest.Manifest, rel fact.Release) manifest.Manifest {
	return r.settings.Replicas(m.Over(rel.Asks())).Over(m)
}

// desiredApps is everything that should run, computed when something it depends on has
// changed. The caller holds mu.
func (a *Agent) desiredApps() []plan.Desired {
	if !a.desired.stale {
		return a.desired.apps
	}
	list := make([]plan.Desired, 0, len(a.desired.resolved))
	for _, r := range a.desired.resolved {
		list = append(list, a.desiredFrom(r))
	}
	a.desired.apps, a.desired.stale, a.loop.jobsStale = list, false, true
	return list
}

const servicesNeedAreas = `the login and the admin application need "areas", because they are called ` +
	`with the internal secret`

// guardServices keeps the login and the admin application in areas: the proxy and this agent
// call them with the internal secret, which others do not get.
func (a *Agent) guardServices(d *plan.Desired) {
	if c := a.desired.config; d.ID != c.LoginInstance && d.ID != c.AdminInstance || d.Problem != "" {
		return
	}
	if asked := d.Instance.Manifest.Over(d.Release.Asks()); !asked.HasAreas() {
		d.Problem = fmt.Sprintf("access = %q: %s", asked.Access, servicesNeedAreas)
	}
	d.Manifest.Access, d.Manifest.Roles = manifest.AccessAreas, nil
}

func (a *Agent) desiredFrom(r resolved) plan.Desired {
	m := a.observed.known(r.ID).memory
	if m == nil {
		m = &plan.Memory{}
	}
	secrets := a.secretFiles(r.ID, r.Installer())
	held := r.settings.Withheld(secrets.Audiences, r.Installer())
	if len(held) > 0 {
		r.Manifest = r.scaled(r.settings.Without(held).Over(r.theirs), r.release)
	}
	d := plan.Desired{
		Instance: r.Instance, Name: r.Slug(a.desired.place.Domain),
		Release: r.release, Good: m.Good, Problem: r.problem, Stopped: m.Stopped, Left: m.Left, Released: m.Released,
		Adopted: r.adopted, Pinned: r.pinned,
		Settings: r.settings, Withheld: held, Layers: plan.Layers(r.Instance, r.release, a.desired.config.Defaults),
	}
	d.Manifest = plan.Effective(d.Layers)
	a.guardServices(&d)
	if a.loop.halted {
		d.Stopped = "all applications were stopped by nexushub stop --all"
	}
	if !r.release.Runs || d.Problem != "" {
		return d
	}
	d.Audiences = secrets.Audiences
	kept := plan.Kept{Serial: m.Serial, Database: a.nameDatabase(&d)}
	processes := plan.NewSpecs(r.Instance, r.release, d.Manifest, secrets, kept, a.desired.place)
	for _, spec := range processes {
		if err := plan.CheckCommand(spec, secrets); err != nil {
			d.Problem = err.Error()
			return d
		}
	}
	switch rejected := m.Rejected != nil && m.Rejected.Revision == processes[0].Revision(); {
	case rejected && m.Good != nil:
		processes, d.Fallback = m.Good.Processes(), true
		d.Manifest = m.Good.Manifest.Scaled(d.Settings.Scale)
		if !m.Good.Runs() {
			return d
		}
	case rejected && m.Rejected.Command: // it is not run again by itself: who knows how far it came
		d.Problem = m.Rejected.Why + "; it is tried again by " + shell.Command("nexushub start", d.Name)
		return d
	}
	d.Run(processes)
	if len(d.Spec.Before) > 0 && !d.Fallback && !m.HasReleased(d.Spec) {
		before := units.ReleaseCommand(d.Spec)
		d.Before = &before
	}
	return d
}
