package debug

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/agent/build"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/release"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/detect"
)

// fakeBuilds builds everything by the store, after do.
type fakeBuilds struct {
	store *release.Store
	do    func(ctx context.Context) error

	mu       sync.Mutex // guards the fields that follow
	orders   []build.Order
	forgiven []string
}

func (f *fakeBuilds) Release(ctx context.Context, o build.Order, begins func(detect.Build)) (r build.Result,
	err error) {
	f.mu.Lock()
	f.orders = append(f.orders, o)
	do := f.do
	f.mu.Unlock()
	if do != nil {
		begins(detect.Build{})
		if err := do(ctx); err != nil {
			return r, err
		}
	}
	r.Release, err = f.store.Import(ctx, o.Package)
	return r, err
}

func (f *fakeBuilds) Now(instance string) (b api.Building, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.do != nil && len(f.orders) > 0 && f.orders[len(f.orders)-1].Instance == instance {
		return api.Building{Command: "make", By: "root"}, true
	}
	return b, false
}

func (f *fakeBuilds) Forget(instance string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forgiven = append(f.forgiven, instance)
	return nil
}

func (f *fakeBuilds) then(do func(ctx context.Context) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.do = do
}

func newBuildHost(t *testing.T) (*host, *fakeBuilds) {
	t.Helper()
	h := newHost(t)
	b := &fakeBuilds{}
	h.builds = b
	h.start()
	b.store = h.server.o.Releases.(*release.Store)
	return h, b
}

func TestABuildThatFailsChangesNothing(t *testing.T) {
	h, builds := newBuildHost(t)
	path, a := h.create(`{"appId":"shop"}`)
	h.upload(path, packageOf(t, "one"))
	if out := h.install(path); out.Status != "running" {
		t.Fatalf("got %+v", out)
	}
	before := h.runtime.wanted[a.ID].Release
	builds.then(func(context.Context) error { return &build.Failure{Why: "the build failed: exit status 3"} })
	h.upload(path, packageOf(t, "two"))
	out := h.install(path)
	if out.Status != api.NotBuilt || !strings.HasPrefix(out.Message, "the build failed: exit status 3") {
		t.Errorf("got %+v", out)
	}
	if now := h.runtime.wanted[a.ID].Release; now != before || len(h.runtime.launched) != 1 {
		t.Errorf("release %s after %s, launched %v", now, before, h.runtime.launched)
	}
}

// What is refused before a build begins is an error as ever.
func TestARefusalIsNoBuild(t *testing.T) {
	h, builds := newBuildHost(t)
	path, _ := h.create(`{"appId":"shop"}`)
	h.upload(path, []byte("this is no zip"))
	h.post(path+"/install", "").problem(http.StatusUnprocessableEntity)
	if len(builds.orders) != 1 || !builds.orders[0].Temporary || builds.orders[0].By == "" {
		t.Errorf("orders %+v", builds.orders)
	}
}

