package control

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/api"
)

func (h *handlers) secrets(c echo.Context) error {
	app, err := h.Applications.App(param(c, "app"))
	if err != nil {
		return err
	}
	out, err := h.Secrets.Secrets(app.ID)
	for i := range out {
		if err == nil {
			out[i].For, err = h.named(out[i].For)
		}
	}
	return list(c, out, err)
}

func (h *handlers) setSecret(c echo.Context) error {
	var s api.NewSecret
	return h.setAll(c, &s, func() []api.NewSecret { return []api.NewSecret{s} })
}

// setSecrets sets several, all or none: the application is replaced once.
func (h *handlers) setSecrets(c echo.Context) error {
	var body api.NewSecrets
	return h.setAll(c, &body, func() []api.NewSecret { return body.Secrets })
}

func (h *handlers) setAll(c echo.Context, body any, list func() []api.NewSecret) error {
	id, err := h.receiver(param(c, "app"))
	if err == nil {
		err = c.Bind(body)
	}
	if err != nil {
		return err
	}
	all := list()
	for i := range all {
		s := &all[i]
		audit.Changes(c.Request().Context(), "secret", s.Name)
		if len(s.For) > 0 {
			if s.For, err = h.audience(s.For); err != nil {
				return err
			}
		}
		if s.Value, err = s.Bytes(); err != nil {
			return err
		}
	}
	return empty(c, h.Secrets.SetSecrets(c.Request().Context(), id, all...))
}

// receiver is who gets a secret: an application, or by its id one that has no release yet.
func (h *handlers) receiver(ref string) (id string, err error) {
	app, err := h.Applications.App(ref)
	if errors.Is(err, api.NotFound) && h.Created(ref) {
		return ref, nil
	}
	return app.ID, err
}

// audience finds the tokens among the words. They are kept by id: a name can be given
// again.
func (h *handlers) audience(words []string) ([]string, error) {
	out := slices.Clone(words)
	for i, word := range words {
		if _, err := audience.New([]string{word}); err == nil {
			continue
		}
		tokens, err := h.Tokens.List()
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(tokens, func(t api.Token) bool { return t.ID == word || t.Name == word })
		if at < 0 {
			return nil, fmt.Errorf("for: %q %w; nexushub token list names the tokens: %w",
				word, audience.ErrInvalid, api.Invalid)
		}
		out[i] = string(audience.Token(tokens[at].ID))
	}
	return out, nil
}

// named puts names for the ids of tokens; of one that was revoked the id is all there is.
func (h *handlers) named(words []string) ([]string, error) {
	out := slices.Clone(words)
	for i, word := range words {
		id, ok := audience.Installer(word).TokenID()
		if !ok {
			continue
		}
		tokens, err := h.Tokens.List()
		if err != nil {
			return nil, err
		}
		out[i] = id
		if at := slices.IndexFunc(tokens, func(t api.Token) bool { return t.ID == id }); at >= 0 {
			out[i] = tokens[at].Name
		}
	}
	return out, nil
}

func (h *handlers) removeSecret(c echo.Context) error {
	audit.Changes(c.Request().Context(), "secret", param(c, "name"))
	app, err := h.Applications.App(param(c, "app"))
	if err == nil {
		err = h.Secrets.RemoveSecret(c.Request().Context(), app.ID, param(c, "name"))
	}
	return empty(c, err)
}

func (h *handlers) tokens(c echo.Context) error {
	tagged(c, h.Tokens.Tag())
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
	audit.Changes(c.Request().Context(), "token", t.Name)
	issued, err := h.Tokens.Create(c.Request().Context(), t)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.JSON(http.StatusCreated, issued)
}

func (h *handlers) revokeToken(c echo.Context) error {
	audit.Changes(c.Request().Context(), "token", param(c, "id"))
	return empty(c, h.Tokens.Revoke(c.Request().Context(), param(c, "id")))
}

func empty(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
