package debug

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/api"
)

// signOfLife is sent while an installation takes long: proxies on the way give up on
// an answer that is silent for a minute, and an application may take longer to start.
const signOfLife = 15 * time.Second

// launch waits for the application. White space before the JSON keeps the answer alive;
// from then on it is a 200, which it would be in any case.
func (s *Server) launch(ctx context.Context, w *echo.Response, id ID, again bool) (view api.App, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		view, err = s.o.Runtime.Launch(ctx, string(id), again)
	}()
	keepAlive(w, done)
	return view, err
}

// keepAlive shows signs of life until done.
func keepAlive(w *echo.Response, done <-chan struct{}) {
	tick := time.NewTicker(signOfLife)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			beginJSON(w)
			_, _ = w.Write([]byte("\n")) // a client that has left ends ctx
			w.Flush()
		}
	}
}

func beginJSON(w *echo.Response) {
	if !w.Committed {
		w.Header().Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
		w.WriteHeader(http.StatusOK)
	}
}

// answerJSON ends an answer that may have begun.
func answerJSON(w *echo.Response, v any) error {
	beginJSON(w)
	return json.NewEncoder(w).Encode(v)
}
