package debug

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
)

func TestSlowInstallationShowsSignsOfLife(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := serverForSweep(t, dir)
		runtime := s.o.Runtime.(*fakeRuntime)
		runtime.Put(plan.Instance{ID: "a", HostName: "a.debug", Release: "r"})
		runtime.hold = func(context.Context) error { time.Sleep(100 * time.Second); return nil }
		recorder := httptest.NewRecorder()
		w := echo.NewResponse(recorder, s.echo)
		view, err := s.launch(t.Context(), w, "a", false)
		if err == nil {
			err = answerJSON(w, s.outcome(t.Context(), application{ID: "a", Release: "r"}, view, err))
		}
		var out api.InstallAnswer
		body := recorder.Body.String()
		if e := json.Unmarshal([]byte(body), &out); err != nil || e != nil || out.Status != "running" ||
			!strings.HasPrefix(body, "\n\n\n\n\n\n{") {
			t.Errorf("got %q, %v, %v", body, err, e)
		}
	})
}
