package debug

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// stallTimeout is how long an upload may send nothing. There is no limit for the whole
// upload: a slow line is not a fault.
const stallTimeout = time.Minute

// body is a request body with a deadline for each read, which another request can end.
type body struct {
	r       io.Reader
	control *http.ResponseController

	mu    sync.Mutex // orders deadlines
	ended bool
}

var errEnded = errors.New("request was superseded by another")

func newBody(w http.ResponseWriter, r io.Reader) *body {
	return &body{r: r, control: http.NewResponseController(w)}
}

func (b *body) Read(p []byte) (int, error) {
	if err := b.extend(); err != nil {
		return 0, err
	}
	return b.r.Read(p)
}

func (b *body) extend() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		return errEnded
	}
	err := b.control.SetReadDeadline(time.Now().Add(stallTimeout))
	if errors.Is(err, http.ErrNotSupported) {
		return nil // a recorder in a test
	}
	return err
}

// Interrupt makes a Read under way, and every later one, fail.
func (b *body) Interrupt() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
	_ = b.control.SetReadDeadline(time.Unix(1, 0)) // unsupported: Read fails next time
}
