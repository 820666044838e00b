package main

import (
	"context"
	"net/url"
	"strings"

	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

// followBuild prints what a build prints, until stop is called, and then the rest of it; shown says
// afterwards whether there was anything. An agent that knows no builds is asked in vain.
func followBuild(ctx context.Context, out *output.Printer, open logSource, shown *bool) (stop func()) {
	after, err := lastOf(ctx, open)
	if err != nil {
		return func() {}
	}
	followed, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	read := func(ctx context.Context, follow string) {
		q := url.Values{"build": {"1"}, "lines": {"all"}, "follow": {follow}}
		for e, err := range open(ctx, q, after) {
			if err != nil {
				return
			}
			if e.Entry != nil && e.Entry.Source != "system" {
				out.Building(e.Entry.Message)
				after, *shown = e.Entry.ID, true
			}
		}
	}
	go func() {
		defer close(done)
		read(followed, "true")
	}()
	return func() {
		cancel()
		<-done
		read(ctx, "false")
	}
}

// lastOf is the id of the last line of the builds before.
func lastOf(ctx context.Context, open logSource) (id string, err error) {
	q := url.Values{"build": {"1"}, "lines": {"1"}, "follow": {"false"}}
	for e, err := range open(ctx, q, "") {
		if err != nil {
			return "", err
		}
		if e.Entry != nil {
			id = e.Entry.ID
		}
	}
	return id, nil
}

// firstLine is a command in one line.
func firstLine(command string) string {
	first, rest, _ := strings.Cut(strings.TrimSpace(command), "\n")
	if rest != "" {
		first += " ..."
	}
	return first
}
