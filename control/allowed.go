package control

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/internal/apiserver"
)

// allowed refuses what the caller has no right to. What follows gets the application by its
// id where only some are granted, so that a name cannot come to mean another meanwhile.
func (h *handlers) allowed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		who := callerOf(c)
		h.note(c)
		right, err := who.May(c.Request().Method, c.Path())
		switch {
		case who.Known() && apiserver.IsWrongMethod(c):
			return next(c)
		case err != nil:
			return err
		}
		if who.MustCover(right) && slices.Contains(c.ParamNames(), "app") {
			ref := param(c, "app")
			app, err := h.Applications.App(ref)
			if err != nil || !who.Covers(caller.Granted(app)) {
				return who.Refuse(ref)
			}
			setParam(c, "app", app.ID)
		}
		return next(c)
	}
}

// note tells the audit trail which call it is, and about which application.
func (h *handlers) note(c echo.Context) {
	ctx := c.Request().Context()
	audit.Route(ctx, c.Path())
	if !audit.Audited(ctx) || !slices.Contains(c.ParamNames(), "app") {
		return
	}
	if app, err := h.Applications.App(param(c, "app")); err == nil {
		audit.About(ctx, caller.Granted(app), app.ID)
	}
}

func callerOf(c echo.Context) caller.Caller { return caller.Of(c.Request().Context()) }

func setParam(c echo.Context, name, value string) {
	values := slices.Clone(c.ParamValues())
	values[slices.Index(c.ParamNames(), name)] = value
	c.SetParamValues(values...)
}

// granted leaves in a list what the caller may see of it.
func granted[T any](c echo.Context, list []T, application func(T) string) []T {
	who := callerOf(c)
	return slices.DeleteFunc(list, func(v T) bool { return !who.Covers(application(v)) })
}

// whoAsks says in the log who it was.
func whoAsks(r *http.Request) []any {
	who := caller.Of(r.Context())
	if p, ok := apiserver.PeerOf(r); ok && who.OnSocket {
		return []any{"uid", p.UID, "pid", p.PID}
	}
	return []any{"by", string(who.Installer), "token", who.Token}
}
