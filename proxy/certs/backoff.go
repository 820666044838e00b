package certs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nexushub/nexushub/internal/atomicfile"
)

// Authorities count failed attempts, Let's Encrypt five an hour for a host.
const (
	firstDelay = 15 * time.Minute
	maxDelay   = 24 * time.Hour
)

// backoff remembers on disk when a host may be asked for again, so that a proxy that
// is restarted in a loop does not use up the authority's rate limit.
type backoff struct {
	path string
	log  *slog.Logger

	mu    sync.Mutex // guards hosts
	hosts map[string]attempt
}

type attempt struct {
	Failures int       `json:"failures"`
	Next     time.Time `json:"next"`
}

func openBackoff(path string, log *slog.Logger) (*backoff, error) {
	b := &backoff{path: path, log: log, hosts: map[string]attempt{}}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("acme: %w", err)
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, fmt.Errorf("acme: %w", err)
	}
	if err := json.Unmarshal(text, &b.hosts); err != nil {
		b.hosts = map[string]attempt{}
		return b, b.setAside(err)
	}
	return b, nil
}

// setAside starts without a file that is damaged: what it would delay is no reason to
// serve nobody.
func (b *backoff) setAside(cause error) error {
	aside := b.path + ".damaged"
	b.log.Error("acme: the back-off on disk is damaged and was set aside; authorities are asked at once",
		"path", aside, "error", cause)
	if err := os.Rename(b.path, aside); err != nil {
		return fmt.Errorf("acme: %w", err)
	}
	return nil
}

// wait returns when the host may be asked for.
func (b *backoff) wait(ctx context.Context, host string) error {
	b.mu.Lock()
	next := b.hosts[host].Next
	b.mu.Unlock()
	t := time.NewTimer(time.Until(next))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// fail notes a failure and returns the time of the next try.
func (b *backoff) fail(host string) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.hosts[host]
	delay := min(firstDelay<<min(a.Failures, 10), maxDelay)
	a.Failures, a.Next = a.Failures+1, time.Now().Add(delay)
	b.hosts[host] = a
	b.save()
	return a.Next
}

func (b *backoff) clear(host string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.hosts[host]; ok {
		delete(b.hosts, host)
		b.save()
	}
}

func (b *backoff) save() {
	text, err := json.Marshal(b.hosts)
	if err == nil {
		err = atomicfile.Write(b.path, text, 0o600)
	}
	if err != nil {
		b.log.Error("acme: cannot save the back-off", "error", err)
	}
}
