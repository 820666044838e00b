// Package accesstoken remembers the access tokens that the proxy has handed out: only
// their SHA-256, on disk before the client gets one, so that a token stays valid
// over a restart until it expires.
//
// The grants of the admin application and those to persons, who enter private applications,
// slide: as long as they are in continuous use, they end later, up to a limit. The login
// application is asked meanwhile whether they are still good.
package accesstoken

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// ErrEnded says that there is no such grant, or no longer.
var ErrEnded = errors.New("the access token has ended")

// Options say how grants slide.
type Options struct {
	MaxSlide time.Duration // after the issue; 0: none slides
	Interval time.Duration // the login application is asked at least so often about a grant in use; 0: never
	Ask      Ask           // must be set where Interval is
	Log      *slog.Logger  // default: slog.Default()
}

// Issue is what the login application has granted.
type Issue struct {
	Instance string
	Expires  time.Time
	Slides   bool   // if grants do at all
	Cookie   string // refresh token that was exchanged for the access token
	Next     string // refresh token that the browser has now; empty: still Cookie

	Who *Identity // to whom, where that decides what he may do
}

type sum [sha256.Size]byte

func sumOf(secret string) sum { return sha256.Sum256([]byte(secret)) }

// Store is the set of grants.
type Store struct {
	opt Options

	writing sync.Mutex // guards file; taken before mu
	file    file

	mu        sync.RWMutex // guards the fields that follow, and all grants
	grants    map[sum]*grant
	sliding   map[sum]*grant // those that slide, at most maxSliding and maxPersons
	questions chan question
	said      saying // what the login application said last
}

// Open loads the file at path; there need not be one. Lines that a crash has cut are
// ignored: their token was never handed out. A disk that takes no more keeps nobody
// from using the tokens that are on it.
func Open(path string, opt Options) (*Store, error) {
	opt.Log = cmp.Or(opt.Log, slog.Default())
	s := &Store{
		opt: opt, file: file{path: path}, grants: map[sum]*grant{}, sliding: map[sum]*grant{},
		questions: make(chan question, maxSliding+maxPersons),
	}
	if err := s.file.load(func(k sum, g *grant) { s.grants[k] = g }); err != nil {
		return nil, fmt.Errorf("access tokens: %w", err)
	}
	s.restore(time.Now())
	if err := s.compact(time.Now()); err != nil {
		if err := s.file.appendOnly(); err != nil {
			return nil, fmt.Errorf("access tokens: %w", err)
		}
	}
	return s, nil
}

// restore sets up what was loaded. The file still has grants that have expired, which must not
// take the place of one in use.
func (s *Store) restore(now time.Time) {
	for k, g := range s.grants {
		g.resume(now)
		if !g.alive(now) {
			delete(s.grants, k)
			continue
		}
		switch {
		case s.opt.MaxSlide > 0 || g.slide == nil:
		case g.who != nil:
			g.slide.life = 0
		default:
			g.slide = nil
		}
		if g.slide != nil {
			s.makeRoom(g)
			s.sliding[k] = g
		}
	}
}

// Grant notes a token for an instance. When it returns, the token is on disk.
func (s *Store) Grant(token string, i Issue) error {
	if strings.ContainsAny(i.Instance, " \n") || i.Instance == "" {
		return fmt.Errorf("access tokens: invalid instance %q", i.Instance)
	}
	now := time.Now()
	k, g := sumOf(token), s.newGrant(i, now)
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	s.follow(i)
	if known := s.find(token, i.Instance, now); known != nil {
		g.renew(known)
	}
	line := format(k, g)
	s.mu.Unlock()
	if err := s.file.append(line); err != nil {
		return fmt.Errorf("access tokens: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(k, g)
	return nil
}

// put brings a grant in force, with the open requests of one that it renews. The caller
// holds mu.
func (s *Store) put(k sum, g *grant) {
	if known := s.grants[k]; known != nil && known.slide != nil {
		if g.slide != nil && g.instance == known.instance {
			g.inherit(known)
		}
		s.end(k, known)
	}
	s.grants[k] = g
	if g.slide != nil {
		s.makeRoom(g)
		s.sliding[k] = g
	}
}

// Valid says that the token is unexpired and was granted for the instance; for any
// instance when that is empty.
func (s *Store) Valid(token, instance string) bool {
	if token == "" {
		return false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.find(token, instance, time.Now()) != nil
}

// find is the grant of a token while it is in force. The caller holds mu.
func (s *Store) find(token, instance string, now time.Time) *grant {
	g := s.grants[sumOf(token)]
	if g == nil || (instance != "" && g.instance != instance) || !g.alive(now) {
		return nil
	}
	return g
}

// Close writes what the file does not have yet, and closes it. A disk that takes no more is no
// error: grants end earlier than they need to.
func (s *Store) Close() error {
	if err := s.persist(func(g *grant) bool { return g.slide.differs(g) }); err != nil {
		s.opt.Log.Warn(notStored, "error", err)
	}
	return s.file.close()
}
