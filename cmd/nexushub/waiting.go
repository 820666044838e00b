package main

import (
	"context"
	"time"

	"github.com/nexushub/nexushub/api"
)

// waitingEvery is how long somebody may wait without a word.
const waitingEvery = 3 * time.Second

// tellWaiting says what an application waits for, each time that this changes, until
// stop is called.
func (c *cli) tellWaiting(ctx context.Context, look func(context.Context, string) (api.App, error), app string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(waitingEvery)
		defer tick.Stop()
		var told string
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			a, err := look(ctx, app)
			if word := string(a.State) + a.Why; err == nil && word != told {
				c.out.Waiting(a)
				told = word
			}
		}
	}()
	return func() { cancel(); <-done }
}
