package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/agent/ifmatch"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/agent/secret"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/nearest"
	"github.com/nexushub/nexushub/internal/problem"
	"github.com/nexushub/nexushub/internal/shell"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// Settings are what an operator says of an application by command, and what holds.
func (a *Agent) Settings(nameOrID string) (api.Settings, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d, err := a.find(nameOrID)
	if err != nil {
		return api.Settings{}, err
	}
	m := a.observed.memory(d.ID)
	out := shown(m.Settings)
	out.Effective, out.Stopped = a.effective(d), d.Stopped
	if d.Fallback && m.Rejected != nil {
		out.GivenUp = m.Rejected.Why
	}
	out.Withheld = withheld(d)
	return out, nil
}

// shown are settings as callers see them.
func shown(set plan.Settings) api.Settings {
	out := api.Settings{Env: map[string]string{}, Limits: api.Limits{CPU: set.Limits.CPU, Tasks: set.Limits.Tasks},
		Access: set.Access, Roles: set.Roles, Scale: maps.Clone(set.Scale)}
	maps.Copy(out.Env, set.Env)
	if set.Limits.Memory != 0 {
		out.Limits.Memory = set.Limits.Memory.String()
	}
	return out
}

// ChangeSettings applies a JSON merge patch. It returns when the application serves with the
// settings that it makes, or has given them up; one that is stopped takes them up when it starts.
func (a *Agent) ChangeSettings(ctx context.Context, nameOrID string, patch []byte) (api.Settings, error) {
	var widened []string
	wait := func(ctx context.Context, id string) (api.App, error) { return a.WaitSettled(ctx, id, "") }
	id, err := a.changeForGood(nameOrID, func(d *plan.Desired, m *plan.Memory) error {
		if err := ifmatch.Check(ctx, shown(m.Settings)); err != nil {
			return err
		}
		next, asked, err := a.nextSettings(d, m.Settings, patch)
		if err == nil {
			next = next.Signed(asked, caller.Of(ctx).Installer)
			err = a.mayChange(ctx, d, m.Settings, next)
		}
		if err != nil {
			return err
		}
		widened = a.widening(d, d.Release, next)
		a.log.Info("settings changed", "instance", d.ID, "app", d.Name, "by", string(caller.Of(ctx).Installer),
			"changed", next.Changes(m.Settings), "widened", widened)
		if next.OnlyScales(m.Settings) { // which is no reason to try again what failed
			wait = a.waitScaled
		} else {
			m.Rejected = nil
			a.forgive(d.ID)
		}
		m.Settings = next
		a.desired.version++
		return nil
	})
	if err != nil {
		return api.Settings{}, err
	}
	a.requestResolve()
	v, err := wait(ctx, id)
	switch {
	case errors.Is(err, api.NotRunning):
	case errors.Is(err, api.Failed) && v.Error != "": // it has the last lines, too
		return api.Settings{}, fmt.Errorf("%s: %s: %w", v.Name, v.Error, api.Failed)
	case err != nil:
		return api.Settings{}, err
	}
	out, failed := a.Settings(id)
	if out.Widened = widened; err != nil {
		out.Stopped = v.Why
	}
	return out, failed
}

// mayChange leaves to operators what narrows an application: who deploys it must not undo that.
// Variables are for who gets the secrets. The caller holds mu.
func (a *Agent) mayChange(ctx context.Context, d *plan.Desired, before, after plan.Settings) error {
	who := caller.Of(ctx)
	if !who.Known() { // nobody whom a door let in: the agent itself
		return nil
	}
	if !maps.Equal(before.Env, after.Env) || !maps.Equal(before.SetBy, after.SetBy) {
		if err := a.admitVariables(d, Admission{By: who.Installer, Name: who.Token}); err != nil {
			return err
		}
	}
	if who.Role.Includes(api.Operator) {
		return nil
	}
	after.Env = before.Env
	if names := after.Changes(before); len(names) > 0 {
		return fmt.Errorf("this would change %s, which needs the role %s: %w", strings.Join(names, ", "), api.Operator,
			api.Forbidden)
	}
	return nil
}

// nextSettings are those that a patch makes of before, and what it asks for. The caller holds mu.
func (a *Agent) nextSettings(
	d *plan.Desired, before plan.Settings, patch []byte,
) (next, asked plan.Settings, err error) {
	next, asked, faults := before.Patched(patch)
	switch {
	case d.Kind == plan.KindStatic:
		return before, asked, a.setInFile(d, asked)
	case d.Adopted, d.AsItRuns:
		return before, asked, fmt.Errorf("%s runs on from before its state was lost; deploy it again before its settings are changed: %w",
			d.Name, api.Conflict)
	}
	faults = append(faults, a.desired.config.Ceiling().Excesses("", asked.Manifest())...)
	faults = append(faults, a.servicesNeedAreas(d.ID, asked)...)
	faults = append(faults, a.faultsOfScale(d, asked, next)...)
	secrets, err := a.faultsOfSecrets(d, asked)
	if err != nil {
		return before, asked, err
	}
	return next, asked, settingsFault(append(faults, secrets...))
}

