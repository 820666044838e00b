package main

import (
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
)

// Rates are differences by the time between; a new application, or one whose counters
// began again with a new unit, has none yet.
func TestRates(t *testing.T) {
	at := time.Unix(1_000_000, 0)
	old := sample{at, []api.App{{ID: "a", CPUNSec: 1e9, Requests: 10}, {ID: "b", CPUNSec: 9e9, Requests: 900}}}
	for _, c := range []struct {
		after         time.Duration
		app           api.App
		cpu, requests float64
	}{
		{2 * time.Second, api.App{ID: "a", CPUNSec: 2e9, Requests: 20}, 50, 5},
		{4 * time.Second, api.App{ID: "a", CPUNSec: 9e9, Requests: 10}, 200, 0},
		{2 * time.Second, api.App{ID: "b", CPUNSec: 1e9, Requests: 2}, 0, 0},
		{0, api.App{ID: "a", CPUNSec: 2e9, Requests: 20}, 0, 0},
	} {
		got := sample{at.Add(c.after), []api.App{c.app}}.since(old, false)[0]
		if got.CPU != c.cpu || got.Requests != c.requests {
			t.Errorf("%+v after %s: %v%% and %v requests a second, want %v and %v", c.app, c.after, got.CPU, got.Requests, c.cpu,
				c.requests)
		}
	}
}

// Each replica has counters of its own, also where another revision has one of its number.
func TestRatesOfReplicas(t *testing.T) {
	at := time.Unix(1_000_000, 0)
	apps := func(cpu uint64) []api.App {
		return []api.App{
			{ID: "a", Processes: []api.Process{{Name: "web", Replicas: []api.Replica{
				{Number: 1, Unit: "old", CPUNSec: 5e9}, {Number: 1, Unit: "new", CPUNSec: cpu, Requests: cpu / 1e8}}}}},
			{ID: "b", CPUNSec: cpu},
		}
	}
	got := sample{at.Add(2 * time.Second), apps(2e9)}.since(sample{at, apps(1e9)}, true)
	for i, want := range []struct {
		replica       string
		cpu, requests float64
	}{{"web.1", 0, 0}, {"web.1", 50, 5}, {"", 50, 0}} {
		if l := got[i]; l.Replica != want.replica || l.CPU != want.cpu || l.Requests != want.requests {
			t.Errorf("load %d: %s %v%% %v/s, want %+v", i, l.Replica, l.CPU, l.Requests, want)
		}
	}
}
