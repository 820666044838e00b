// Package stream writes answers of HTTP that come piece by piece, each of which leaves at once.
package stream

import (
	"errors"
	"net/http"
	"time"
)

// timeout is how long one piece may take to leave for the client. A client that has stopped reading
// ends here.
const timeout = 30 * time.Second

// Writer is one answer.
type Writer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
	begun   bool
}

// New prepares an answer; nothing is sent yet. One that is endless ends with its connection.
func New(w http.ResponseWriter, contentType string, endless bool) *Writer {
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	header.Set("X-Content-Type-Options", "nosniff")
	if endless { // no chunks, a third of the system calls
		header.Set("Transfer-Encoding", "identity")
	}
	return &Writer{w: w, control: http.NewResponseController(w), timeout: timeout}
}

// Begun says whether something was sent.
func (s *Writer) Begun() bool { return s.begun }

// Send sends a piece, which may be empty.
func (s *Writer) Send(piece []byte) error {
	if !s.begun {
		s.w.WriteHeader(http.StatusOK)
		s.begun = true
	}
	err := s.control.SetWriteDeadline(time.Now().Add(s.timeout))
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.w.Write(piece); err != nil {
		return err
	}
	return s.control.Flush()
}