// withheld says of each variable that is not given why, and what to do. It names no secret.
func withheld(d *plan.Desired) (list []string) {
	for _, name := range d.Withheld {
		list = append(list, fmt.Sprintf("variable %s is not given to the application: it was set by %s, who does not get all "+
			"of its secrets, and could send them elsewhere; who does get them sets it again (%s) or unsets it (%s)",
			name, d.Settings.SetBy[name], shell.Command("nexushub config set", d.Name, name+"=VALUE"),
			shell.Command("nexushub config unset", d.Name, name)))
	}
	return list
}

// AdmitRemoval refuses who may not take back what is set of an application: that would be gone with
// it, and the next application of its name would be without.
func (p Provider) AdmitRemoval(ctx context.Context, id, name string) error {
	who := caller.Of(ctx)
	if !who.Known() || who.Role.Includes(api.Operator) {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.observed.known(id).memory
	if m == nil {
		return nil
	}
	set := m.Settings
	set.Env = nil // developers set variables, too
	names := set.Changes(plan.Settings{})
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("an operator has set %s of %s, which would be gone with it, so removing it needs the role %s; "+
		"nothing was removed: %w", strings.Join(names, ", "), name, api.Operator, api.Forbidden)
}

// setInFile says where the settings of a static application are.
func (a *Agent) setInFile(d *plan.Desired, asked plan.Settings) error {
	keys := "env, limits, access and replicas"
	if names := asked.Changes(plan.Settings{}); len(names) > 0 {
		for i, name := range names {
			names[i] = keyInFile(name)
		}
		keys = strings.Join(names, ", ")
	}
	return fmt.Errorf("%s is static: write %s into %s and run systemctl reload nexushubd: %w", d.Name, keys, a.fileOf(d.ID), api.Conflict)
}

// keyInFile is the key for what a change of settings names.
func keyInFile(change string) string {
	kind, name, _ := strings.Cut(change, " ")
	switch kind {
	case "config":
		return "env." + name
	case "limits":
		return "limits." + name
	case "scale":
		return manifest.KeyOf(name) + "replicas"
	}
	return change
}

// FileOf is where a static application is described.
func (a *Agent) FileOf(id string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.fileOf(id)
}

// fileOf is FileOf. The caller holds mu.
func (a *Agent) fileOf(id string) string {
	apps := a.desired.config.Apps
	i := slices.IndexFunc(apps, func(c config.App) bool { return c.InstanceID == id })
	if i < 0 || apps[i].File == "" {
		return "its file in apps.d"
	}
	return apps[i].File
}

// servicesNeedAreas refuses to open or close the login and the admin application, see guardServices.
func (a *Agent) servicesNeedAreas(id string, asked plan.Settings) (faults tomlfile.Faults) {
	if c := a.desired.config; !asked.Manifest().HasAreas() && (id == c.LoginInstance || id == c.AdminInstance) {
		faults = append(faults, tomlfile.Fault{Key: "access", Problem: servicesNeedAreas})
	}
	return faults
}

// faultsOfScale are numbers of replicas of processes that the application does not have, and more
// than the host gives to all of them together.
func (a *Agent) faultsOfScale(d *plan.Desired, asked, next plan.Settings) (faults tomlfile.Faults) {
	if len(asked.Scale) == 0 {
		return nil
	}
	m := a.with(d, d.Release, next)
	for _, process := range slices.Sorted(maps.Keys(asked.Scale)) {
		if !m.HasProcess(process) {
			faults = append(faults, tomlfile.Fault{Key: "scale." + process, Problem: noProcess(process, m.ProcessNames())})
		}
	}
	most := manifest.Ceiling{Replicas: a.desired.config.Ceiling().Replicas}
	for _, fault := range most.Excesses("", m) {
		faults = append(faults, tomlfile.Fault{Key: "scale", Problem: fault.Problem})
	}
	return faults
}

// noProcess says which there are, and which was perhaps meant.
func noProcess(process string, there []string) string {
	text := "is no process of the application, which has " + strings.Join(there, ", ")
	if i := nearest.Index(process, there); i >= 0 {
		text += fmt.Sprintf(" (did you mean %q?)", there[i])
	}
	return text
}

// faultsOfSecrets are variables that would be hidden by a secret of the same name.
func (a *Agent) faultsOfSecrets(d *plan.Desired, asked plan.Settings) (faults tomlfile.Faults, err error) {
	list, err := a.vault.List(d.ID)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		if _, taken := asked.Env[s.Name]; taken && s.Kind == secret.Env {
			faults = append(faults, tomlfile.Fault{Key: "env." + s.Name,
				Problem: "is the name of a secret of the application, which would hide it"})
		}
	}
	return faults, nil
}

