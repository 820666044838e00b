package units

import (
	"context"
	"testing"
	"testing/synctest"
)

func TestQueueCoalesces(t *testing.T) {
	q := NewQueue()
	for range 1000 {
		q.Put(Event{Unit: "a"})
		q.Put(Event{Unit: "b"})
	}
	var got []Event
	for e, ok := q.take(); ok; e, ok = q.take() {
		got = append(got, e)
	}
	if len(got) != 2 || got[0].Unit != "a" || got[1].Unit != "b" {
		t.Errorf("events %v", got)
	}
	q.Put(Event{Unit: "a"})
	q.Put(Event{Resync: true})
	if e, _ := q.take(); !e.Resync {
		t.Errorf("event %v, want a resync that covers all", e)
	}
	if e, ok := q.take(); ok {
		t.Errorf("event %v after a resync", e)
	}
}

func TestQueueRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- q.Run(ctx) }()
		q.Put(Event{Unit: "a"})
		if e := <-q.Events(); e.Unit != "a" {
			t.Errorf("event %v", e)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
