package control

import (
	"fmt"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/shell"
)

func (h *handlers) hosts(c echo.Context) error {
	app, err := h.Applications.App(param(c, "app"))
	if err == nil && app.Kind == plan.KindDeployed {
		tag, err := h.Hosts.HostsTag(app.ID)
		if err != nil {
			return err
		}
		tagged(c, tag)
	}
	return list(c, app.Hosts, err)
}

func (h *handlers) addHost(c echo.Context) error {
	var n api.NewAppHost
	if err := c.Bind(&n); err != nil {
		return err
	}
	audit.Changes(c.Request().Context(), "host", n.Host)
	return h.changeHosts(c, func(id string) error { return h.Hosts.AddHost(c.Request().Context(), id, n) })
}

func (h *handlers) removeHost(c echo.Context) error {
	host := param(c, "host")
	audit.Changes(c.Request().Context(), "host", host)
	return h.changeHosts(c, func(id string) error { return h.Hosts.RemoveHost(c.Request().Context(), id, host) })
}

// changeHosts changes those of a deployed application; who lists another one names its hosts.
func (h *handlers) changeHosts(c echo.Context, change func(id string) error) error {
	app, err := h.Applications.App(param(c, "app"))
	switch {
	case err != nil:
		return err
	case app.Kind == plan.KindDeployed:
		err = change(app.ID)
	case app.Kind == plan.KindStatic:
		err = fmt.Errorf("%s is static: write hosts and aliases into %s and run systemctl reload nexushubd: %w",
			app.Name, h.Applications.FileOf(app.ID), api.Conflict)
	case app.Kind == plan.KindDynamic:
		err = fmt.Errorf("%s is dynamic: the admin application gives it its one host name: %w", app.Name, api.Conflict)
	default:
		err = fmt.Errorf("%s is a %s application, which has one host name and expires; %s makes it permanent: %w",
			app.Name, app.Kind, shell.Command("nexushub keep", app.Name), api.Conflict)
	}
	if err != nil {
		return err
	}
	return h.hosts(c)
}
