package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/agent/ports"
	"github.com/nexushub/nexushub/units"
)

const (
	// routeLimit is how long a task waits for the proxy before it is planned again.
	routeLimit = 10 * time.Second
	// unrouteLimit is how long a stop waits for the proxy: it must not block for ever.
	unrouteLimit = 3 * time.Second
	// linesLimit is how long the last lines of a log are waited for.
	linesLimit = 5 * time.Second
	// journalLag is how long the journal may take to have what a process said last.
	journalLag = time.Second
)

var (
	// errNotByHand says that it was no operator who stopped a unit.
	errNotByHand = errors.New("not stopped by an operator")
	// errStopping says that it stops because NexusHub or the host does.
	errStopping = fmt.Errorf("%w", errNotByHand)
)

// executor takes the steps that the plan names. It keeps no state of its own.
type executor struct {
	units   Units
	proxy   Proxy
	journal Journal
	router  *router
	ports   *ports.Allocator

	databases Databases

	drain  time.Duration
	envDir string
	secret string
	// slots bound the jobs in PID 1's hands by what the CPUs can do: more at once would
	// only wait there, and a replacement or a stop would wait behind them.
	slots chan struct{}
	saved func() error // returns when what is remembered of instances is on disk
	envs  sync.Mutex   // held while an environment file is written, which all parts of an instance need
	log   *slog.Logger
}

// result is how a task went, and what its unit looks like afterwards.
type result struct {
	task        plan.Task
	err         error
	lines       []string // Reject: the end of the unit's log
	took        time.Duration
	inspectedAt time.Time // when its unit was asked about afterwards; zero: it was not
	status      units.Status
	inspectErr  error
	fromSignals bool // status is what the signals told, PID 1 was not asked
}

func newExecutor(o Options, r *router, p *ports.Allocator, log *slog.Logger) *executor {
	return &executor{
		units: o.Units, proxy: o.Proxy, journal: o.Journal, router: r, ports: p, log: log,
		databases: o.Databases,
		drain:     o.Config.Proxy.DrainTimeout.Std(), envDir: filepath.Join(o.Config.RunDir, "env"),
		secret: o.Secret, slots: make(chan struct{}, max(8, 4*runtime.GOMAXPROCS(0))),
	}
}

func (e *executor) run(ctx context.Context, t plan.Task, generation uint64) result {
	began := time.Now()
	r := result{task: t}
	switch t.Action {
	case plan.Verify:
		r.err = e.verify(ctx, t.Unit)
	case plan.Route:
		r.err = e.awaitRoutes(ctx, generation, routeLimit)
	case plan.Unroute:
		r.err = e.unroute(ctx, t, generation)
	case plan.Drain:
		r.err = e.drainUnit(ctx, t)
	case plan.Kill:
		r.err = e.units.End(ctx, t.Unit)
	case plan.Reset:
		r.err = e.units.ResetFailed(ctx, t.Unit)
	case plan.Release:
		r.err = e.release(ctx, t)
	case plan.Reject:
		r.lines = e.lastLines(ctx, t.Unit, t.Run)
	case plan.Start, plan.Stop, plan.Restart:
		r.err = e.job(ctx, t)
	}
	if t.Action.ChangesUnit() {
		e.inspect(ctx, &r)
	}
	r.took = time.Since(began)
	return r
}

// inspect asks about the unit after the task. After a start it does not ask PID 1, which is
// busiest then: the application could be probed meanwhile.
func (e *executor) inspect(ctx context.Context, r *result) {
	r.inspectedAt = time.Now()
	if r.task.Action == plan.Start && r.err == nil {
		if place, err := e.placement(r.task); err == nil {
			if r.status, r.fromSignals = e.units.Started(r.task.Spec, place); r.fromSignals {
				return
			}
		}
	}
	r.status, r.inspectErr = e.units.Get(ctx, r.task.Unit)
}

// job hands one job to PID 1, which gets a bounded number of them at a time.
func (e *executor) job(ctx context.Context, t plan.Task) error {
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	switch t.Action {
	case plan.Start:
		return e.start(ctx, t)
	case plan.Restart:
		return e.units.Restart(ctx, t.Unit)
	}
	return e.stop(ctx, t.Unit)
}

func (e *executor) start(ctx context.Context, t plan.Task) error {
	if err := e.writeEnv(t.Instance); err != nil {
		return err
	}
	if err := e.provide(ctx, t.Spec); err != nil {
		return err
	}
	place, err := e.placement(t)
	if err != nil {
		return err
	}
	return e.units.Start(ctx, t.Spec, place)
}

// release lets the release command of a revision begin. One that is there already has begun.
func (e *executor) release(ctx context.Context, t plan.Task) error {
	if err := e.writeEnv(t.Instance); err != nil {
		return err
	}
	if err := e.provide(ctx, t.Spec); err != nil {
		return err
	}
	command := units.ReleaseCommand(t.Spec)
	command.Resolvers = e.resolversFor(t.Spec)
	if err := e.units.Begin(ctx, command); !errors.Is(err, units.ErrUnitExists) {
		return err
	}
	return nil
}