// Who may install when a build begins and not any more when it ends has installed nothing.
func TestWhatChangesDuringABuildCounts(t *testing.T) {
	for name, change := range map[string]func(h *host, valid *bool){
		"token revoked": func(_ *host, valid *bool) { *valid = false },
		"a new secret": func(h *host, _ *bool) {
			h.runtime.mu.Lock()
			defer h.runtime.mu.Unlock()
			h.runtime.admit = func(agent.Admission) error { return api.Forbidden }
		},
	} {
		h, builds := newBuildHost(t)
		path, a := h.create(`{"appId":"shop"}`)
		h.upload(path, packageOf(t, "one"))
		valid := true
		builds.then(func(context.Context) error { change(h, &valid); return nil })
		by := caller.Bearer(api.Token{ID: "t", Name: "ci"}).Until(func() bool { return valid })
		ctx, done, err := h.server.installs.enter(t.Context(), ID(a.ID))
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.server.unpack(ctx, ID(a.ID), by, func() {})
		done()
		if !errors.Is(err, api.Forbidden) && !errors.Is(err, api.Unauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
		if now, err := h.server.apps.get(ID(a.ID)); err != nil || now.Release != "" {
			t.Errorf("%s: has the release %q (%v)", name, now.Release, err)
		}
	}
}

func TestANewerInstallationEndsABuild(t *testing.T) {
	h, builds := newBuildHost(t)
	path, a := h.create(`{"appId":"shop"}`)
	h.upload(path, packageOf(t, "one"))
	building := make(chan struct{})
	builds.then(func(ctx context.Context) error {
		close(building)
		<-ctx.Done()
		return context.Cause(ctx)
	})
	first := make(chan api.InstallAnswer)
	go func() { first <- h.install(path) }()
	<-building
	builds.then(nil)
	if out := h.install(path); out.Status != "running" {
		t.Errorf("second: got %+v", out)
	}
	if out := <-first; out.Status != api.NotBuilt || !strings.Contains(out.Message, "superseded") {
		t.Errorf("first: got %+v", out)
	}
	if len(h.runtime.launched) != 1 || h.runtime.wanted[a.ID].Release == "" {
		t.Errorf("launched %v", h.runtime.launched)
	}
}

func TestDeleteEndsABuildAndForgetsItsCache(t *testing.T) {
	h, builds := newBuildHost(t)
	path, a := h.create(`{"appId":"shop"}`)
	h.upload(path, packageOf(t, "one"))
	building := make(chan struct{})
	builds.then(func(ctx context.Context) error {
		close(building)
		<-ctx.Done()
		return context.Cause(ctx)
	})
	first := make(chan api.InstallAnswer)
	go func() { first <- h.install(path) }()
	<-building
	h.do(http.MethodDelete, path, nil, nil).want(http.StatusNoContent)
	if out := <-first; out.Status != api.NotBuilt {
		t.Errorf("got %+v", out)
	}
	if len(builds.forgiven) != 1 || builds.forgiven[0] != a.ID {
		t.Errorf("caches of %v are gone", builds.forgiven)
	}
}

// A client that leaves does not end a build; who waits for the turn does, also before it begins.
func TestTheContextOfABuild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstalls()
		client, leave := context.WithCancel(t.Context())
		ctx, done, err := i.enter(client, "a")
		if err != nil {
			t.Fatal(err)
		}
		still := func() error { return nil }
		building, end := i.building(ctx, "a", still)
		leave()
		synctest.Wait()
		if building.Err() != nil {
			t.Error("the client has left, and the build ends")
		}
		next := make(chan func())
		go func() {
			_, done, _ := i.enter(t.Context(), "a")
			next <- done
		}()
		synctest.Wait()
		if !errors.Is(context.Cause(building), errSuperseded) {
			t.Errorf("somebody waits, and the build goes on: %v", context.Cause(building))
		}
		end()
		late, end := i.building(ctx, "a", still)
		if !errors.Is(context.Cause(late), errSuperseded) {
			t.Error("a build begins that nobody wants")
		}
		end()
		done()
		(<-next)()
	})
}

// A token that is revoked ends what its holder has open, and the build with it.
func TestARevokedTokenEndsItsBuild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i, revoked := newInstalls(), errors.New("revoked")
		request, end := context.WithCancel(t.Context())
		ctx, done, err := i.enter(request, "a")
		if err != nil {
			t.Fatal(err)
		}
		defer done()
		building, over := i.building(ctx, "a", func() error { return revoked })
		defer over()
		synctest.Wait()
		if building.Err() != nil {
			t.Error("it has ended before")
		}
		end()
		synctest.Wait()
		if !errors.Is(context.Cause(building), revoked) {
			t.Errorf("the build goes on: %v", context.Cause(building))
		}
	})
}

// Before there is a release, the build is all that the application is.
func TestWhatIsBuiltIsTold(t *testing.T) {
	h, builds := newBuildHost(t)
	path, a := h.create(`{"appId":"My Shop"}`)
	h.create(`{"appId":"other"}`)
	h.upload(path, packageOf(t, "one"))
	var list []api.App
	builds.then(func(context.Context) error {
		list = h.server.Building()
		return nil
	})
	if out := h.install(path); out.Status != "running" {
		t.Fatalf("got %+v", out)
	}
	if len(list) != 1 || list[0].ID != a.ID || list[0].Name != "my-shop" || list[0].State != api.StateBuilding ||
		list[0].Kind != "debug" || list[0].Building.Command != "make" {
		t.Errorf("got %+v", list)
	}
}
