package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// streaming: what the application sends arrives at once, and it learns at once that a
// client has left.
func streaming(t *testing.T, h *host) {
	for protocol, c := range map[string]*http.Client{"h1": h.h1, "h2": h.h2} {
		t.Run(protocol, func(t *testing.T) {
			before := do(t, c, "GET", "web", "/public/left", "").body
			firstEvent(t, c)
			lab.Within(t, soon, "the application learns that its client left", func() error {
				if after := do(t, c, "GET", "web", "/public/left", "").body; after == before {
					return fmt.Errorf("still %s left", strings.TrimSpace(after))
				}
				return nil
			})
			trailers(t, c)
			if got := do(t, c, "POST", "web", "/public/x", "hello", "Expect",
				"100-continue").body; !strings.Contains(got, `"body":"hello"`) {
				t.Errorf("Expect: 100-continue: %s", got)
			}
		})
	}
}

// firstEvent reads one event of a stream that never ends on its own.
func firstEvent(t *testing.T, c *http.Client) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://web."+domain+port+"/public/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip, br")
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	if err != nil || line != "data: first\n" || resp.Header.Get("Content-Encoding") != "" {
		t.Errorf("event %q, %v, %v", line, err, resp.Header)
	}
}

func trailers(t *testing.T, c *http.Client) {
	got := do(t, c, "GET", "web", "/public/trailer", "", "TE", "trailers")
	if got.Trailer.Get("X-Sum") != "42" {
		t.Errorf("trailers: %v, body %q", got.Trailer, got.body)
	}
}
