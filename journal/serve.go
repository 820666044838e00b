package journal

import (
	"errors"
	"net/http"

	"github.com/nexushub/nexushub/internal/stream"
)

// Serve answers a request with an instance's log. What goes wrong before the first
// byte is returned and nothing is written; later there is only the end of the stream.
func (h *Hub) Serve(w http.ResponseWriter, r *http.Request, q Query, f Format) error {
	s := sender{Writer: stream.New(w, f.ContentType(), q.Follow), format: f}
	for items, err := range h.Items(r.Context(), q) {
		if err != nil && !s.Begun() {
			return err
		}
		if err == nil {
			err = s.send(items)
		}
		if err != nil {
			return ended(err)
		}
	}
	if !s.Begun() {
		return ended(s.send(nil))
	}
	return nil
}

// ended hides the ways in which every long stream ends.
func ended(err error) error {
	if err == nil || errors.Is(err, ErrSlow) {
		return nil
	}
	return &StreamError{err}
}

// StreamError is a failure after the answer had begun: it can be logged, not answered.
type StreamError struct{ Err error }

func (e *StreamError) Error() string { return "log stream: " + e.Err.Error() }

// Unwrap gives the cause.
func (e *StreamError) Unwrap() error { return e.Err }

type sender struct {
	*stream.Writer
	format Format
	buffer []byte
}

func (s *sender) send(items []Item) (err error) {
	s.buffer = s.buffer[:0]
	if !s.Begun() {
		s.buffer = append(s.buffer, s.format.begin()...)
	}
	if len(items) == 0 {
		s.buffer = append(s.buffer, s.format.beat()...)
	}
	for _, i := range items {
		if s.buffer, err = s.format.append(s.buffer, i); err != nil {
			return err
		}
	}
	return s.Send(s.buffer)
}
