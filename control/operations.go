package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/apiserver"
	"github.com/nexushub/nexushub/internal/problem"
)

// operations answer calls that a client does not want to wait for (Prefer: respond-async, RFC 7240) with
// 202 and where their result will be. They go on when the client leaves, and end with the server.
type operations struct {
	next http.Handler
	ctx  context.Context // of the server
	end  context.CancelFunc

	mu      sync.Mutex // guards the fields that follow
	running sync.WaitGroup
	list    []*operation // oldest first
}

func newOperations(next http.Handler) *operations {
	o := &operations{next: next}
	o.ctx, o.end = context.WithCancel(context.Background())
	return o
}

type operation struct {
	api.Operation
	caller string
}

// maxRunning is how many operations of one caller go on at one time.
const maxRunning = 20

func (o *operations) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who := caller.Of(r.Context())
	if !isAsync(r) || !remembers(who) {
		o.next.ServeHTTP(w, r)
		return
	}
	body, err := readKept(r, "Prefer: respond-async")
	var op *operation
	if err == nil {
		op, err = o.enter(string(who.Installer), r.Method+" "+r.URL.Path)
	}
	if err != nil {
		refuse(w, r, err)
		return
	}
	started := op.Operation
	work := r.Clone(o.context(r))
	work.Body = io.NopCloser(bytes.NewReader(body))
	if err := o.start(op, work); err != nil {
		refuse(w, r, err)
		return
	}
	w.Header().Set("Location", "/v1/operations/"+op.ID)
	w.Header().Set("Preference-Applied", "respond-async")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_ = json.NewEncoder(w).Encode(started) // the client is gone
}

// isAsync says whether the client does not want to wait for a change under /v1.
func isAsync(r *http.Request) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || !strings.HasPrefix(r.URL.Path, "/v1/") {
		return false
	}
	for _, line := range r.Header.Values("Prefer") {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), "respond-async") {
				return true
			}
		}
	}
	return false
}

// context has what the request's has, but ends with the server and not with the request.
func (o *operations) context(r *http.Request) context.Context {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	context.AfterFunc(o.ctx, cancel)
	return ctx
}

// enter notes an operation, and forgets those that ended long ago.
func (o *operations) enter(who, call string) (*operation, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now().UTC()
	o.list = slices.DeleteFunc(o.list, func(p *operation) bool {
		return p.EndedAt != nil && now.Sub(*p.EndedAt) > keptFor
	})
	running, own := 0, 0
	for _, p := range o.list {
		if p.caller == who {
			own++
			if p.EndedAt == nil {
				running++
			}
		}
	}
	if running >= maxRunning || len(o.list)-own+min(own, maxKeptEach) >= maxKept {
		return nil, fmt.Errorf("%d operations of yours are running; wait until some have ended: %w", running, api.TooMany)
	}
	if own >= maxKeptEach {
		i := slices.IndexFunc(o.list, func(p *operation) bool { return p.caller == who && p.EndedAt != nil })
		o.list = slices.Delete(o.list, i, i+1)
	}
	op := &operation{Operation: api.Operation{ID: uuid.NewString(), Call: call, State: api.OperationRunning, BegunAt: now},
		caller: who}
	o.list = append(o.list, op)
	return op, nil
}

// start lets an operation go on by itself, as long as the server does.
func (o *operations) start(op *operation, r *http.Request) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ctx.Err() != nil {
		return fmt.Errorf("the agent is about to end: %w", api.Unavailable)
	}
	o.running.Go(func() { o.run(op, r) })
	return nil
}

// run answers the call, and keeps the answer.
func (o *operations) run(op *operation, r *http.Request) {
	k := &keeper{header: http.Header{}}
	defer func() {
		_ = recover() // the handler that panics has logged it; http.ErrAbortHandler is for who waits
		answer, whole := k.answer()
		o.mu.Lock()
		defer o.mu.Unlock()
		now := time.Now().UTC()
		op.EndedAt, op.Status, op.State = &now, answer.Status, api.OperationFailed
		op.TraceID = answer.Header.Get(apiserver.TraceHeader)
		if whole && answer.Status < http.StatusBadRequest {
			op.State = api.OperationDone
		}
		if whole && json.Valid(answer.Body) {
			op.Answer = answer.Body
		}
	}()
	o.next.ServeHTTP(k, r)
}

// stop ends what is running, and waits for it.
func (o *operations) stop() {
	o.mu.Lock()
	o.end()
	o.mu.Unlock()
	o.running.Wait()
}

// get is one of the caller's own: an answer may have a token.
func (o *operations) get(who caller.Caller, id string) (api.Operation, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := slices.IndexFunc(o.list, func(p *operation) bool { return p.ID == id })
	if i < 0 || o.list[i].caller != string(who.Installer) {
		return api.Operation{}, fmt.Errorf("operation %q: %w; they are kept for an hour, and not over a restart of the agent",
			id, api.NotFound)
	}
	return o.list[i].Operation, nil
}

func (s *Server) operation(c echo.Context) error {
	op, err := s.operations.get(callerOf(c), param(c, "id"))
	return answer(c, op, err)
}

// refuse answers what does not get as far as a route.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	trace := r.Header.Get(apiserver.TraceHeader)
	_ = problem.Write(w, api.ProblemOf(err, trace)) // the client is gone
}
