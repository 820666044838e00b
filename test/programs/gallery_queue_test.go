package programs_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

const items = 200 // that are put at once

// useQueue: each item is done once, also while a worker dies, and by as many workers as there are to be.
func useQueue(t *testing.T, a app) func(*testing.T) {
	a.shows(t, "/", "0 waiting, 0 done")
	a.putItems(t)
	a.awaitDone(t, items/10)
	victim := a.worker(t, "1")
	a.Sh(t, "systemctl kill -s KILL "+victim)
	a.awaitDone(t, items)
	a.eachOnce(t, items, "worker 1", "worker 2")
	a.Must(t, "nexushub", "scale", a.name, "worker=4")
	a.worker(t, "4")
	a.putItems(t)
	a.awaitDone(t, 2*items)
	a.eachOnce(t, 2*items, "worker 1", "worker 2", "worker 3", "worker 4")
	a.Must(t, "nexushub", "restart", a.name) // what was killed is of a revision before
	return keeps(t, func(t *testing.T) {
		a.worker(t, "4")
		a.eachOnce(t, 2*items)
	})
}

// worker waits for a replica, and returns its unit.
func (a app) worker(t *testing.T, replica string) (unit string) {
	t.Helper()
	lab.Eventually(t, "worker "+replica+" runs", func() error {
		units := a.Units(t, a.name)
		i := slices.IndexFunc(units, func(u string) bool { return strings.Contains(u, "-worker-"+replica+"-") })
		if i >= 0 {
			unit = units[i]
		}
		return lab.Unless(i >= 0, "there are %q", units)
	})
	return unit
}

func (a app) putItems(t *testing.T) {
	t.Helper()
	a.ask(t, http.MethodPost, "/items", strings.NewReader("count=200"), asForm)
}

func (a app) awaitDone(t *testing.T, least int) {
	t.Helper()
	lab.Eventually(t, "items are done", func() error {
		now := decoded[struct{ Waiting, Done int }](t, a.page(t, "/api/items"))
		return lab.Unless(now.Done >= least, "%+v", now)
	})
}

func (a app) eachOnce(t *testing.T, count int, workers ...string) {
	t.Helper()
	type done struct{ ID, By string }
	var ids, by []string
	for _, d := range decoded[[]done](t, a.page(t, "/api/done")) {
		ids, by = append(ids, d.ID), append(by, d.By)
	}
	slices.Sort(ids)
	if once := slices.Compact(slices.Clone(ids)); len(ids) != count || len(once) != count {
		t.Errorf("%d items were done, %d of them once, want %d", len(ids), len(once), count)
	}
	for _, w := range workers {
		if !slices.Contains(by, w) {
			t.Errorf("%s has done nothing", w)
		}
	}
}
