package control

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
)

// Bounds of what is kept of calls that are remembered.
const (
	maxKeptBody = 64 << 10 // of a request, and of an answer
	maxKept     = 1000     // calls
	maxKeptEach = 100      // of one caller
)

// readKept reads the body of a request that is kept for later.
func readKept(r *http.Request, why string) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxKeptBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("body: %w: %w", err, api.Malformed)
	case len(body) > maxKeptBody:
		return nil, fmt.Errorf("a call with %s has a body of at most %d bytes: %w", why, maxKeptBody, api.TooLarge)
	}
	return body, nil
}

// kept is an answer.
type kept struct {
	Status int
	Header http.Header
	Body   []byte
}

func (k kept) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), k.Header)
	w.WriteHeader(k.Status)
	_, _ = w.Write(k.Body) // the client is gone
}

// keeper is a writer that keeps an answer, and passes it on where there is somebody to pass it on to.
type keeper struct {
	to     http.ResponseWriter // or nil
	header http.Header
	status int
	body   bytes.Buffer
}

var errTooLong = errors.New("the answer is too long to be kept")

func (k *keeper) Header() http.Header {
	if k.to != nil {
		return k.to.Header()
	}
	return k.header
}

func (k *keeper) WriteHeader(status int) {
	if k.status == 0 && status >= http.StatusOK {
		k.status = status
	}
	if k.to != nil {
		k.to.WriteHeader(status)
	}
}

func (k *keeper) Write(p []byte) (int, error) {
	if k.status == 0 {
		k.status = http.StatusOK
	}
	if room := maxKeptBody + 1 - k.body.Len(); room > 0 {
		k.body.Write(p[:min(room, len(p))])
	}
	if k.to != nil {
		return k.to.Write(p)
	}
	if k.body.Len() > maxKeptBody {
		return 0, errTooLong
	}
	return len(p), nil
}

// Flush is for answers that nobody waits for.
func (k *keeper) Flush() {
	if k.to != nil {
		_ = http.NewResponseController(k.to).Flush() // a writer that cannot is no reason to fail
	}
}

// Unwrap lets http.ResponseController do what the writer can.
func (k *keeper) Unwrap() http.ResponseWriter { return k.to }

// answer is what was kept; ok is false where it was not all.
func (k *keeper) answer() (a kept, ok bool) {
	return kept{k.status, k.Header().Clone(), k.body.Bytes()}, k.status != 0 && k.body.Len() <= maxKeptBody
}

// remembers says whether calls of the caller can be told from those of others.
func remembers(who caller.Caller) bool {
	_, token := who.TokenID()
	return who.OnSocket || token
}
