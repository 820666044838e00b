package proxy_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
)

const (
	guestID   = "aaaaaaaa-0000-4000-8000-000000000004"
	patiently = "idle_timeout = \"10m\"\n"
)

// TestGatesKeepOldConnections: what a client holds for minutes is cut by neither gate of a guest: not a request of
// 100 s, not a WebSocket that is silent for 200 s, each of which goes in by one gate and out by the other. (PID 1 ends
// a service that it takes for one that still starts after 90 s.) Both wait while the other tests of this package run.
func TestGatesKeepOldConnections(t *testing.T) {
	held := map[lab.Suite]chan error{}
	for _, s := range lab.Suites {
		h := install(t, s)
		h.deploy(t,
			application{name: "web", id: webID, pkg: appPackage(t, patiently+"env = { LABEL = \"web\" }\n", nil)},
			application{name: "guest", id: guestID, pkg: appPackage(t,
				patiently+"network = \"guest\"\nenv = { RELAY_TO = \""+webID+"\" }\n", nil)})
		socket, err := h.openWebSocketAt(t.Context(), h.tlsConfig(t), "guest", "/public/relay/public/ws")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { socket.Close() })
		held[s] = make(chan error, 2)
		go func() { held[s] <- h.holdsRequest(t, 100*time.Second) }()
		go func() { held[s] <- socket.holds(200 * time.Second) }()
	}
	t.Parallel()
	for _, s := range lab.Suites {
		if err := errors.Join(<-held[s], <-held[s]); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// holdsRequest sends a request that is answered so much later.
func (h *host) holdsRequest(t *testing.T, later time.Duration) error {
	c := *h.h1
	c.Timeout = 2 * later
	url := fmt.Sprintf("https://guest.%s%s/public/relay/public/slow?ms=%d", domain, port, later.Milliseconds())
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	got, err := send(&c, r)
	if err == nil && (got.StatusCode != http.StatusOK || got.body != "web\n") {
		err = fmt.Errorf("status %d: %s", got.StatusCode, got.body)
	}
	if err != nil {
		return fmt.Errorf("a request of %s: %w", later, err)
	}
	return nil
}

// holds is silent for so long and echoes afterwards.
func (w *webSocket) holds(silent time.Duration) error {
	w.SetDeadline(time.Now().Add(silent))
	if op, payload, err := w.receive(); !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("a silent WebSocket: frame %d %q, %w", op, payload, err)
	}
	w.SetDeadline(time.Now().Add(time.Minute))
	if err := w.echo("still there"); err != nil {
		return fmt.Errorf("a WebSocket that was silent for %s: %w", silent, err)
	}
	return nil
}
