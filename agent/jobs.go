package agent

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"reflect"
	"sync"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/units"
)

const (
	// jobsAgain is how soon something is tried again that failed, and jobsLast how late after many times.
	jobsAgain = 30 * time.Second
	jobsLast  = 30 * time.Minute
	// jobsAtOnce bounds the units of jobs in PID 1's hands.
	jobsAtOnce = 8
	// lookShare bounds the share of time that looking takes to one part in five: a look after each of a
	// thousand steps would cost more than the steps.
	lookShare = 4
)

// jobKeeper keeps the jobs of all applications equal to what their manifests say. It is a reconciler
// of its own, so that no application waits for a job, nor a job for another: PID 1 runs them by the
// clock, whether the agent is there or not.
type jobKeeper struct {
	units   Units
	journal Journal
	saver   *saver
	log     *slog.Logger
	prepare func(instance string) error // what a job needs in order to run

	wake  chan struct{} // capacity 1: look again
	done  chan jobDone
	runs  chan *jobRun
	slots chan struct{}

	mu      sync.Mutex // guards the fields that follow
	wanted  map[string]plan.Jobs
	partial map[string]bool
	ready   bool                        // both are known
	seen    map[string]units.OnceStatus // by unit, like those that follow
	records map[string]*plan.JobRecord  // of those that ran
	faults  map[string]jobFault         // why one could not be made
	busy    map[string]bool             // in hand
	asked   map[string]bool             // the journal was asked about it
}

// jobDone says that a unit is in hand no longer.
type jobDone struct {
	unit       string
	definition string // of what was tried; empty: a run
	err        error
}

// jobFault keeps what failed from being tried again at once.
type jobFault struct {
	err        error
	n          int // times in a row
	until      time.Time
	definition string // that failed
}

// newJobKeeper reads the records, which are kept on disk.
func newJobKeeper(o Options, e *executor, s *saver) (*jobKeeper, error) {
	k := &jobKeeper{
		units: o.Units, journal: o.Journal, saver: s, log: o.Log, prepare: e.writeEnv,
		wake: make(chan struct{}, 1), done: make(chan jobDone), runs: make(chan *jobRun),
		slots: make(chan struct{}, jobsAtOnce), seen: map[string]units.OnceStatus{},
		records: map[string]*plan.JobRecord{}, faults: map[string]jobFault{}, busy: map[string]bool{},
		asked: map[string]bool{},
	}
	_, err := o.State.Load(jobsFile, &k.records)
	maps.DeleteFunc(k.records, func(_ string, r *plan.JobRecord) bool { return r == nil })
	return k, err
}

// want says after a pass of the reconciler which jobs there should be, by instance. It reports whether
// that is news.
func (k *jobKeeper) want(wanted map[string]plan.Jobs, partial map[string]bool) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ready && reflect.DeepEqual(wanted, k.wanted) && maps.Equal(partial, k.partial) {
		return false
	}
	k.wanted, k.partial, k.ready = wanted, maps.Clone(partial), true
	signal(k.wake)
	return true
}

// Run keeps them until ctx ends.
func (k *jobKeeper) Run(ctx context.Context) error {
	var hands sync.WaitGroup
	defer hands.Wait()
	next := time.NewTimer(resyncEvery)
	defer next.Stop()
	var waiting []*jobRun
	var took time.Duration
	for {
		waiting, _ = k.takeIn(ctx, next.C, waiting)
		for rest, more := time.After(lookShare*took), true; more; {
			waiting, more = k.takeIn(ctx, rest, waiting)
		}
		if ctx.Err() != nil {
			return nil
		}
		began := time.Now()
		var again time.Duration
		waiting, again = k.look(ctx, &hands, waiting)
		took = time.Since(began)
		next.Reset(again)
	}
}

// takeIn waits for one thing to happen and takes it in. There is no more when until or ctx is over.
func (k *jobKeeper) takeIn(ctx context.Context, until <-chan time.Time, waiting []*jobRun) (_ []*jobRun, more bool) {
	select {
	case <-ctx.Done():
		return waiting, false
	case <-until:
		return waiting, false
	case d := <-k.done:
		k.finish(d)
	case r := <-k.runs:
		waiting = append(waiting, r)
	case <-k.wake:
	}
	return waiting, true
}

// look compares what there is with what there should be, and takes the steps in hand that are due. It
// returns the runs that have to wait for one of them, and after how long to look again.
func (k *jobKeeper) look(ctx context.Context, hands *sync.WaitGroup, waiting []*jobRun) ([]*jobRun, time.Duration) {
	asked := time.Now()
	list, err := k.units.Onces(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		k.log.Warn("cannot ask systemd for the jobs", "error", err)
		return waiting, jobsAgain
	}
	if !k.ready {
		return waiting, resyncEvery
	}
	now := time.Now()
	k.observe(list)
	if unknown := k.unknown(); len(unknown) > 0 {
		hands.Go(func() { k.recall(ctx, unknown, asked) })
	}
	tasks, again := plan.PlanJobs(k.wanted, list, k.partial, now)
	for _, t := range tasks {
		f := k.faults[t.Unit]
		if !k.busy[t.Unit] && (!f.until.After(now) || f.definition != t.Once.Definition()) {
			k.take(ctx, hands, t.Unit, func() (string, error) { return t.Once.Definition(), k.execute(ctx, t) })
		}
	}
	var left []*jobRun
	for _, r := range waiting {
		switch unit := r.once.UnitName(); {
		case r.ctx.Err() != nil:
		case k.busy[unit]:
			left = append(left, r)
		default:
			before := k.seen[unit].Invocation
			k.take(ctx, hands, unit, func() (string, error) { r.begin(k, before); return "", nil })
		}
	}
	return left, k.next(again, now)
}

