package main

import (
	"bytes"
	"context"
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
	})
}
