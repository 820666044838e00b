package control

import (
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/apiserver"
)

// rootOnly guards what a member of the group must not do.
func rootOnly(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		p, ok := apiserver.PeerOf(c.Request())
		switch {
		case !ok:
			return fmt.Errorf("unknown caller: %w", api.Forbidden)
		case p.UID != 0:
			return fmt.Errorf("only root may do this, not uid %d: %w", p.UID, api.Forbidden)
		}
		return next(c)
	}
}

// caller is who asks, in the log.
func caller(r *http.Request) []any {
	p, _ := apiserver.PeerOf(r)
	return []any{"uid", p.UID, "pid", p.PID}
}
