package control

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/api"
)

func (h *handlers) secrets(c echo.Context) error {
	app, err := h.Applications.App(param(c, "app"))
	if err != nil {
		return err
	}
	out, err := h.Secrets.Secrets(app.ID)
	return list(c, out, err)
}

func (h *handlers) setSecret(c echo.Context) error {
	var s api.NewSecret
	app, err := h.Applications.App(param(c, "app"))
	if err == nil {
		err = c.Bind(&s)
	}
	if err == nil {
		err = h.Secrets.SetSecret(c.Request().Context(), app.ID, s)
	}
	return empty(c, err)
}

func (h *handlers) removeSecret(c echo.Context) error {
	app, err := h.Applications.App(param(c, "app"))
	if err == nil {
		err = h.Secrets.RemoveSecret(c.Request().Context(), app.ID, param(c, "name"))
	}
	return empty(c, err)
}

func (h *handlers) tokens(c echo.Context) error {
	out, err := h.Tokens.List()
	return list(c, out, err)
}

func (h *handlers) createToken(c echo.Context) error {
	var t api.NewToken
	if err := c.Bind(&t); err != nil {
		return err
	}
	if t.Name == "" {
		return fmt.Errorf("name: must not be empty: %w", api.Invalid)
	}
	issued, err := h.Tokens.Create(t)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusCreated, issued)
}

func (h *handlers) revokeToken(c echo.Context) error {
	return empty(c, h.Tokens.Revoke(param(c, "id")))
}

func empty(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
