package debug

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
)

// folder is what systemd makes for an application when it starts.
func (h *host) folder(id string) string { return filepath.Join(h.dir, "apps", id) }

func (h *host) wantFolder(id string, want bool) {
	h.tb.Helper()
	if _, err := os.Stat(h.folder(id)); (err == nil) != want {
		h.tb.Errorf("state folder: %v, want it to be there: %v", err, want)
	}
}

// An installation that meets a deletion does not start the application once more.
func TestDeleteDuringInstallStartsNothing(t *testing.T) {
	h := newHost(t)
	path, a := h.create(`{"appId":"shop"}`)
	h.upload(path, packageOf(t, "one"))
	h.install(path)
	h.do(http.MethodDelete, path, nil, nil).want(http.StatusNoContent)
	h.server.put(ID(a.ID))
	if _, there := h.runtime.wanted[a.ID]; there {
		t.Error("it is wanted again")
	}
}

// What does not stop in time is not taken its folder away, and is not forgotten.
func TestDeletedApplicationThatDoesNotStop(t *testing.T) {
	h := newHost(t)
	path, a := h.create(`{"appId":"shop"}`)
	h.upload(path, packageOf(t, "one"))
	h.install(path)
	h.must(os.MkdirAll(h.folder(a.ID), 0o700))
	h.runtime.stuck = errors.New("it does not stop")
	h.do(http.MethodDelete, path, nil, nil).want(http.StatusInternalServerError)
	h.server.sweepOnce(context.Background(), time.Now())
	h.wantFolder(a.ID, true)
	h.runtime.stuck = nil
	h.server.sweepOnce(context.Background(), time.Now())
	h.wantFolder(a.ID, false)
	if _, there := h.runtime.wanted[a.ID]; there {
		t.Error("it is still wanted")
	}
}

// TestDeletionOutlivesTheAgent: what an agent that was killed in the middle of a deletion
// left is removed by the next, folder and secrets; an application that was not yet deleted
// is not.
func TestDeletionOutlivesTheAgent(t *testing.T) {
	h := newHost(t)
	path, gone := h.create(`{"appId":"shop"}`)
	_, stays := h.create(`{"appId":"mail"}`)
	h.upload(path, packageOf(t, "one"))
	h.install(path)
	for _, id := range []string{gone.ID, stays.ID} {
		h.must(os.MkdirAll(h.folder(id), 0o700))
	}
	h.runtime.stuck = errors.New("killed meanwhile")
	h.do(http.MethodDelete, path, nil, nil).want(http.StatusInternalServerError)
	h.must(h.server.apps.removals.begin(ID(stays.ID))) // and killed before the registry was written
	h.runtime.stuck = nil
	h.start()
	h.server.sweepOnce(t.Context(), time.Now())
	h.wantFolder(gone.ID, false)
	h.wantFolder(stays.ID, true)
	h.start()
	if left := h.server.apps.removals.all(); len(left) != 0 {
		t.Errorf("to be removed yet: %v", left)
	}
}

// A database is dropped where that was said, also by the next agent and while the server is down; what is
// temporary leaves none.
func TestDatabaseGoesWithAnApplication(t *testing.T) {
	h := newHost(t)
	path, a := h.create(`{"appId":"shop"}`)
	_, without := h.create(`{"appId":"mail"}`)
	h.runtime.data = map[string]bool{a.ID: true}
	h.runtime.dropFails = errors.New("the server is down")
	h.do(http.MethodDelete, path, nil, nil).want(http.StatusInternalServerError)
	h.runtime.data, h.runtime.dropped = nil, nil // the agent does not remember it any more
	h.start()
	h.server.sweepOnce(t.Context(), time.Now())
	h.runtime.dropFails = nil
	h.server.sweepOnce(t.Context(), time.Now())
	h.server.sweepOnce(t.Context(), time.Now())
	if want := []string{a.ID, a.ID}; !slices.Equal(h.runtime.dropped, want) {
		t.Errorf("dropped %q, want %q", h.runtime.dropped, want)
	}
	h.do(http.MethodDelete, "/debug/application/"+without.ID, nil, nil).want(http.StatusNoContent)
	if len(h.runtime.dropped) != 2 {
		t.Errorf("dropped %q: one had none", h.runtime.dropped)
	}
}

// That of a permanent application goes only if that is said.
func TestDatabaseOfADeployedApplicationStays(t *testing.T) {
	h := newHost(t)
	for _, c := range []struct {
		query   string
		status  int
		dropped int
	}{
		{"?data=perhaps", http.StatusUnprocessableEntity, 0}, {"", http.StatusNoContent, 0},
		{"?data=false", http.StatusNoContent, 0}, {"?data=true", http.StatusNoContent, 1},
	} {
		path, a := h.deploy(`{"appId":"shop`+strconv.Itoa(len(c.query))+`"}`, http.StatusCreated)
		h.runtime.data, h.runtime.dropped = map[string]bool{a.ID: true}, nil
		h.do(http.MethodDelete, path+c.query, nil, nil).want(c.status)
		if len(h.runtime.dropped) != c.dropped {
			t.Errorf("%q: dropped %q", c.query, h.runtime.dropped)
		}
	}
}
