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
		got := sample{at.Add(c.after), []api.App{c.app}}.since(old)[0]
		if got.CPU != c.cpu || got.Requests != c.requests {
			t.Errorf("%+v after %s: %v%% and %v requests a second, want %v and %v", c.app, c.after, got.CPU, got.Requests, c.cpu,
				c.requests)
		}
	}
}
