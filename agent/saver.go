package agent

import (
	"log/slog"
	"sync"
)

// saver writes state files in the background, the newest version of each: a start
// does not wait for a disk. What is saved can be had again from PID 1 if need be.
type saver struct {
	state State
	log   *slog.Logger

	mu      sync.Mutex // guards the fields that follow
	pending map[string]any
	order   []string
	failed  map[string]error // why the newest version of a file is not on disk
	writing bool
	idle    *sync.Cond
}

func newSaver(s State, log *slog.Logger) *saver {
	v := &saver{state: s, log: log, pending: map[string]any{}, failed: map[string]error{}}
	v.idle = sync.NewCond(&v.mu)
	return v
}

// save writes v, which must not change any more, under name.
func (s *saver) save(name string, v any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.pending[name]; !there {
		s.order = append(s.order, name)
	}
	s.pending[name] = v
	if !s.writing {
		s.writing = true
		go s.write()
	}
}

// flush returns when all is written.
func (s *saver) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.writing {
		s.idle.Wait()
	}
}

// saved returns when the newest version of name is on disk, or with why it is not.
func (s *saver) saved(name string) error {
	s.flush()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed[name]
}

func (s *saver) write() {
	for {
		name, v, ok := s.next()
		if !ok {
			return
		}
		err := s.state.Save(name, v)
		if err != nil {
			s.log.Error("cannot save the state", "file", name, "error", err)
		}
		s.mu.Lock()
		s.failed[name] = err
		s.mu.Unlock()
	}
}

func (s *saver) next() (string, any, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.order) == 0 {
		s.writing = false
		s.idle.Broadcast()
		return "", nil, false
	}
	name := s.order[0]
	s.order = s.order[1:]
	v := s.pending[name]
	delete(s.pending, name)
	return name, v, true
}
