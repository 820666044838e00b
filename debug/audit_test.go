package debug

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
)

// TestEachChangeIsOneLine: of all routes of both kinds, also where it is refused.
func TestEachChangeIsOneLine(t *testing.T) {
	h := newHost(t)
	_, made := h.create(`{"appId":"shop"}`)
	for _, server := range []*Server{h.server, h.deployed} {
		for _, route := range server.echo.Routes() {
			if slices.Contains([]string{"GET", "HEAD", "OPTIONS", "echo_route_not_found"}, route.Method) {
				continue
			}
			for _, who := range []caller.Caller{caller.Local(0), caller.Bearer(api.Token{ID: "v", Role: api.Viewer})} {
				var log bytes.Buffer
				trail := audit.New(slog.New(slog.NewTextHandler(&log, nil)), nil)
				path := strings.Replace(route.Path, ":id", made.ID, 1)
				r := httptest.NewRequest(route.Method, path, strings.NewReader(`{"appId":"shop"}`))
				w := httptest.NewRecorder()
				trail.Handler(server.Handler()).ServeHTTP(w, r.WithContext(caller.With(r.Context(), who)))
				got, call := log.String(), route.Method+" "+route.Path
				refused := w.Code == http.StatusForbidden && strings.Contains(got, "result=refused")
				named := server == h.deployed || route.Method == "DELETE" || strings.Contains(got, "app=shop")
				if strings.Count(got, "\n") != 1 || !strings.Contains(got, `call="`+call+`"`) ||
					refused != (who.Role == api.Viewer) || who.Role == api.Owner && !named {
					t.Errorf("%s by %q: %d %s", call, who.Installer, w.Code, got)
				}
			}
			if server == h.server && route.Method == "DELETE" || route.Method == "POST" && route.Path == "/debug/application" {
				_, made = h.create(`{"appId":"shop"}`)
			}
		}
	}
}