// settingsFault is the answer to a patch; it holds no value.
func settingsFault(faults tomlfile.Faults) error {
	if len(faults) == 0 {
		return nil
	}
	out := &api.Fault{Code: api.Invalid, Detail: strings.TrimPrefix(faults[0].Key+": "+faults[0].Problem, ": ")}
	for _, f := range faults {
		pointer := ""
		if f.Key != "" {
			pointer = "/" + strings.Replace(f.Key, ".", "/", 1)
		}
		out.Faults = append(out.Faults, problem.Fault{Pointer: pointer, Detail: f.Problem})
	}
	return out
}

// widening is what a release with these settings gives an application that it did not have: with
// what served last, or with what is wanted. The caller holds mu.
func (a *Agent) widening(d *plan.Desired, rel fact.Release, s plan.Settings) []string {
	before := plan.Effective(d.Layers)
	if m := a.observed.memory(d.ID); m.Good != nil {
		before = m.Good.Manifest.Scaled(m.Settings.Scale)
	}
	return manifest.Widening(before, a.with(d, rel, s))
}

// with is how an application would run with another release or other settings. The caller holds mu.
func (a *Agent) with(d *plan.Desired, rel fact.Release, s plan.Settings) manifest.Manifest {
	in := d.Instance
	if d.Kind != plan.KindStatic {
		in.Manifest = s.Replicas(rel.Asks()).Over(s.Manifest())
	}
	return plan.Effective(plan.Layers(in, rel, a.desired.config.Defaults))
}

// Widening is what a release would give an application that it does not have.
func (p Provider) Widening(id string, rel fact.Release) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, err := p.find(id)
	if err != nil || d.Release.Hash == "" { // it had nothing
		return nil
	}
	return p.widening(d, rel, p.observed.memory(d.ID).Settings)
}

// effective is what holds of what settings can change, and who says so. The caller holds mu.
func (a *Agent) effective(d *plan.Desired) (out []api.Effective) {
	m, c := plan.Effective(d.Layers), a.desired.config.Ceiling()
	add := func(key, value, most string, says func(manifest.Manifest) bool) {
		out = append(out, api.Effective{Key: key, Value: value, From: plan.From(d.Layers, says), Most: most})
	}
	for _, name := range slices.Sorted(maps.Keys(m.Env)) {
		add("env."+name, m.Env[name], "", func(l manifest.Manifest) bool { _, ok := l.Env[name]; return ok })
	}
	add("limits.memory", m.Limits.Memory.String(), limit(int(c.Memory), c.Memory.String()),
		func(l manifest.Manifest) bool { return l.Limits.Memory != 0 })
	add("limits.cpu", number(m.Limits.CPU), number(c.CPU), func(l manifest.Manifest) bool { return l.Limits.CPU != 0 })
	add("limits.tasks", number(m.Limits.Tasks), number(c.Tasks),
		func(l manifest.Manifest) bool { return l.Limits.Tasks != 0 })
	for _, process := range m.ProcessNames() {
		from := plan.From(d.Layers, func(l manifest.Manifest) bool {
			return process == manifest.Web && l.Replicas != 0 || l.Processes[process].Replicas != nil
		})
		out = append(out, api.Effective{Key: "scale." + process, Value: strconv.Itoa(m.ReplicasOf(process)),
			From: cmp.Or(from, plan.FromDefault), Most: number(c.Replicas)})
	}
	access := a.effectiveAccess(d)
	out = append(out, access)
	if access.Value == manifest.AccessPrivate {
		out = append(out, api.Effective{Key: "roles", Value: manifest.RolesInWords(m.Roles), From: access.From})
	}
	return out
}

func (a *Agent) effectiveAccess(d *plan.Desired) api.Effective {
	access := plan.Effective(d.Layers).Access
	if access != manifest.AccessPrivate && !a.desired.config.Policy.Open {
		return api.Effective{Key: "access", Value: manifest.AccessAreas, From: plan.FromPolicy}
	}
	return api.Effective{Key: "access", Value: access,
		From: plan.From(d.Layers, func(l manifest.Manifest) bool { return l.Access != "" })}
}

func number(n int) string { return limit(n, strconv.Itoa(n)) }

func limit(n int, text string) string {
	if n == 0 {
		return "none"
	}
	return text
}

// inheritSettings hands them on to an application that is not listed yet.
func (a *Agent) inheritSettings(from, to string) {
	a.mu.Lock()
	m := a.observed.known(from).memory
	if m == nil || m.Settings.Zero() {
		a.mu.Unlock()
		return
	}
	heir := a.observed.memory(to)
	heir.Settings, heir.Awaited = m.Settings, true
	a.saveMemories()
	a.mu.Unlock()
	a.saver.flush()
}

func (a *Agent) forgetAwaited(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := a.observed.instances[id]; i != nil && i.memory != nil && i.memory.Awaited {
		delete(a.observed.instances, id)
		a.saveMemories()
	}
}
