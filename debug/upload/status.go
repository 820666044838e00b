package upload

import (
	"path/filepath"
	"time"
)

// matches says whether a chunk with header h belongs to this upload, and whether the
// upload is still open.
func (s *session) matches(h Header) (same, open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.record
	same = !r.Appending && r.Total == h.Total && r.MD5 == h.MD5 &&
		(r.SHA256 == h.SHA256 || h.SHA256 == "" || r.SHA256 == "")
	return same && !s.closed, !s.verified() && !s.closed
}

func (s *session) status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.record
	st := Status{
		Header: r.Header, Appending: r.Appending, Received: len(s.chunks), Completed: s.verified(), Error: r.Error,
		MD5Sum: r.MD5Sum, SHA256Sum: r.SHA256Sum, UpdatedAt: s.lastByte,
	}
	for _, c := range s.chunks {
		st.Offset += c.length
	}
	for i := range r.Total {
		if _, ok := s.chunks[i]; !ok {
			st.Missing = addMissing(st.Missing, i)
		}
	}
	return st
}

// addMissing extends the last run or begins another.
func addMissing(runs [][2]int, i int) [][2]int {
	if n := len(runs); n > 0 && runs[n-1][1] == i-1 {
		runs[n-1][1] = i
		return runs
	}
	return append(runs, [2]int{i, i})
}

func (s *session) path() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return filepath.Join(s.dir, s.record.File)
}

// lastActivity is now while something is under way.
func (s *session) lastActivity() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.active) > 0 {
		return time.Now()
	}
	return s.lastByte
}

// pause ends the append under way, if there is one, and waits for it.
func (s *session) pause() {
	s.mu.Lock()
	t := s.active[appending]
	if t != nil {
		t.superseded = true
	}
	s.mu.Unlock()
	if t != nil {
		t.interrupt()
		<-t.done
	}
}
