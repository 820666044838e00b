package control

import (
	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/audit"
)

func (h *handlers) jobs(c echo.Context) error {
	out, err := h.Jobs.Jobs(param(c, "app"))
	return list(c, out, err)
}

func (h *handlers) runJob(c echo.Context) error {
	audit.Changes(c.Request().Context(), "job", param(c, "job"))
	out, err := h.Jobs.RunJob(c.Request().Context(), param(c, "app"), param(c, "job"))
	return answer(c, out, err)
}
