package debug

import (
	"context"
	"errors"
	"time"
)

const (
	sweepEvery = 30 * time.Second
	// activityGrace is how long the sweep waits for the proxy to say who was asked for
	// while the agent was away. After it only what is known counts.
	activityGrace = 5 * time.Minute
)

// sweep removes expired applications, and abandoned uploads of all kinds, until ctx ends.
func (s *Server) sweep(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return s.apps.flush()
		case now := <-tick.C:
			s.sweepOnce(ctx, now)
		}
	}
}

func (s *Server) sweepOnce(ctx context.Context, now time.Time) {
	informed := s.gather(ctx, now)
	if err := s.apps.flush(); err != nil {
		s.o.Log.Error("activity times could not be saved", "error", err)
	}
	if informed || now.Sub(s.started) > activityGrace {
		s.expire(ctx, now)
	}
	s.retryRemovals(ctx)
	removed, err := s.o.Uploads.Sweep(now)
	if err != nil {
		s.o.Log.Error("abandoned uploads could not be removed", "error", err)
	}
	for _, id := range removed {
		s.o.Log.Info("abandoned upload removed", "instance", id)
	}
}

// tidy is what is left of the sweep where nothing expires.
func (s *Server) tidy(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.retryRemovals(ctx)
		}
	}
}

// gather collects who was active: open log streams, and requests that the proxy counted.
// It reports whether the proxy answered.
func (s *Server) gather(ctx context.Context, now time.Time) (informed bool) {
	for _, id := range s.streams.watched() {
		s.note(id, now)
	}
	if s.o.Activity == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	last, err := s.o.Activity.LastRequests(ctx)
	if err != nil {
		s.o.Log.Debug("activity could not be read from the proxy", "error", err)
		return false
	}
	for id, at := range last {
		s.note(ID(id), at)
	}
	return true
}

// note takes an activity over and lets the agent show the new time of expiry. Ids of
// other kinds of instances are in no registry and change nothing.
func (s *Server) note(id ID, at time.Time) {
	if !s.apps.active(id, at) {
		return
	}
	s.put(id)
}

func (s *Server) expire(ctx context.Context, now time.Time) {
	gone, err := s.apps.expired(now.Add(-s.o.Expiry))
	for _, a := range gone {
		s.o.Log.Info(s.o.Kind.String()+" expired", "instance", a.ID, "app_id", a.AppID, "last_active", a.ActiveAt)
		err = errors.Join(err, s.dispose(ctx, a.ID))
	}
	if err != nil {
		s.o.Log.Error("expired debug applications could not be removed", "error", err)
	}
}
