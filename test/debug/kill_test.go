package debug_test

import (
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
		id := h.create(t, "kill")
		var done atomic.Int64
		next := make(chan int)
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for i := range next {
					h.sendUntil(t, id, f, i)
					done.Add(1)
				}
			})
		}
		killed := make(chan int)
		go func() { killed <- h.killer(t, id, &done, int64(f.chunks())) }()
		for i := range f.chunks() {
			next <- i
		}
		close(next)
		wg.Wait()
		if n := <-killed; n < kills {
			t.Errorf("%d kills, want %d", n, kills)
		}
		h.checkArrived(t, id, f)
	})
}

// killer kills the agent each time that the upload has made some way, and looks after
// each restart that nothing acknowledged is gone.
func (h *host) killer(t *testing.T, id string, done *atomic.Int64, total int64) (n int) {
	for n < kills && t.Context().Err() == nil {
		for done.Load() < int64(n)*total/(kills+2) && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
		before := int(done.Load())
		if _, err := h.Output(t.Context(), "systemctl", "kill", "-s", "KILL", "nexushubd"); err != nil {
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
func (h *host) sendUntil(t *testing.T, id string, f *file, i int) {
	for t.Context().Err() == nil {
		status, answer := h.send(t.Context(), h.client, id, f, i)
		switch {
		case status == 200:
			return
		case status == 0 || status >= 502 && status <= 504:
			time.Sleep(20 * time.Millisecond)
		default:
			t.Errorf("chunk %d: %d %s", i, status, answer)
			return
		}
	}
}
