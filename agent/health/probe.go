package health

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
)

// The pace before the first success: an application is up within milliseconds, and
// every millisecond until that is noticed is a millisecond of waiting for its users.
const (
	firstPause = time.Millisecond / 2
	lastPause  = 250 * time.Millisecond
)

// Check says what to ask, where and how often.
type Check struct {
	Type     string // http, tcp
	Run      string // changes with every start of the process: a new run starts from nothing
	Network  string // tcp, unix
	Address  string
	Host     string // the Host header: the instance's own name
	Path     string
	Interval time.Duration
	Calm     time.Duration // instead of Interval as long as nothing is wrong; 0: Interval
	Timeout  time.Duration
	Relayed  bool // something in between accepts connections for it
	Failures int  // consecutive ones that make a healthy instance unhealthy

	Guessed bool   // nobody has chosen it: a well-known path that answers takes over
	Front   string // path of the front page, which is asked for once the instance is healthy; empty: it is not
}

// at is the check for another path.
func (c Check) at(path string) Check {
	c.Type, c.Path = "http", path
	return c
}

// asker asks one run of one unit, as often as it is told to.
type asker interface {
	once(ctx context.Context, c Check) Outcome
	close()
}

// probe follows one run of one unit.
type probe struct {
	check   Check
	ask     asker
	changed func()
	where   func() ([]netip.AddrPort, bool) // it listens; nil: nobody can tell

	mu     sync.Mutex // guards result
	result fact.Health
}

func (p *probe) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	pause := firstPause
	looker, stray := newLooker(p.check, p.ask.once), stray{where: p.where}
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		o := p.once(ctx)
		if p.current().State == fact.Unknown {
			o = looker.confirm(ctx, o)
		}
		if ctx.Err() != nil {
			return
		}
		state := p.note(o)
		if state == fact.Unknown {
			p.found(fact.Look{Elsewhere: stray.look(o, time.Now())})
			timer.Reset(pause)
			pause = min(pause*4/3, lastPause, p.check.Interval)
			continue
		}
		if seen := p.current().Look; seen.Elsewhere != "" { // it has come here since
			seen.Elsewhere = ""
			p.found(seen)
		}
		if state == fact.Healthy && !looker.over() {
			looker.look(ctx, p.current().Look, p.found)
		}
		timer.Reset(time.Until(slot(time.Now().Add(spread(p.pause())))))
	}
}

// pause is the time between two probes once it was healthy.
func (p *probe) pause() time.Duration {
	if p.check.Calm > 0 && p.current().Failures == 0 {
		return p.check.Calm
	}
	return p.check.Interval
}

// once probes, by the path that was found if there is one.
func (p *probe) once(ctx context.Context) Outcome {
	found := p.current().Look
	if found.Path == "" {
		return p.ask.once(ctx, p.check)
	}
	o := p.ask.once(ctx, p.check.at(found.Path))
	if absent(o) {
		found.Path = ""
		p.found(found)
		return p.ask.once(ctx, p.check)
	}
	return o
}

// found takes in what a look has found, and tells the owner.
func (p *probe) found(l fact.Look) {
	p.mu.Lock()
	before := p.result.Look
	p.result.Look = l
	p.mu.Unlock()
	if before != l {
		p.changed()
	}
}

// note takes the Outcome in and tells the owner when the state changed.
func (p *probe) note(o Outcome) fact.HealthState {
	p.mu.Lock()
	before := p.result.State
	p.result = following(p.result, o, time.Now(), p.check.Failures)
	after := p.result.State
	p.mu.Unlock()
	if before != after {
		p.changed()
	}
	return after
}

func (p *probe) current() fact.Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.result
}

// spread moves an interval by up to 5 %, so that applications started together are
// not probed together for ever.
func spread(d time.Duration) time.Duration {
	return d - d/20 + rand.N(d/10+1)
}

// slotLength is the grid on which probes of healthy applications happen: waking up
// once for several costs less than waking up for each.
const slotLength = 250 * time.Millisecond

// slot is the next moment on the grid.
func slot(t time.Time) time.Time { return t.Truncate(slotLength).Add(slotLength) }
