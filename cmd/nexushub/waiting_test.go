package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

func TestTellsWhatItWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		printer := &output.Printer{Stderr: &out}
		app := api.App{Name: "shop", State: api.StateStarting, Why: "healthy; the proxy has not accepted its route yet"}
		getApp := func(context.Context, string) (api.App, error) { return app, nil }
		stop := reportWaiting(t.Context(), printer, getApp, "shop")
		time.Sleep(2 * time.Second)
		stop()
		if out.Len() > 0 {
			t.Errorf("said %q before anybody wondered", out.String())
		}
		stop = reportWaiting(t.Context(), printer, getApp, "shop")
		time.Sleep(time.Minute)
		stop()
		if want := "waiting: shop is starting: healthy; the proxy has not accepted its route yet\n"; out.String() != want {
			t.Errorf("said %q, want %q once", out.String(), want)
		}
		out.Reset()
		calls := 0
		hinted := func(context.Context, string) (api.App, error) {
			if calls++; calls == 2 {
				app.Hints = []api.Hint{{Name: "other-port", Means: "it listens on port 3000", Write: "listen on $PORT"}}
			}
			return app, nil
		}
		stop = reportWaiting(t.Context(), printer, hinted, "shop")
		time.Sleep(time.Minute)
		stop()
		if got := out.String(); strings.Count(got, "waiting: ") != 2 ||
			!strings.HasSuffix(got, "\nhint: it listens on port 3000\nwrite: listen on $PORT\n") {
			t.Errorf("said %q", got)
		}
	})
}
