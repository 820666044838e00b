package main

import (
	"context"
	"strings"
	"time"
)

// noteLimit bounds the question to the agent: verify is useful without an answer.
const noteLimit = 3 * time.Second

// noteWaiting says what of the configuration is not in force yet. It says nothing where
// the agent does not run, or may not be asked.
func (c *cli) noteWaiting(ctx context.Context) {
	client, err := c.local()
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, noteLimit)
	defer cancel()
	list, err := client.Waiting(ctx)
	if err != nil {
		return
	}
	for _, w := range list {
		c.out.Note("changed, but not in force until " + w.Command + ": " + strings.Join(w.Keys, ", "))
	}
}
