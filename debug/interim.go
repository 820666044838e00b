package debug

import (
	"maps"
	"net/http"

	"github.com/labstack/echo/v4"
)

// interopVersion names the generation of the draft. While it is a draft, interim
// responses go only to clients that name the same one.
const interopVersion = "8"

// statusResumptionSupported is 104 Upload Resumption Supported, draft section 5.
const statusResumptionSupported = 104

// interim sends fields in a response before the response, to a client that speaks of
// resuming; what is prepared for the response itself stays as it is.
func interim(c echo.Context, fields http.Header) {
	asked := c.Request().Header
	if asked.Get(fieldComplete) == "" || asked.Get(fieldInterop) != interopVersion {
		return
	}
	w := c.Response().Writer
	prepared := maps.Clone(w.Header())
	clear(w.Header())
	maps.Copy(w.Header(), fields)
	w.Header().Set(fieldInterop, interopVersion)
	w.WriteHeader(statusResumptionSupported)
	clear(w.Header())
	maps.Copy(w.Header(), prepared)
}