// next is after how long to look again. The caller holds mu.
func (k *jobKeeper) next(again, now time.Time) time.Duration {
	next := now.Add(resyncEvery)
	earliest := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	earliest(again)
	for _, f := range k.faults {
		earliest(f.until)
	}
	return next.Sub(now)
}

// observe takes in what PID 1 says: which runs have ended. The caller holds mu.
func (k *jobKeeper) observe(list []units.OnceStatus) {
	clear(k.seen)
	for _, s := range list {
		if s.JobName == "" {
			continue
		}
		k.seen[s.Unit] = s
		if run, ended := plan.EndOf(s); ended {
			k.record(s.Unit, s.Instance, s.JobName, run, (*plan.JobRecord).See)
		}
	}
	k.forget()
}

// record remembers a run, if see says that it is news. The caller holds mu.
func (k *jobKeeper) record(unit, instance, job string, run plan.JobRun, see func(*plan.JobRecord, plan.JobRun) bool) {
	r := k.records[unit]
	if r == nil {
		r = &plan.JobRecord{Instance: instance, Job: job}
		k.records[unit] = r
	}
	if !see(r, run) {
		return
	}
	if !run.Succeeded() {
		k.log.Warn("job failed", "instance", instance, "job", job, "unit", unit, "result", run.Text())
	}
	k.save()
}

// forget drops what is known of jobs that are gone. The caller holds mu.
func (k *jobKeeper) forget() {
	k.forgetTries()
	for _, waits := range k.partial {
		if waits {
			return
		}
	}
	n := len(k.records)
	maps.DeleteFunc(k.records, func(unit string, r *plan.JobRecord) bool {
		of, listed := k.wanted[r.Instance]
		_, there := k.seen[unit]
		return !there && !of.Has(unit) && (!listed || !of.Kept && !of.Stopped)
	})
	if len(k.records) != n {
		k.save()
	}
}

// forgetTries drops what was tried of jobs that are gone: it costs little should one come back.
func (k *jobKeeper) forgetTries() {
	wanted := map[string]bool{}
	for _, jobs := range k.wanted {
		for _, o := range jobs.List {
			wanted[o.UnitName()] = true
		}
	}
	gone := func(unit string) bool {
		_, there := k.seen[unit]
		return !there && !wanted[unit] && !k.busy[unit]
	}
	maps.DeleteFunc(k.asked, func(unit string, _ bool) bool { return gone(unit) })
	maps.DeleteFunc(k.faults, func(unit string, _ jobFault) bool { return gone(unit) })
}

func (k *jobKeeper) save() {
	all := make(map[string]plan.JobRecord, len(k.records))
	for unit, r := range k.records {
		all[unit] = *r
	}
	k.saver.save(jobsFile, all)
}

// take works on one unit, apart from the loop. The caller holds mu.
func (k *jobKeeper) take(ctx context.Context, hands *sync.WaitGroup, unit string,
	work func() (definition string, err error)) {
	k.busy[unit] = true
	hands.Go(func() {
		k.slots <- struct{}{}
		definition, err := work()
		<-k.slots
		select {
		case k.done <- jobDone{unit, definition, err}:
		case <-ctx.Done():
		}
	})
}

func (k *jobKeeper) finish(d jobDone) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.busy, d.unit)
	if d.definition == "" { // a run by hand, which says nothing of its timer
		return
	}
	f := k.faults[d.unit]
	delete(k.faults, d.unit)
	if d.err != nil {
		pause := min(jobsAgain<<min(f.n, 10), jobsLast)
		k.faults[d.unit] = jobFault{d.err, f.n + 1, time.Now().Add(pause), d.definition}
	}
}

// execute takes one step.
func (k *jobKeeper) execute(ctx context.Context, t plan.JobTask) error {
	err := k.step(ctx, t)
	attrs := []any{"action", t.Action.String(), "instance", t.Of, "unit", t.Unit, "reason", t.Reason}
	switch {
	case errors.Is(err, units.ErrUnitExists) && t.Action != plan.Schedule: // it has just begun to run
		return nil
	case err != nil:
		k.log.Error("job cannot be kept as its manifest says", append(attrs, "error", err)...)
	default:
		k.log.Info("job task done", attrs...)
	}
	return err
}

func (k *jobKeeper) step(ctx context.Context, t plan.JobTask) error {
	if t.Action == plan.Discard {
		return k.units.Discard(ctx, t.Unit, t.Kill)
	}
	if err := k.prepare(t.Once.Spec.Instance); err != nil {
		return err
	}
	if t.Action == plan.Replace {
		if err := k.units.Discard(ctx, t.Unit, false); err != nil {
			return err
		}
	}
	return k.units.Schedule(ctx, t.Once)
}
