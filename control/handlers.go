package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/journal"
)

type handlers struct{ Deps }

func (h *handlers) register(g *echo.Group) {
	g.GET("/openapi.json", h.openAPI)
	g.GET("/me", h.me)
	g.GET("/apps", h.apps)
	g.GET("/apps/:app", h.app)
	g.POST("/apps/:app/start", h.verb(h.Operator.StartApp))
	g.POST("/apps/:app/stop", h.verb(h.Operator.StopApp))
	g.POST("/apps/:app/restart", h.verb(h.Operator.RestartApp))
	g.POST("/apps/:app/keep", h.keep)
	g.POST("/apps/:app/adopt-data", h.adoptData)
	g.GET("/apps/:app/logs", h.logs)
	g.GET("/apps/:app/releases", h.releases)
	g.POST("/apps/:app/rollback", h.rollback)
	g.GET("/apps/:app/settings", h.settings)
	g.PATCH("/apps/:app/settings", h.changeSettings)
	g.GET("/apps/:app/hosts", h.hosts)
	g.POST("/apps/:app/hosts", h.addHost)
	g.DELETE("/apps/:app/hosts/:host", h.removeHost)
	g.GET("/apps/:app/jobs", h.jobs)
	g.POST("/apps/:app/jobs/:job/run", h.runJob)
	g.GET("/apps/:app/explain", h.explain)
	g.POST("/apps/:app/exec", h.execLine)
	g.GET("/apps/:app/secrets", h.secrets)
	g.PUT("/apps/:app/secrets", h.setSecret)
	g.POST("/apps/:app/secrets", h.setSecrets)
	g.DELETE("/apps/:app/secrets/:name", h.removeSecret)
	g.GET("/logs", h.allLogs)
	g.GET("/audit", h.audit)
	g.GET("/figures", h.hostFigures)
	g.GET("/apps/:app/figures", h.appFigures)
	g.GET("/events", h.events)
	g.GET("/plan", h.plan)
	g.GET("/routes", h.routes)
	g.GET("/certs", h.certs)
	g.GET("/system", h.system)
	g.GET("/waiting", h.waiting)
	g.GET("/tokens", h.tokens)
	g.POST("/tokens", h.createToken)
	g.DELETE("/tokens/:id", h.revokeToken)
	g.POST("/stop-all", h.stopAll)
}

// me says what a caller may do, so that a client need not try.
func (h *handlers) me(c echo.Context) error {
	who := callerOf(c)
	return answer(c, api.Me{
		By: string(who.Installer), Token: who.Token, Role: who.Role, Applications: who.Applications, ExpiresAt: who.ExpiresAt,
	}, nil)
}

// verb is start, stop and restart.
func (h *handlers) verb(do func(ctx context.Context, ref string) (api.App, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		app, err := do(c.Request().Context(), param(c, "app"))
		return answer(c, app, err)
	}
}

// keep answers the application also where it is permanent already.
func (h *handlers) keep(c echo.Context) error {
	app, err := h.Applications.App(param(c, "app"))
	switch {
	case err != nil:
		return err
	case app.Kind == plan.KindDebug:
		err = h.Keeper.Keep(app.ID)
	case app.Kind != plan.KindDeployed:
		err = fmt.Errorf("%s is a %s application, which does not expire: %w", app.Name, app.Kind, api.Conflict)
	}
	if err == nil {
		app, err = h.Applications.App(app.ID)
	}
	return answer(c, app, err)
}

func (h *handlers) adoptData(c echo.Context) error {
	var req api.AdoptDataRequest
	if err := c.Bind(&req); err != nil {
		return err
	}
	app, err := h.Data.AdoptData(c.Request().Context(), param(c, "app"), req.Discard)
	return answer(c, app, err)
}

// logs also answers for an instance that is gone, as long as its id is given.
func (h *handlers) logs(c echo.Context) error {
	ref := param(c, "app")
	app, err := h.Applications.App(ref)
	if id, parsed := uuid.Parse(ref); errors.Is(err, api.NotFound) && parsed == nil {
		app, err = api.App{ID: id.String()}, nil
	}
	if err != nil {
		return err
	}
	return h.serveLogs(c, app.ID)
}

func (h *handlers) allLogs(c echo.Context) error { return h.serveLogs(c, "") }

func (h *handlers) serveLogs(c echo.Context, instance string) error {
	q, format, err := journal.ParseRequest(c.Request(), instance)
	if err != nil {
		return err
	}
	return h.Logs.Serve(c.Response(), c.Request(), q, format)
}

func (h *handlers) releases(c echo.Context) error {
	out, err := h.Releases.AppReleases(param(c, "app"))
	return list(c, out, err)
}

func (h *handlers) rollback(c echo.Context) error {
	var req api.RollbackRequest
	if err := c.Bind(&req); err != nil {
		return err
	}
	audit.Changes(c.Request().Context(), "release", req.Release)
	app, err := h.Releases.Rollback(c.Request().Context(), param(c, "app"), req.Release)
	return answer(c, app, err)
}

func (h *handlers) explain(c echo.Context) error {
	out, err := h.Explainer.Explain(c.Request().Context(), param(c, "app"), c.QueryParam("process"))
	return answer(c, out, err)
}

func (h *handlers) execLine(c echo.Context) error {
	var req api.ExecRequest
	if err := c.Bind(&req); err != nil {
		return err
	}
	if len(req.Command) == 0 {
		return fmt.Errorf("no command: %w", api.Invalid)
	}
	out, err := h.Explainer.ExecLine(c.Request().Context(), param(c, "app"), req)
	return answer(c, out, err)
}

func (h *handlers) plan(c echo.Context) error {
	names := h.grantedNames()
	tasks := granted(c, h.Applications.Plan(), func(t api.Task) string { return names[t.Instance] })
	return list(c, tasks, nil)
}

func (h *handlers) system(c echo.Context) error {
	out, err := h.Applications.System(c.Request().Context())
	return answer(c, out, err)
}

func (h *handlers) waiting(c echo.Context) error {
	out, err := h.Files.Waiting(c.Request().Context())
	return list(c, out, err)
}

func (h *handlers) stopAll(c echo.Context) error {
	if err := h.Operator.StopAll(c.Request().Context()); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (h *handlers) appFigures(c echo.Context) error {
	out, err := h.Applications.AppFigures(param(c, "app"))
	return answer(c, out, err)
}

func (h *handlers) hostFigures(c echo.Context) error {
	return answer(c, h.Applications.HostFigures(), nil)
}

func answer(c echo.Context, v any, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

// list answers [] for nothing, never null.
func list[T any](c echo.Context, v []T, err error) error {
	if v == nil {
		v = []T{}
	}
	return answer(c, v, err)
}

// param undoes the escaping that echo leaves in where the path needs it.
func param(c echo.Context, name string) string {
	v := c.Param(name)
	if c.Request().URL.RawPath == "" {
		return v
	}
	if plain, err := url.PathUnescape(v); err == nil {
		return plain
	}
	return v
}
