package control

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/events"
	"github.com/nexushub/nexushub/api"
)

// reader keeps what is written; wait holds a writer up.
type reader struct {
	http.ResponseWriter
	wait chan struct{}

	mu   sync.Mutex // guards the field that follows
	text bytes.Buffer
}

func newReader() *reader { return &reader{ResponseWriter: httptest.NewRecorder()} }

func (r *reader) Write(p []byte) (int, error) {
	if r.wait != nil {
		<-r.wait
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}
func (r *reader) Flush() {}

// kinds are the events and names of those that were read since.
func (r *reader) kinds() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for line := range strings.Lines(r.text.String()) {
		switch {
		case strings.HasPrefix(line, "event: "):
			out = append(out, strings.TrimSpace(line[7:]))
		case strings.HasPrefix(line, "data: "):
			out[len(out)-1] += " " + strings.Join(names(line), ",")
		case strings.HasPrefix(line, ": alive"):
			out = append(out, "alive")
		}
	}
	r.text.Reset()
	return strings.Join(out, "; ")
}

func names(line string) (out []string) {
	for part := range strings.SplitSeq(line, `"name":"`) {
		if name, rest, ok := strings.Cut(part, `"`); ok && strings.HasPrefix(rest, `,"kind"`) {
			out = append(out, name)
		}
	}
	return out
}

func put(r *events.Ring, name string, s api.State) {
	r.Put(api.StateEvent{Instance: "i-" + name, Name: name, Kind: "deployed", State: s}, name)
}

func follow(t *testing.T, s *Server, who caller.Caller, after string) (r *reader, leave func() (ended bool)) {
	t.Helper()
	r = newReader()
	ctx, cancel := context.WithCancel(t.Context())
	request := httptest.NewRequest("GET", "/v1/events", nil)
	request.Header.Set("Last-Event-ID", after)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ServeHTTP(r, as(who, request.WithContext(ctx)))
	}()
	synctest.Wait()
	return r, func() bool {
		defer cancel()
		select {
		case <-done:
			return true
		default:
			return false
		}
	}
}

func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring := events.New(time.Now())
		server := newServer(&stub{ring: ring}, t.Output())
		put(ring, "blog", api.StateRunning)
		put(ring, "shop", api.StateRunning)
		all, leaveAll := follow(t, server, caller.Local(0), "")
		some, leaveSome := follow(t, server, token(api.Viewer, "shop"), "x-1")
		_, seen := ring.All()
		if got := all.kinds() + "|" + some.kinds(); got != "snapshot blog,shop|snapshot shop" {
			t.Errorf("at first: %s", got)
		}
		put(ring, "shop", api.StateStopped)
		put(ring, "shop", api.StateStopped)
		put(ring, "blog", api.StateStopped)
		ring.Remove("i-shop", time.Now())
		synctest.Wait()
		if got := all.kinds() + "|" + some.kinds(); got != "state shop; state blog; removed shop|state shop; removed shop" {
			t.Errorf("then: %s", got)
		}
		time.Sleep(aliveEvery)
		synctest.Wait()
		if got := all.kinds() + "|" + some.kinds(); got != "alive|alive" {
			t.Errorf("after a while: %s", got)
		}
		again, leave := follow(t, server, token(api.Viewer, "shop"), seen)
		if got := again.kinds(); got != "state shop; removed shop" {
			t.Errorf("who comes back gets %s", got)
		}
		if leaveAll() || leaveSome() || leave() {
			t.Error("a stream has ended by itself")
		}
		synctest.Wait()
		if !leaveAll() || !leaveSome() || !leave() {
			t.Error("a stream goes on after its follower, or his token, is gone")
		}
	})
}

// TestSlowFollowersAreCutOff: one for whom more has happened than is kept comes back for a snapshot.
func TestSlowFollowersAreCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ring := events.New(time.Now())
		server := newServer(&stub{ring: ring}, t.Output())
		slow, leave := follow(t, server, caller.Local(0), "")
		slow.wait = make(chan struct{})
		put(ring, "shop", api.StateRunning)
		synctest.Wait() // it is about to be told
		for i := range 10_000 {
			put(ring, "shop", []api.State{api.StateStopped, api.StateRunning}[i%2])
		}
		close(slow.wait)
		synctest.Wait()
		if !leave() {
			t.Error("it goes on")
		}
		if n := strings.Count(slow.text.String(), "event: state"); n != 1 {
			t.Errorf("it was told %d changes", n)
		}
	})
}

// TestClientFollowsEvents: what is sent is what the client reads.
func TestClientFollowsEvents(t *testing.T) {
	ring := events.New(time.Now())
	put(ring, "shop", api.StateRunning)
	server := newServer(&stub{ring: ring}, t.Output())
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server.ServeHTTP(w, as(caller.Local(0), r))
	}))
	defer h.Close()
	client := api.NewRemoteClient(h.URL, "", nil)
	var got []string
	for e, err := range client.StateEvents(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if _, upTo := ring.All(); e.ID != upTo || len(e.Events) != 1 {
			t.Fatalf("got %+v, want id %s", e, upTo)
		}
		got = append(got, string(e.Events[0].State))
		if len(got) == 1 && e.Snapshot {
			put(ring, "shop", api.StateStopped)
			continue
		}
		break
	}
	if !slices.Equal(got, []string{"running", "stopped"}) {
		t.Errorf("got %q", got)
	}
}
