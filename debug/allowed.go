package debug

import (
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/apiserver"
)

// allowed refuses what the caller has no right to. Which application a creation is about only
// its body says: see create.
func (s *Server) allowed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		who := callerOf(c.Request())
		s.tell(c)
		right, err := who.May(c.Request().Method, c.Path())
		switch {
		case who.Known() && apiserver.IsWrongMethod(c):
			return next(c)
		case err != nil:
			return err
		}
		if who.MustCover(right) && slices.Contains(c.ParamNames(), "id") {
			if a, err := s.find(c); err != nil || !who.Covers(a.AppID) {
				return who.Refuse(c.Param("id"))
			}
		}
		return next(c)
	}
}

// tell tells the audit trail which call it is, and about which application.
func (s *Server) tell(c echo.Context) {
	ctx := c.Request().Context()
	audit.Route(ctx, c.Path())
	if a, err := s.find(c); err == nil {
		audit.About(ctx, a.AppID, string(a.ID))
	}
}

// sees says whether a list has the application for the caller. A token without a role sees all.
func sees(who caller.Caller, a application) bool { return who.Role == "" || who.Covers(a.AppID) }

// ownerOf is whose share of the host what a caller brings takes; empty: an operator's, who has no
// share of his own.
func ownerOf(who caller.Caller) string {
	if _, token := who.TokenID(); !who.Role.Includes(api.Operator) && (token || who.Installer == audience.Access) {
		return string(who.Installer)
	}
	return ""
}

func callerOf(r *http.Request) caller.Caller { return caller.Of(r.Context()) }
