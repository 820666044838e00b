package main

import (
	"context"
	"slices"
	"time"

	"github.com/nexushub/nexushub/internal/apiserver"
)

// sweepEvery is how often releases that nobody needs are removed.
const sweepEvery = 10 * time.Minute

// run runs all parts until ctx ends or one of them fails. First those stop that take
// orders, then the reconciler, which finishes the task in hand, then what it needs.
func (d *daemon) run(ctx context.Context) error {
	n := newNotifier(d.log)
	if len(d.conf.Unusable) > 0 { // stays in STATUS until a reload finds none
		remark := "started without files of apps.d that have faults: nexushub verify"
		n.remark.Store(&remark)
	}
	ctx = n.Stopping(ctx, "finishing the current task; applications keep running")
	return runStages(ctx,
		[]actor{
			{"control API", func(ctx context.Context) error { return d.control.Run(ctx, d.sockets["api"]) }},
			{"debug API", d.serveProxied},
			{"uploads", d.uploads.Run},
			{"builds", d.builds.Run},
			{"debug applications", d.debug.Run},
			{"deployed applications", d.deployed.Run},
			{"metrics", d.metrics.run},
			{"notifier", func(ctx context.Context) error { return n.run(ctx, d.agent) }},
			{"reload", func(ctx context.Context) error { return d.runReload(ctx, n) }},
			{"sweep", d.runSweep},
			{"figures", d.agent.RunFigures},
			{"admin provider", d.runAdmin},
		},
		[]actor{{"agent", d.agent.Run}},
		[]actor{{"systemd", d.units.Run}, {"journal", d.journal.Run}},
	)
}

// serveProxied serves the APIs to who comes through the proxy.
func (d *daemon) serveProxied(ctx context.Context) error {
	return apiserver.Serve(ctx, d.sockets["debug"], d.proxied, d.log)
}

// runSweep removes releases that neither run nor could be gone back to.
func (d *daemon) runSweep(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-d.deployed.Gone():
		case <-d.debug.Gone():
		}
		d.sweep()
	}
}

func (d *daemon) sweep() {
	inUse, complete := d.agent.ReleasesInUse()
	if !complete {
		return
	}
	for _, hash := range slices.Concat(d.deployed.ReleasesInUse(), d.debug.ReleasesInUse()) {
		inUse[hash] = true
	}
	removed, err := d.releases.Sweep(inUse)
	if len(removed) > 0 {
		d.log.Info("unused releases were removed", "releases", removed)
	}
	if err != nil {
		d.log.Error("unused releases could not be removed", "error", err)
	}
}
