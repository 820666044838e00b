package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

// journey notes in which order actors end.
type journey struct {
	mu    sync.Mutex // guards ended
	ended []string
}

func (j *journey) actor(name string, err error) actor {
	return actor{name, func(ctx context.Context) error {
		<-ctx.Done()
		j.mu.Lock()
		defer j.mu.Unlock()
		j.ended = append(j.ended, name)
		return err
	}}
}

func TestStagesStopInOrder(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var j journey
	err := runStages(ctx, []actor{j.actor("api", nil)}, []actor{j.actor("agent", context.Canceled)},
		[]actor{j.actor("systemd", nil)})
	if err != nil || !slices.Equal(j.ended, []string{"api", "agent", "systemd"}) {
		t.Errorf("ended in the order %v, %v", j.ended, err)
	}
}

func TestFirstActorThatEndsStopsAll(t *testing.T) {
	failure := errors.New("disk is full")
	for _, c := range []struct {
		name string
		err  error
		want []string
	}{
		{"fails", failure, []string{"metrics: disk is full"}},
		{"just ends", nil, []string{"metrics: ended unexpectedly"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var j journey
				late := errors.New("cannot flush")
				err := runStages(t.Context(),
					[]actor{j.actor("api", nil), {"metrics", func(context.Context) error { return c.err }}},
					[]actor{j.actor("agent", late)})
				for _, want := range append(c.want, "agent: cannot flush") {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("%v, want %q", err, want)
					}
				}
				if !slices.Equal(j.ended, []string{"api", "agent"}) {
					t.Errorf("ended: %v", j.ended)
				}
			})
		})
	}
}
