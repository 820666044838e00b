package debug

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/agent/release"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/debug/upload"
	"github.com/nexushub/nexushub/internal/logentry"
	"github.com/nexushub/nexushub/internal/problem"
	"github.com/nexushub/nexushub/internal/termtext"
)

// lastLines is how much of its log a failed installation shows.
const lastLines = 20

// install unpacks what was uploaded, makes it the application's release and answers
// when that serves or was given up. Installations of one application queue while they
// unpack; a newer one then ends the waiting of the older, so that the last wins.
func (s *Server) install(c echo.Context) error {
	a, err := s.find(c)
	if err != nil {
		return err
	}
	ctx, done, err := s.installs.enter(c.Request().Context(), a.ID)
	if err != nil {
		return err
	}
	in, began, err := s.unpackOrBuild(ctx, c.Response(), a.ID, callerOf(c.Request()))
	done()
	if err != nil && !began.IsZero() {
		return answerJSON(c.Response(), s.notBuilt(ctx, a, err, began))
	}
	if err != nil {
		return err
	}
	view, err := s.launch(ctx, c.Response(), in.ID, in.again)
	if gone := c.Request().Context().Err(); gone != nil {
		return gone
	}
	s.active(in.ID, time.Now())
	audit.Changes(c.Request().Context(), "release", in.Release)
	out := s.outcome(ctx, in.application, view, err)
	out.Widened = in.widened
	return answerJSON(c.Response(), out)
}

// installation is an application with the release that it is to run.
type installation struct {
	application
	again   bool     // it was to run that before
	widened []string // what the release may do that the one before could not
}

// unpack makes the upload the release that is wanted.
// It continues when the client leaves: half an installation helps nobody.
// A build begins after begins was called.
func (s *Server) unpack(ctx context.Context, id ID, by caller.Caller, begins func()) (in installation, err error) {
	if err := s.admitRelease(id, by); err != nil {
		return in, err
	}
	path, _, err := s.o.Uploads.Package(string(id))
	if errors.Is(err, upload.ErrNotFound) || errors.Is(err, upload.ErrIncomplete) {
		return in, fmt.Errorf("nothing to install: %w: %w", err, api.Malformed)
	}
	if err != nil {
		return in, err
	}
	rel, err := s.release(ctx, id, path, by, begins)
	if err != nil {
		return in, err
	}
	defer s.o.Releases.Hold(rel.Hash)() // until the agent has it

	// A build takes long, so whoever might install before it is asked for again.
	if err := errors.Join(by.Still(), s.admitRelease(id, by)); err != nil {
		return in, err
	}
	if err := s.withinCeiling(rel); err != nil {
		return in, err
	}
	now := time.Now().UTC()
	in.widened = s.o.Runtime.Widening(string(id), rel)
	in.application, err = s.apps.update(id, func(a *application) {
		in.again = a.Release == rel.Hash
		a.Release, a.InstalledBy, a.InstalledAt, a.ActiveAt = rel.Hash, by.Installer, now, now
		a.Adopted, a.UnitKind = false, ""
	})
	if err != nil {
		return in, err
	}
	s.put(id)
	s.o.Log.Info(s.o.Kind.String()+" installed", "instance", id, "app_id", in.AppID, "release", rel.Hash,
		"access", rel.Asks().Access, "by", by.String(), "widened", in.widened)
	return in, nil
}

// admitRelease refuses who is not to have what the application runs with.
func (s *Server) admitRelease(id ID, by caller.Caller) error {
	a, err := s.apps.get(id)
	if err != nil {
		return err
	}
	return s.o.Runtime.Admit(agent.Admission{ID: string(id), AppID: a.AppID, By: by.Installer, Name: by.Token})
}

// withinCeiling refuses a package that asks for more than this host gives to one.
func (s *Server) withinCeiling(rel fact.Release) error {
	var faults []problem.Fault
	for _, f := range s.o.Runtime.Ceiling().Excesses(release.ManifestName, rel.Demands()) {
		faults = append(faults, problem.Fault{Pointer: release.ManifestName, Detail: f.Key + " " + f.Problem})
	}
	if len(faults) == 0 {
		return nil
	}
	detail := "package invalid: " + release.ManifestName + ": " + faults[0].Detail
	return &api.Fault{Code: api.Invalid, Detail: detail, Faults: faults}
}

// outcome says how it went. An application that did not start is not an error of the
// request: the package is installed.
func (s *Server) outcome(ctx context.Context, a application, view api.App, err error) api.InstallAnswer {
	out := api.InstallAnswer{ApplicationID: string(a.ID), Status: "installed_not_started", InstalledAt: a.InstalledAt,
		Hints: view.Hints, Withheld: view.Withheld}
	switch {
	case err == nil:
		out.Status, out.Message = "running", "running at "+view.URL
	case errors.Is(context.Cause(ctx), errSuperseded):
		out.Message = errSuperseded.Error()
	default:
		out.Message = s.explained(ctx, a, view, err)
	}
	return out
}

// explained is the failure, with how the application ended and what it said last, also of one that
// has not ended.
func (s *Server) explained(ctx context.Context, a application, view api.App, failure error) string {
	text := api.WithoutCode(failure)
	how, lines, _ := strings.Cut(view.LastExit, "\n")
	if !strings.Contains(text, how) {
		text += "\n" + how
	}
	if how == "" {
		lines = s.tail(ctx, a)
	}
	return strings.TrimSuffix(text+"\n"+lines, "\n")
}

// tail is what the application said last since its release was installed: what is older is of
// another one, and what systemd and the agent say is in the failure.
func (s *Server) tail(ctx context.Context, a application) string {
	entries, err := s.o.Logs.Tail(ctx, string(a.ID), lastLines)
	if err != nil {
		s.o.Log.Warn("end of the log could not be read", "instance", a.ID, "error", err)
	}
	var lines []string
	for _, e := range entries {
		if e.Source != logentry.System && !e.Timestamp.Before(a.InstalledAt) {
			lines = append(lines, termtext.Plain(e.Message))
		}
	}
	return strings.Join(lines, "\n")
}
