package debug_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	kills   = 50
	workers = 3
)

// The agent is killed again and again while a file of 256 MiB arrives, at moments that
// have nothing to do with the chunks. Every chunk that was acknowledged is there, so
// none is sent again after that, and the file arrives bit by bit.
func TestAgentKilledDuringUpload(t *testing.T) {
	f := newFile(noise(256<<20), 2<<20)
	onSuites(t, func(t *testing.T, h *host) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		// a second, 50 times
		h.Write(t, "/etc/systemd/system/nexushubd.service.d/test.conf", "[Service]\nRestartSec=100ms\n")
		h.Must(t, "systemctl", "daemon-reload")
		id := h.create(t, "kill")
		var done atomic.Int64
		next := make(chan int)
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for i := range next {
					h.sendUntil(ctx, t, id, f, i)
					done.Add(1)
				}
			})
		}
		killed := make(chan int)
		go func() {
			defer close(killed) // also when the killer's test has ended
			killed <- h.killer(ctx, t, id, &done, int64(f.chunks()))
		}()
		for i := range f.chunks() {
			next <- i // sent or, when the time is over, given up
		}
		close(next)
		wg.Wait()
		if n := <-killed; n < kills {
			t.Errorf("%d kills, want %d", n, kills)
		}
		if ctx.Err() != nil {
			t.Fatalf("the upload has taken too long: %+v", h.uploadStatus(t, id))
		}
		h.checkArrived(t, id, f)
	})
}

// killer kills the agent each time that the upload has made some way, and looks after
// each restart that nothing acknowledged is gone.
func (h *host) killer(ctx context.Context, t *testing.T, id string, done *atomic.Int64, total int64) (n int) {
	for n < kills && ctx.Err() == nil {
		for done.Load() < int64(n)*total/(kills+2) && ctx.Err() == nil {
			time.Sleep(time.Millisecond) // looks often, so that it kills within a chunk
		}
		before := int(done.Load())
		if _, err := h.Output(ctx, "systemctl", "kill", "-s", "KILL", "nexushubd"); err != nil {
			t.Error(err)
			return n
		}
		n++
		if before == 0 {
			continue
		}
		if st := h.uploadStatus(t, id); st.ReceivedChunks < before {
			t.Errorf("after kill %d: %d received, %d were acknowledged", n, st.ReceivedChunks, before)
		}
	}
	return n
}

// sendUntil sends a chunk until it is acknowledged; only a connection that broke or an
// agent that is away is a reason to send it again.
func (h *host) sendUntil(ctx context.Context, t *testing.T, id string, f *file, i int) {
	for ctx.Err() == nil {
		status, answer := h.send(ctx, h.HTTP, id, f, i)
		switch {
		case status == 200:
			return
		case away(status):
			time.Sleep(20 * time.Millisecond) // as long as a client waits at least
		default:
			t.Errorf("chunk %d: %d %s", i, status, answer)
			return
		}
	}
}
