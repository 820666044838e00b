package debug

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/api"
)

// list is not an activity: a dashboard that polls it must not keep all alive.
func (s *Server) list(c echo.Context) error {
	all := []api.DebugApplication{}
	who := callerOf(c.Request())
	for _, a := range s.apps.all() {
		if sees(who, a) {
			all = append(all, s.describe(a))
		}
	}
	return c.JSON(http.StatusOK, all)
}

func (s *Server) describe(a application) api.DebugApplication {
	v := s.view(a)
	return api.DebugApplication{
		ID: string(a.ID), AppID: a.AppID, DisplayName: a.DisplayName, HostName: a.HostName, DBName: a.DBName,
		StaticServiceURL: a.StaticServiceURL, Status: v.status(), CreatedAt: a.CreatedAt, ExpiresAt: s.expiry(a),
		Since: v.since(), Restarts: v.now.Restarts,
	}
}

// find reads the application that a request names.
func (s *Server) find(c echo.Context) (application, error) {
	id, err := parseID(c.Param("id"))
	if err != nil {
		return application{}, err
	}
	return s.apps.get(id)
}
