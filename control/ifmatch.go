package control

import (
	"fmt"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/ifmatch"
	"github.com/nexushub/nexushub/api"
)

// conditional hands If-Match on to who makes the change. Where it would not be heeded it is refused: its
// sender relies on it.
func conditional(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		header := r.Header.Get("If-Match")
		if header == "" {
			return next(c)
		}
		if right, _ := caller.RightTo(r.Method, c.Path()); !right.Tagged {
			return fmt.Errorf("If-Match is for changes of settings, hosts and tokens: %w", api.Malformed)
		}
		c.SetRequest(r.WithContext(ifmatch.With(r.Context(), header)))
		return next(c)
	}
}

// tagged gives an answer its ETag.
func tagged(c echo.Context, tag string) { c.Response().Header().Set("ETag", tag) }
