package debug

import (
	"archive/zip"
	"bytes"
	"context"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/manifest"
)

func TestInstallsOfOneApplicationQueueAndTheLastWins(t *testing.T) {
	h := newHost(t)
	path, a := h.create(`{"appId":"shop"}`)
	h.upload(path, packageOf(t, "one"))
	waiting := make(chan struct{})
	h.runtime.hold = func(ctx context.Context) error {
		close(waiting)
		<-ctx.Done()
		return ctx.Err()
	}
	first := make(chan api.InstallAnswer)
	go func() { first <- h.install(path) }()
	<-waiting
	h.runtime.mu.Lock()
	h.runtime.hold = nil
	h.runtime.mu.Unlock()
	h.upload(path, packageOf(t, "two"))
	if out := h.install(path); out.Status != "running" {
		t.Errorf("second: got %+v", out)
	}
	if out := <-first; out.Status != "installed_not_started" || !strings.Contains(out.Message, "superseded") {
		t.Errorf("first: got %+v", out)
	}
	launched := h.runtime.launched
	if len(launched) != 2 || launched[0] == launched[1] || h.runtime.wanted[a.ID].Release != launched[1] {
		t.Errorf("launched %v", launched)
	}
}

func TestDeleteEndsAnInstallation(t *testing.T) {
	h := newHost(t)
	path, _ := h.create(`{"appId":"shop"}`)
	h.upload(path, packageOf(t, "one"))
	waiting := make(chan struct{})
	h.runtime.hold = func(ctx context.Context) error {
		close(waiting)
		<-ctx.Done()
		return ctx.Err()
	}
	first := make(chan api.InstallAnswer)
	go func() { first <- h.install(path) }()
	<-waiting
	h.do(http.MethodDelete, path, nil, nil).want(http.StatusNoContent)
	if out := <-first; out.Status != "installed_not_started" {
		t.Errorf("got %+v", out)
	}
}

func TestDiskFullIs507AndInstallsNothing(t *testing.T) {
	h := newHost(t)
	path, a := h.create(`{"appId":"shop"}`)
	h.upload(path, packageOf(t, "one"))
	h.install(path)
	before := h.runtime.wanted[a.ID]
	h.upload(path, packageOf(t, "two"))
	h.server.apps.state = fullDisk{h.server.apps.state}
	h.post(path+"/install", "").problem(507)
	h.post("/debug/application", `{"appId":"other"}`).problem(507)
	if h.runtime.wanted[a.ID].Release != before.Release || len(h.server.apps.all()) != 1 || len(h.runtime.launched) != 1 {
		t.Errorf("something was changed: %+v", h.runtime.wanted)
	}
	h.limits.Free.Bytes = 1 << 60
	h.start()
	h.chunk(path, 0, 1, nil, nil).problem(507)
	h.do(http.MethodPost, path+"/package", nil, nil).problem(507)
}

// fullDisk is a state that cannot be written.
type fullDisk struct{ State }

func (fullDisk) Save(string, any) error { return &os.PathError{Op: "write", Err: syscall.ENOSPC} }

// What a package may ask for has a limit, which the refusal names beside what was asked.
func TestInstallHasACeiling(t *testing.T) {
	h := newHost(t)
	h.runtime.ceiling = manifest.Ceiling{Memory: 1 << 30, StopTimeout: manifest.Duration(time.Minute), NotOpen: true}
	path, _ := h.create(`{"appId":"x"}`)
	h.upload(path, manifestOf(t, "access = \"open\"\nstop_timeout = \"1h\"\nlimits.memory = \"9999999T\"\n"))
	p := h.post(path+"/install", "").problem(http.StatusUnprocessableEntity)
	if len(p.Errors) != 3 || !strings.Contains(p.Detail, "9999999T") || !strings.Contains(p.Detail, "1G") {
		t.Errorf("got %+v", p)
	}
	if len(h.runtime.launched) > 0 {
		t.Errorf("launched %q", h.runtime.launched)
	}
}

func manifestOf(t *testing.T, text string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, content := range map[string]string{"bin/app": "#!/bin/sh\n", "nexushub.toml": text} {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}
