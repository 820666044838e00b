package debug

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nexushub/nexushub/api"
)

// clock lets the sweep of h believe that time d has passed since now.
func (h *host) pass(now *time.Time, d time.Duration) {
	*now = now.Add(d)
	h.server.sweepOnce(h.tb.Context(), *now)
}

func (h *host) ids() (ids []string) {
	for _, a := range h.server.apps.all() {
		ids = append(ids, a.AppID)
	}
	return ids
}

func TestExpiryAnHourAfterTheLastActivity(t *testing.T) {
	h := newHost(t)
	h.create(`{"appId":"idle"}`)
	path, a := h.create(`{"appId":"used"}`)
	h.upload(path, packageOf(t, "x"))
	h.install(path)
	now := time.Now()
	h.pass(&now, 59*time.Minute)
	h.proxy.last[a.ID] = now
	h.proxy.last["another"] = now
	h.pass(&now, 30*time.Second)
	if got := h.runtime.wanted[a.ID].ExpiresAt; got.Sub(h.proxy.last[a.ID]) != time.Hour {
		t.Errorf("the agent shows %v", got)
	}
	h.pass(&now, time.Minute)
	if ids := h.ids(); len(ids) != 1 || ids[0] != "used" {
		t.Errorf("left %v, want the used one", ids)
	}
	h.pass(&now, 57*time.Minute)
	if len(h.ids()) != 1 {
		t.Error("a proxied request did not count")
	}
	h.pass(&now, 3*time.Minute)
	if len(h.ids()) != 0 || len(h.runtime.apps) != 0 {
		t.Errorf("left %v, %v", h.ids(), h.runtime.apps)
	}
	h.get(path + "/upload/status").problem(404)
}

func TestExpiryWhileTheAgentWasAway(t *testing.T) {
	h := newHost(t)
	_, served := h.create(`{"appId":"served"}`)
	h.create(`{"appId":"idle"}`)
	h.start() // two hours later
	now := time.Now().Add(2 * time.Hour)
	h.server.started = now
	h.proxy.fail = errors.New("proxy is away")
	h.pass(&now, 4*time.Minute)
	if len(h.ids()) != 2 {
		t.Error("expired without asking the proxy")
	}
	h.proxy.fail = nil
	h.proxy.last[served.ID] = now.Add(-30 * time.Minute)
	h.pass(&now, time.Second)
	if ids := h.ids(); len(ids) != 1 || ids[0] != "served" {
		t.Errorf("left %v, want the served one", ids)
	}
	h.proxy.fail = errors.New("proxy is away")
	h.pass(&now, 2*time.Hour)
	if len(h.ids()) != 0 {
		t.Error("a proxy that stays away keeps all alive")
	}
}

func TestStatusCallAndOpenLogStreamAreActivities(t *testing.T) {
	h := newHost(t)
	path, _ := h.create(`{"appId":"a"}`)
	before := h.server.apps.all()[0].ActiveAt
	h.get(path + "/status").want(200)
	asked := h.server.apps.all()[0].ActiveAt
	if !asked.After(before) {
		t.Error("a status call is no activity")
	}
	h.get("/debug/application").want(200)
	if h.server.apps.all()[0].ActiveAt != asked {
		t.Error("the list is an activity")
	}
	h.logs.begun = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.http.URL+path+"/logs?lines=7&follow=1", nil)
	h.must(err)
	done := make(chan error, 1)
	go func() {
		res, err := h.http.Client().Do(req)
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body) // until the cancel
			err = res.Body.Close()
		}
		done <- err
	}()
	<-h.logs.begun
	now := time.Now()
	h.pass(&now, 2*time.Hour)
	if len(h.ids()) != 1 || h.logs.query.Lines != 7 || !h.logs.query.Follow {
		t.Errorf("left %v; query %+v", h.ids(), h.logs.query)
	}
	cancel()
	<-done
	h.get(path + "/logs?lines=x").problem(400)
}

func TestSweepRunsOnItsOwn(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := serverForSweep(t, dir)
		a := application{ID: newID(), NewDebugApplication: api.NewDebugApplication{AppID: "a"}, ActiveAt: time.Now()}
		if _, _, err := s.apps.enter(func([]application) (application, []ID, error) { return a, nil, nil }); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go s.sweep(ctx)
		time.Sleep(59 * time.Minute)
		synctest.Wait()
		if len(s.apps.all()) != 1 {
			t.Error("expired too early")
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if len(s.apps.all()) != 0 {
			t.Error("did not expire")
		}
		cancel()
		synctest.Wait()
	})
}

// serverForSweep has no HTTP server: its goroutines would not sleep in a bubble.
func serverForSweep(t *testing.T, dir string) *Server {
	h := &host{tb: t, dir: dir, runtime: newFakeRuntime(), proxy: &fakeProxy{last: map[string]time.Time{}},
		logs: &fakeLogs{}}
	h.open()
	return h.server
}
