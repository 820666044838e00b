package journal

import (
	"errors"
	"net/http"
	"time"
)

// writeTimeout is how long one batch may take to leave for the client. A client that
// has stopped reading ends here.
const writeTimeout = 30 * time.Second

// Serve answers a request with an instance's log. What goes wrong before the first
// byte is returned and nothing is written; later there is only the end of the stream.
func (h *Hub) Serve(w http.ResponseWriter, r *http.Request, q Query, f Format) error {
	s := sender{w: w, control: http.NewResponseController(w), format: f, endless: q.Follow}
	for items, err := range h.Items(r.Context(), q) {
		if err != nil && !s.begun {
			return err
		}
		if err == nil {
			err = s.send(items)
		}
		if err != nil {
			return ended(err)
		}
	}
	if !s.begun {
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
	w       http.ResponseWriter
	control *http.ResponseController
	format  Format
	endless bool
	begun   bool
	buffer  []byte
}

func (s *sender) begin() {
	header := s.w.Header()
	header.Set("Content-Type", s.format.ContentType())
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	header.Set("X-Content-Type-Options", "nosniff")
	if s.endless { // ends with its connection: no chunks, a third of the system calls
		header.Set("Transfer-Encoding", "identity")
	}
	s.w.WriteHeader(http.StatusOK)
	s.begun = true
	s.buffer = append(s.buffer, s.format.begin()...)
}

func (s *sender) send(items []Item) (err error) {
	s.buffer = s.buffer[:0]
	if !s.begun {
		s.begin()
	}
	if len(items) == 0 {
		s.buffer = append(s.buffer, s.format.beat()...)
	}
	for _, i := range items {
		if s.buffer, err = s.format.append(s.buffer, i); err != nil {
			return err
		}
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil &&
		!errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.w.Write(s.buffer); err != nil {
		return err
	}
	return s.control.Flush()
}
