package proxy_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
	"golang.org/x/sync/errgroup"
)

const manyWebSockets = 1000

// TestDeploy: a new revision replaces the old one without a failed request. What is in flight
// finishes at the old one, its WebSockets are told to come back, those of others stay.
func TestDeploy(t *testing.T) {
	two := func(t *testing.T) []application {
		return append(web(t), application{name: "other", id: otherID,
			pkg: appPackage(t, "env = { LABEL = \"other\" }\n", nil)})
	}
	onSuites(t, two, func(t *testing.T, h *host) {
		h.Write(t, "/etc/nexushub/conf.d/drain.toml", "[proxy]\ndrain_timeout = \"3s\"\n")
		h.Must(t, "systemctl", "restart", "nexushubd", "nexushub-proxy")
		h.awaitReady(t, webID)
		others := h.manyWebSockets(t, "other")
		own, err := h.openWebSocket(t.Context(), h.tlsConfig(t), "web")
		if err != nil {
			t.Fatal(err)
		}
		defer own.Close()
		old := h.target(t, webID)
		slow := make(chan string, 1)
		go func() {
			a, err := try(t.Context(), h.h2, "GET", "web", "/public/slow?ms=2000", "")
			slow <- fmt.Sprint(strings.TrimSpace(a.body), " ", err)
		}()
		h.inFlight(t, old)
		h.underLoad(t, 200, "/public/x", func(func()) { h.replaceWeb(t, old) })
		if got := <-slow; got != "one <nil>" {
			t.Errorf("the request in flight got %q", got)
		}
		if code, err := own.closeCode(); code != 1012 || err != nil {
			t.Errorf("the replaced revision's WebSocket got %d, %v", code, err)
		}
		for i, w := range others {
			if err := w.echo("still here"); err != nil {
				t.Fatalf("WebSocket %d of another application: %v", i, err)
			}
		}
	})
}

// replaceWeb changes the configuration and waits for the new revision alone to be left.
func (h *host) replaceWeb(t *testing.T, old string) {
	h.deploy(t, application{name: "web", id: webID, config: "package = \"/srv/web\"\nenv = { LABEL = \"two\" }\n"})
	lab.Within(t, soon, "requests reach the new revision", func() error {
		e := do(t, h.h1, "GET", "web", "/public/x", "").echo(t)
		if e.Label != "two" || h.target(t, webID) == old {
			return fmt.Errorf("%s answers, route to %s", e.Label, h.target(t, webID))
		}
		return nil
	})
	lab.Within(t, soon, "the old revision has ended", func() error {
		if h.Must(t, "systemctl", "list-units", "--plain", "--no-legend", old) != "" {
			return fmt.Errorf("%s is there", old)
		}
		return nil
	})
}

// inFlight returns once a request is.
func (h *host) inFlight(t *testing.T, target string) {
	lab.Within(t, soon, "a request is in flight", func() error {
		for _, x := range h.routes(t).Targets {
			if x.ID == target && x.InFlight > x.Streams {
				return nil
			}
		}
		return fmt.Errorf("none is")
	})
}

func (h *host) manyWebSockets(t *testing.T, name string) []*webSocket {
	t.Helper()
	all := make([]*webSocket, manyWebSockets)
	config := h.tlsConfig(t)
	var g errgroup.Group
	g.SetLimit(8)
	for i := range all {
		g.Go(func() (err error) {
			all[i], err = h.openWebSocket(t.Context(), config, name)
			if err == nil {
				err = all[i].echo(http.MethodGet)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, w := range all {
			w.Close()
		}
	})
	return all
}
