package debug

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
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

// An installation that meets a deletion starts the application once more: what that makes
// goes, too.
func TestDeleteDuringInstallLeavesNoFolder(t *testing.T) {
	h := newHost(t)
	path, a := h.create(`{"appId":"shop"}`)
	h.upload(path, packageOf(t, "one"))
	h.install(path)
	gone, err := h.server.apps.get(ID(a.ID))
	h.must(err)
	h.do(http.MethodDelete, path, nil, nil).want(http.StatusNoContent)
	h.must(os.MkdirAll(h.folder(a.ID), 0o700))
	h.server.put(gone)
	h.wantFolder(a.ID, false)
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