// placement gives a unit the port it keeps until it is gone.
func (e *executor) placement(t plan.Task) (place units.Placement, err error) {
	if t.Spec.NeedsPort() {
		place.Port, err = e.ports.Take(t.Unit)
	}
	place.Resolvers = e.resolversFor(t.Spec)
	return place, err
}

// tentativePlacement is where a unit that does not run could be tried by hand, with the files
// that its line names.
func (e *executor) tentativePlacement(d plan.Desired) (place units.Placement, err error) {
	if err := e.writeEnv(d.ID); err != nil {
		return place, err
	}
	if d.Spec.NeedsPort() {
		place.Port, err = e.ports.Look(d.Unit)
	}
	place.Resolvers = e.resolversFor(d.Spec)
	return place, err
}

// stop also resets a unit that failed, so that nothing is left of it.
func (e *executor) stop(ctx context.Context, unit string) error {
	if units.IsOnce(unit) { // its result is nowhere else until what is remembered is on disk
		if err := e.saved(); err != nil {
			return err
		}
		return e.units.Discard(ctx, unit, true)
	}
	if err := e.units.Stop(ctx, unit); err != nil && !gone(err) {
		return err
	}
	if s, err := e.units.Get(ctx, unit); err == nil && s.ActiveState == "failed" {
		return e.units.ResetFailed(ctx, unit)
	}
	return nil
}

func (e *executor) awaitRoutes(ctx context.Context, generation uint64, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return e.router.wait(ctx, generation)
}

// unroute continues without the proxy's confirmation: a proxy that is down routes nothing.
func (e *executor) unroute(ctx context.Context, t plan.Task, generation uint64) error {
	if err := e.awaitRoutes(ctx, generation, unrouteLimit); err != nil {
		e.log.Warn("stopping although the proxy did not confirm", "app", t.Name, "instance", t.Instance, "error", err)
	}
	return ctx.Err()
}

// drainUnit waits for the requests in flight. A proxy that is down has none.
func (e *executor) drainUnit(ctx context.Context, t plan.Task) error {
	ctx, cancel := context.WithTimeout(ctx, e.drain+5*time.Second)
	defer cancel()
	res, err := e.proxy.Drain(ctx, t.Unit, e.drain)
	switch {
	case err != nil:
		e.log.Warn("cannot drain", "app", t.Name, "unit", t.Unit, "error", err)
	case res.TimedOut:
		e.log.Warn("requests were still in flight at the drain deadline", "app", t.Name, "unit", t.Unit,
			"in_flight", res.InFlight, "deadline", e.drain)
	}
	return nil
}

// verify finds out why a unit is gone: an operator's systemctl stop, or the shutdown
// of the whole of NexusHub or the host, which says nothing about one application.
func (e *executor) verify(ctx context.Context, unit string) error {
	s, err := e.units.Get(ctx, unit)
	if err != nil && !gone(err) {
		return err
	}
	if err == nil && !s.Ended() {
		return fmt.Errorf("%w: it is back", errNotByHand)
	}
	for _, ours := range []string{"nexushub.target", "nexushubd.service"} {
		s, err := e.units.Get(ctx, ours)
		if err == nil && s.LoadState == "loaded" && (s.Job != "" || s.ActiveState == "deactivating") {
			return fmt.Errorf("%w: %s is being stopped", errStopping, ours)
		}
	}
	return nil
}

// lastLines is what a run said last. Where it has said nothing so far, the journal is asked once more.
func (e *executor) lastLines(ctx context.Context, unit, run string) (lines []string) {
	if run == "" {
		return nil
	}
	if run == plan.LatestRun {
		run = ""
	}
	ctx, cancel := context.WithTimeout(ctx, linesLimit)
	defer cancel()
	lines, err := e.journal.LastLines(ctx, unit, run)
	if err == nil && len(lines) == 0 {
		select {
		case <-time.After(journalLag):
			lines, err = e.journal.LastLines(ctx, unit, run)
		case <-ctx.Done():
		}
	}
	if err != nil {
		e.log.Warn("cannot read the last log lines", "unit", unit, "error", err)
	}
	return lines
}

// writeEnv puts the internal secret where only root and the application get it. The
// file is on tmpfs, so there is nothing to sync.
func (e *executor) writeEnv(instance string) error {
	e.envs.Lock()
	defer e.envs.Unlock()
	path := filepath.Join(e.envDir, instance+".env")
	content := []byte("INTERNAL_SECRET=" + e.secret + "\n")
	if old, err := os.ReadFile(path); err == nil && string(old) == string(content) {
		return nil
	}
	if err := os.MkdirAll(e.envDir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// environments are the instances that have an environment file.
func (e *executor) environments() (ids []string) {
	entries, err := os.ReadDir(e.envDir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		e.log.Warn("cannot list the environment files", "error", err)
	}
	for _, entry := range entries {
		if id, ok := strings.CutSuffix(entry.Name(), ".env"); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// forget removes the environment file of an instance that is gone.
func (e *executor) forget(instance string) {
	if err := os.Remove(filepath.Join(e.envDir, instance+".env")); err != nil && !errors.Is(err, os.ErrNotExist) {
		e.log.Warn("cannot remove the environment file", "instance", instance, "error", err)
	}
}
