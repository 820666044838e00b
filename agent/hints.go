package agent

import (
	"cmp"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/nexushub/nexushub/agent/hint"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/startcmd"
	"github.com/nexushub/nexushub/units"
)

// maxDrawn bounds the hints that are remembered.
const maxDrawn = 1000

// hints draws hints from facts, and remembers them: to look for them takes ten milliseconds, and a
// client asks every few seconds while its application fails as it did before.
type hints struct {
	mu    sync.Mutex       // guards drawn
	drawn map[string]drawn // by instance
}

type drawn struct {
	from  hint.Facts
	hints []api.Hint
}

// of returns the hints of an instance. The caller does not hold the agent's mu: it takes longer than a
// pass.
func (h *hints) of(id string, f *hint.Facts) (list []api.Hint) {
	if f == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if d, ok := h.drawn[id]; ok && reflect.DeepEqual(d.from, *f) {
		return d.hints
	}
	for _, found := range hint.Of(*f) {
		list = append(list, api.Hint(found))
	}
	if h.drawn == nil || len(h.drawn) >= maxDrawn {
		h.drawn = map[string]drawn{}
	}
	h.drawn[id] = drawn{*f, list}
	return list
}

// facts are what hints can be drawn from; nil: there is nothing to say of an application as it
// is. The caller holds mu.
func (a *Agent) facts(id string) *hint.Facts {
	d := a.desiredOf(id)
	if d == nil {
		return nil
	}
	s, i := a.observed.state(d, time.Now()), a.observed.known(id)
	f := &hint.Facts{App: s.Name, Manifest: s.Manifest, Files: s.Files(),
		Literal: !s.Spec.Expand && startcmd.Refers(s.Spec.Exec)}
	f.Job, f.JobEnd = a.jobs.failed(id)
	u, worst := s.Shown(), s.Worst()
	if worst != nil && worst.Trouble.Attempt > 0 && worst.Seen != nil { // what is wrong with it is looked for
		u = worst.Seen
	}
	if worst != nil && !worst.IsWeb() {
		f.Manifest, f.Literal, f.Process = s.Manifest.For(worst.Process), false, worst.Process
	}
	if u != nil {
		f.Port = u.Port
	}
	switch m := i.memory; {
	case s.Stopped != "" || s.Adopted:
		return nil
	case s.Fallback && m != nil && m.Rejected != nil:
		return rejected(s.Name, m.Rejected)
	case s.Problem != "" && m != nil && m.Rejected != nil && m.Rejected.Command:
		return rejected(s.Name, m.Rejected)
	case s.Problem != "":
		f.Failure = s.Problem
	case u != nil && u.Healthy() && (s.Trouble.Attempt == 0 || u == worst.Seen):
		f.Healthy, f.Page = true, cmp.Or(u.Health.Body, u.Health.FrontTop)
		if !f.Files { // else it is not the application that people see there
			f.Front = u.Health.Front
		}
	case u != nil && u.Health.Elsewhere != "": // whatever became of the run before
		f.Failure, f.Elsewhere = u.Health.Problem, strings.Fields(u.Health.Elsewhere)
	case s.Trouble.Attempt > 0:
		f.Failure, f.Exit, f.Lines = s.Trouble.LastExit, exitOf(s.Trouble.Exit), i.words[worst.Unit].lines
		f.Elsewhere = strings.Fields(s.Trouble.Strayed)
		if u != nil {
			f.Page = u.Health.Body
		}
	default: // it has not failed yet
		return nil
	}
	return f
}

func rejected(app string, r *plan.Rejection) *hint.Facts {
	return &hint.Facts{App: app, Failure: r.Why, Exit: exitOf(r.Exit), Lines: r.Lines, Manifest: r.Manifest,
		Elsewhere: strings.Fields(r.Strayed), Process: r.Process}
}

func exitOf(e units.Exit) hint.Exit {
	out := hint.Exit{OutOfMemory: e.Result == "oom-kill", Timeout: e.Result == "timeout"}
	if e.Code == units.CodeExited {
		out.Exited, out.Status = true, e.Status
	} else {
		out.Signal = e.Status
	}
	return out
}
