package proxy

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

// quiet is for what nobody reads.
var quiet = slog.New(slog.DiscardHandler)

// counter collects what is logged.
type counter struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (c *counter) logger() *slog.Logger { return slog.New(slog.NewTextHandler(c, nil)) }

func (c *counter) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.Write(p)
}

func (c *counter) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.String()
}

// count returns the number of lines that hold s.
func (c *counter) count(s string) (n int) {
	for line := range strings.Lines(c.text()) {
		if strings.Contains(line, s) {
			n++
		}
	}
	return n
}
