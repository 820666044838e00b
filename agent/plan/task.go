package plan

import (
	"cmp"
	"slices"

	"github.com/nexushub/nexushub/units"
)

// Action is what a task does. The order of the constants is the order of a plan:
// what users notice at once comes first.
type Action int

// The actions.
const (
	Verify  Action = iota // make sure that an operator stopped Unit
	Route                 // route requests to Targets, and to no other unit
	Unroute               // remove the route
	Drain                 // wait for the requests in flight in Unit
	Kill                  // SIGKILL: its grace period is over
	Stop
	Release  // run the release command, which is Unit
	Released // remember that it has succeeded
	Start
	Restart
	Reset  // reset PID 1's restart count, and with it its delays, once it works
	Reject // give up a new revision that does not become healthy, and keep the old one
)

var actionNames = []string{"verify", "route", "unroute", "drain", "kill", "stop", "release", "released", "start",
	"restart", "reset", "reject"}

func (a Action) String() string { return actionNames[a] }

// ChangesUnit says whether the action may change the unit, so that it is inspected afterwards.
func (a Action) ChangesUnit() bool { return !a.ofTheWhole() && a != Drain && a != Released }

// ofTheWhole says whether the action is about the whole instance, and not about one unit.
func (a Action) ofTheWhole() bool { return a == Route || a == Unroute || a == Reject }

// Task is one step towards the desired state, and why it is taken.
type Task struct {
	Action   Action
	Instance string
	Name     string
	Unit     string // Route: the first of Targets
	Targets  []string
	Reason   string
	Spec     units.Spec // Start, Release
	Run      string     // Reject: the run that failed
}

// Whole is the subject of a task that is about the whole instance.
const Whole = ""

// Subject is what the task is about: one unit, or Whole. There are never two tasks about the
// same.
func (t Task) Subject() string {
	if t.Action.ofTheWhole() {
		return Whole
	}
	return t.Unit
}

// order sorts a plan by action; within one, the providers' order stays.
func order(tasks []Task) []Task {
	slices.SortStableFunc(tasks, func(a, b Task) int { return cmp.Compare(a.Action, b.Action) })
	return tasks
}
