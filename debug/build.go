package debug

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/build"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/logentry"
	"github.com/nexushub/nexushub/internal/termtext"
	"github.com/nexushub/nexushub/journal"
)

// unpackOrBuild makes the upload the release that is wanted. Once a build has begun, the answer
// is kept alive and is a 200, whatever comes of it.
func (s *Server) unpackOrBuild(ctx context.Context, w *echo.Response, id ID, by caller.Caller) (in installation,
	began time.Time, err error) {
	building, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		in, err = s.unpack(ctx, id, by, func() {
			began = time.Now() // before anything is said
			close(building)
		})
	}()
	select {
	case <-done:
		return in, began, err
	case <-building:
		keepAlive(w, done)
		return in, began, err
	}
}

// release is what the upload is, or what a build makes of it. A build goes on when its client
// leaves: who comes back finds what it has made. It ends when the token of its client does.
func (s *Server) release(ctx context.Context, id ID, path string, by caller.Caller, begins func()) (
	fact.Release, error,
) {
	if s.o.Builds == nil {
		return s.o.Releases.Import(context.WithoutCancel(ctx), path)
	}
	a, err := s.apps.get(id)
	if err != nil {
		return fact.Release{}, err
	}
	ctx, done := s.installs.building(ctx, id, by.Still)
	defer done()
	order := build.Order{Instance: string(id), Name: a.AppID, Package: path, Temporary: s.o.Kind.expires, By: by.Installer}
	made, err := s.o.Builds.Release(ctx, order, func(detect.Build) { begins() })
	return made.Release, err
}

// Building are the applications that are built now, with what is known of them before they have a release.
func (s *Server) Building() (list []api.App) {
	if s.o.Builds == nil {
		return nil
	}
	for _, a := range s.apps.all() {
		now, ok := s.o.Builds.Now(string(a.ID))
		if !ok {
			continue
		}
		list = append(list, api.App{
			ID: string(a.ID), Name: hostname.Label(a.AppID), AppID: a.AppID, DisplayName: a.DisplayName, HostName: a.host(),
			Kind: s.o.Kind.name, State: api.StateBuilding, Since: now.Since, Health: api.Health{Status: api.HealthUnknown},
			ExpiresAt: s.expiry(a), Building: &now,
		})
	}
	return list
}

// notBuilt says why there is no release, with what the build said last. Nothing has changed for
// what runs.
func (s *Server) notBuilt(ctx context.Context, a application, failure error, began time.Time) api.InstallAnswer {
	text := api.WithoutCode(failure)
	if lines := s.endOfBuild(ctx, a.ID, began); lines != "" && !errors.Is(failure, errSuperseded) {
		text += "\n" + lines
	}
	return api.InstallAnswer{ApplicationID: string(a.ID), Status: api.NotBuilt, Message: text, InstalledAt: a.InstalledAt}
}

func (s *Server) endOfBuild(ctx context.Context, id ID, began time.Time) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	entries, err := s.o.Logs.Tail(ctx, journal.BuildsOf(string(id)), lastLines)
	if err != nil {
		s.o.Log.Warn("end of a build's log could not be read", "instance", id, "error", err)
	}
	var lines []string
	for _, e := range entries {
		if e.Source != logentry.System && !e.Timestamp.Before(began) {
			lines = append(lines, termtext.Plain(e.Message))
		}
	}
	return strings.Join(lines, "\n")
}
