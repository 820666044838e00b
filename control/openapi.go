package control

import (
	_ "embed"
	"net/http"

	"github.com/labstack/echo/v4"
)

// openAPIDocument describes /v1. A test makes it of the routes, the rights and the wire types.
//
//go:embed openapi.json
var openAPIDocument []byte

func (h *handlers) openAPI(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/json", openAPIDocument)
}
