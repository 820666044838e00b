package proxy

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/proxyctl"
)

func TestHeldClientMayLeave(t *testing.T) {
	f := start(t, byHand, func(o *Options) { o.HoldTimeout = time.Minute })
	f.apply(table(proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost},
		State: proxyctl.StateStarting}))
	both(t, f, func(t *testing.T, c *http.Client) {
		ctx, cancel := context.WithCancel(context.Background())
		r, _ := http.NewRequestWithContext(ctx, "GET", "https://"+appHost+"/public/x", nil)
		done := make(chan error, 1)
		go func() {
			_, err := c.Do(r)
			done <- err
		}()
		eventually(t, "request is held", func() bool { return f.server.heldPool.Len() == 1 })
		cancel()
		<-done
		eventually(t, "nobody is held for a client that has left",
			func() bool { f.tick(1); return f.server.heldPool.Len() == 0 })
	})
}

// TestReaderThatStopsReading: a client that does not take its response is given up,
// so that it cannot keep the application's connection for ever.
func TestReaderThatStopsReading(t *testing.T) {
	f := start(t, byHand)
	cut := make(chan struct{}, 2)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				cut <- struct{}{}
				return
			}
		}
	}))))
	both(t, f, func(t *testing.T, c *http.Client) {
		r := get(t, c, "/endless")
		defer r.Body.Close()
		io.ReadFull(r.Body, make([]byte, 1000))
		tickUntil(f, "the application stops writing", cut)
	})
}

func TestTooManyHeadersOverHTTP2(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))))
	r, _ := http.NewRequest("GET", "https://"+appHost+"/x", nil)
	for i := range 200 {
		r.Header.Set("X-"+strings.Repeat("a", i+1), "1")
	}
	if resp, err := f.http(true).Do(r); err != nil || resp.StatusCode != 431 {
		t.Error(resp, err)
	}
}

// TestUnitMovesToAnotherAddress: draining a unit's id means its old address.
func TestUnitMovesToAnotherAddress(t *testing.T) {
	f := start(t)
	release := make(chan struct{})
	old := appRoute(t, http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			<-release
			io.WriteString(w, "old")
		}))
	moved := appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "new") }))
	f.apply(table(old))
	got := make(chan string, 1)
	c := f.http(false)
	go func() {
		r, err := c.Get("https://" + appHost + "/x")
		if err != nil {
			got <- err.Error()
			return
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		got <- string(b)
	}()
	eventually(t, "request at the old address", func() bool { return f.server.inFlight[0].Load() == 1 })
	f.apply(table(moved))
	drained := make(chan proxyctl.DrainResult, 1)
	go func() {
		r, _ := f.client.Drain(context.Background(), old.Target.ID, 10*time.Second)
		drained <- r
	}()
	if s := body(t, get(t, f.http(false), "/x")); s != "new" {
		t.Error(s)
	}
	close(release)
	if s, r := <-got, <-drained; s != "old" || r.TimedOut {
		t.Error(s, r)
	}
}
