package main

import (
	"context"
	"fmt"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

// waitingInterval is how long somebody may wait without being told anything.
const waitingInterval = 3 * time.Second

// reportWaiting says what an application waits for, each time that this changes, until
// stop is called.
func reportWaiting(ctx context.Context, out *output.Printer,
	getApp func(context.Context, string) (api.App, error), app string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(waitingInterval)
		defer tick.Stop()
		reported, told := "", fmt.Sprint([]api.Hint(nil))
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			a, err := getApp(ctx, app)
			status, hints := fmt.Sprint(a.State, a.Why), fmt.Sprint(a.Hints)
			if err != nil || status+hints == reported+told {
				continue
			}
			if hints == told {
				a.Hints = nil
			}
			out.Waiting(a)
			reported, told = status, hints
		}
	}()
	return func() { cancel(); <-done }
}
