package api

import (
	"context"
	"net/url"
)

// FollowBuild prints what a build of the application prints, until stop is called, and then the rest
// of it; stop says whether there was anything. An agent that knows no builds is asked in vain.
func (d Deployments) FollowBuild(ctx context.Context, id string, print func(line string)) (stop func() (shown bool)) {
	after, err := d.lastOfBuilds(ctx, id)
	if err != nil {
		return func() bool { return false }
	}
	shown := false
	read := func(ctx context.Context, follow string) {
		q := url.Values{"build": {"1"}, "lines": {"all"}, "follow": {follow}}
		for e, err := range d.Logs(ctx, id, q, after) {
			if err != nil {
				return
			}
			if e.Entry != nil && e.Entry.Source != LogSystem {
				print(e.Entry.Message)
				after, shown = e.Entry.ID, true
			}
		}
	}
	followed, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		read(followed, "true")
	}()
	return func() bool {
		cancel()
		<-done
		read(ctx, "false")
		return shown
	}
}

// lastOfBuilds is the id of the last line of the builds before.
func (d Deployments) lastOfBuilds(ctx context.Context, id string) (last string, err error) {
	q := url.Values{"build": {"1"}, "lines": {"1"}, "follow": {"false"}}
	for e, err := range d.Logs(ctx, id, q, "") {
		if err != nil {
			return "", err
		}
		if e.Entry != nil {
			last = e.Entry.ID
		}
	}
	return last, nil
}
