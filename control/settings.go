package control

import (
	"encoding/json"

	"github.com/labstack/echo/v4"
)

func (h *handlers) settings(c echo.Context) error {
	out, err := h.Settings.Settings(param(c, "app"))
	return answer(c, out, err)
}

// changeSettings takes a JSON merge patch, whatever the client calls its media type.
func (h *handlers) changeSettings(c echo.Context) error {
	var patch json.RawMessage
	if err := c.Echo().JSONSerializer.Deserialize(c, &patch); err != nil {
		return err
	}
	out, err := h.Settings.ChangeSettings(c.Request().Context(), param(c, "app"), patch)
	return answer(c, out, err)
}
