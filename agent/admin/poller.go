// Package admin follows the admin service: the source of dynamic applications. It
// fetches the whole list at first and whenever the service says that there is news.
// Silence, errors and half answers are never taken for news.
package admin

import (
	"context"
	"log/slog"
	"time"
)

// The pace that the admin application may count on.
const (
	firstTries  = 5
	firstPause  = 2 * time.Second
	manyErrors  = 10
	slowFactor  = 3
	heldAtLeast = time.Second // an answer that took longer was held, so ask again at once
	maxFaults   = 10          // of one answer in the log
)

// Service is the admin service, see Client.
type Service interface {
	Applications(ctx context.Context) (List, error)
	Poll(ctx context.Context, event int64) (latest int64, news bool, err error)
}

// Poller keeps its owner's list up to date.
type Poller struct {
	Service  Service
	Interval time.Duration
	// Deliver takes a list over. False: not yet, it is to be fetched again next time.
	Deliver func(List) bool
	// Report tells after every attempt how it went.
	Report func(err error)
	Log    *slog.Logger

	event  int64 // the last one whose list was applied
	again  bool  // the list is to be fetched whatever the poll says
	errors int   // in a row
}

// Run polls until ctx ends.
func (p *Poller) Run(ctx context.Context) error {
	p.again = true
	for pause, n := firstPause, 1; n <= firstTries && ctx.Err() == nil; pause, n = 2*pause, n+1 {
		if err := p.fetch(ctx); err == nil {
			break
		} else if p.note(ctx, err); n < firstTries {
			sleep(ctx, pause)
		}
	}
	for ctx.Err() == nil {
		sleep(ctx, p.pause(p.round(ctx)))
	}
	return nil
}

// round polls once. It reports whether the server held the request.
func (p *Poller) round(ctx context.Context) (held bool) {
	began := time.Now()
	latest, news, err := p.Service.Poll(ctx, p.event)
	held = err == nil && time.Since(began) >= heldAtLeast
	if err == nil && (news || p.again) {
		p.again = true
		if err = p.fetch(ctx); err == nil && !p.again {
			p.event = latest
		}
		held = held && !p.again
	}
	p.note(ctx, err)
	return held
}

// fetch gets the list and hands it over.
func (p *Poller) fetch(ctx context.Context) error {
	list, err := p.Service.Applications(ctx)
	if err != nil {
		return err
	}
	for _, fault := range list.Faults[:min(len(list.Faults), maxFaults)] {
		p.Log.Warn("admin service: entry left out, and nothing is removed by this answer", "error", fault,
			"faults", len(list.Faults))
	}
	p.again = !p.Deliver(list)
	return nil
}

func (p *Poller) pause(held bool) time.Duration {
	switch {
	case held:
		return 0
	case p.errors >= manyErrors:
		return slowFactor * p.Interval
	}
	return p.Interval
}

// note counts errors and says only what is new.
func (p *Poller) note(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	p.Report(err)
	switch {
	case err == nil && p.errors > 0:
		p.Log.Info("admin service answers again", "errors", p.errors)
		p.errors = 0
	case err != nil:
		p.errors++
		if p.errors == 1 || p.errors == manyErrors {
			p.Log.Warn("admin service is not available; the last good list stays in force", "errors", p.errors, "error", err)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
