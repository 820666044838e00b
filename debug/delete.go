package debug

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/internal/beneath"
)

func (s *Server) delete(c echo.Context) error {
	a, err := s.find(c)
	if err != nil {
		return err
	}
	if err := s.o.Runtime.AdmitRemoval(c.Request().Context(), string(a.ID), a.AppID); err != nil {
		return err
	}
	withData, err := strconv.ParseBool(cmp.Or(c.QueryParam("data"), "false"))
	if err != nil {
		return badField("data", "must be true or false")
	}
	if withData {
		audit.Changes(c.Request().Context(), "", "data")
	}
	if withData && s.o.Runtime.HasData(string(a.ID)) {
		if err := s.apps.dropped.begin(a.ID); err != nil {
			return err
		}
	}
	if err := s.apps.remove(a.ID); err != nil {
		return err
	}
	s.o.Log.Info(s.o.Kind.String()+" deleted", "instance", a.ID, "app_id", a.AppID, "with_data", withData)
	if err := s.dispose(c.Request().Context(), a.ID); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// dispose removes what belongs to an application that has left the registry: whatever
// happens now, it does not come back. It continues when the client leaves.
func (s *Server) dispose(ctx context.Context, id ID) error {
	s.installs.forget(id)
	err := s.o.Uploads.Discard(string(id))
	err = errors.Join(err, s.end(context.WithoutCancel(ctx), id))
	if s.o.Builds != nil {
		err = errors.Join(err, s.o.Builds.Forget(string(id)))
	}
	select {
	case s.gone <- struct{}{}:
	default:
	}
	return err
}

// removeState removes what the application wrote. A failure here does not mean that the
// application is still there.
func (s *Server) removeState(id ID) {
	for _, dir := range s.o.StateIn {
		if err := removeBelow(dir, string(id)); err != nil {
			s.o.Log.Error("state of a deleted application could not be removed", "instance", id, "error", err)
		}
	}
}

// removeBelow removes what an application may have filled with links while it ran.
func removeBelow(dir, name string) error {
	d, err := beneath.Folder(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(d.RemoveAll(name), d.Close())
}
