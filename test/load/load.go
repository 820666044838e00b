// Package load sends requests at a fixed rate, whether answers come or not (an open
// loop), so that a stall shows as late answers instead of as fewer requests.
package load

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a run.
type Options struct {
	URL     string
	Rate    int            // requests per second
	Clients []*http.Client // used in turn; their timeout bounds a request
	Pending *atomic.Int64  // counts the requests that are not answered yet; may be nil
}

// Run sends until ctx ends, waits for the answers that are due, and reports. Requests
// are not cut short by ctx.
func Run(ctx context.Context, o Options) Result {
	var (
		r       recorder
		pending sync.WaitGroup
		start   = time.Now()
		every   = time.Second / time.Duration(o.Rate)
		tick    = time.NewTimer(0)
		waiting = cmp.Or(o.Pending, new(atomic.Int64))
	)
	defer tick.Stop()
	for n := 0; ; n++ {
		due := start.Add(time.Duration(n) * every)
		tick.Reset(time.Until(due))
		select {
		case <-ctx.Done():
			pending.Wait()
			return r.result(time.Since(start))
		case <-tick.C:
		}
		client := o.Clients[n%len(o.Clients)]
		waiting.Add(1)
		pending.Go(func() {
			defer waiting.Add(-1)
			status, err := get(context.WithoutCancel(ctx), client, o.URL)
			r.add(status, err, time.Since(due))
		})
	}
}

func get(ctx context.Context, client *http.Client, url string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}
