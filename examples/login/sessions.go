package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// grace is how long a refresh token still counts after it was exchanged: two tabs of
// one browser may send the same cookie at once. Later it is a sign of theft.
const grace = time.Minute

var (
	errNoSession = errors.New("unknown, expired or revoked refresh token")
	errNoRight   = errors.New("no right to this application")
	errReused    = fmt.Errorf("%w: it was exchanged before; the session is ended", errNoSession)
)

// session is one login of one user. Only hashes of its refresh tokens are kept.
type session struct {
	ID      string    `json:"id"` // every access token of the session begins with it
	User    string    `json:"user"`
	Expires time.Time `json:"expires"`
	Tokens  []refresh `json:"tokens"` // oldest first; the last one is current
}

type refresh struct {
	Hash    string    `json:"hash"`
	Retired time.Time `json:"retired,omitzero"`
}

// sessions is kept in one file, replaced as a whole with each change.
type sessions struct {
	path     string
	lifetime time.Duration

	mu  sync.Mutex // guards the field that follows, and the file
	all []*session
}

func openSessions(path string, lifetime time.Duration) (*sessions, error) {
	s := &sessions{path: path, lifetime: lifetime}
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &s.all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// begin starts a session and returns its first refresh token.
func (s *sessions) begin(user string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := newToken()
	now := time.Now()
	s.all = slices.DeleteFunc(s.all, func(x *session) bool { return now.After(x.Expires) })
	s.all = append(s.all, &session{
		ID: newToken(), User: user, Expires: now.Add(s.lifetime).UTC(), Tokens: []refresh{{Hash: hash(token)}},
	})
	return token, s.save()
}

// rotate exchanges a refresh token for an access token and the next refresh token of its
// session. Whoever may not have the access token keeps the refresh token.
func (s *sessions) rotate(token string, may func(user string) bool) (user, access, next string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, i := s.find(token)
	now := time.Now()
	if x == nil || now.After(x.Expires) {
		return "", "", "", errNoSession
	}
	if r := x.Tokens[i].Retired; !r.IsZero() && now.Sub(r) > grace {
		s.remove(x)
		return "", "", "", errors.Join(errReused, s.save())
	}
	if !may(x.User) {
		return x.User, "", "", errNoRight
	}
	if x.ID == "" { // a session of an earlier version
		x.ID = newToken()
	}
	next = newToken()
	if x.Tokens[i].Retired.IsZero() {
		x.Tokens[i].Retired = now.UTC()
	}
	x.Tokens = append(x.Tokens, refresh{Hash: hash(next)})
	x.forget()
	return x.User, x.ID + "." + newToken(), next, s.save()
}

// alive says whether the session is in which an access token was issued, and whose it is.
func (s *sessions) alive(access string) (user string, ok bool) {
	id, _, ok := strings.Cut(access, ".")
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.all, func(x *session) bool { return x.ID == id && time.Now().Before(x.Expires) })
	if !ok || id == "" || i < 0 {
		return "", false
	}
	return s.all[i].User, true
}

// end revokes the session of a refresh token; it is no error when there is none.
func (s *sessions) end(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, _ := s.find(token)
	if x == nil {
		return nil
	}
	s.remove(x)
	return s.save()
}

func (s *sessions) find(token string) (*session, int) {
	h := hash(token)
	for _, x := range s.all {
		if i := slices.IndexFunc(x.Tokens, func(r refresh) bool { return r.Hash == h }); i >= 0 {
			return x, i
		}
	}
	return nil, 0
}

func (s *sessions) remove(x *session) {
	s.all = slices.DeleteFunc(s.all, func(y *session) bool { return y == x })
}

// forget bounds how far back the reuse of a token is recognised.
func (x *session) forget() {
	const remembered = 64
	if n := len(x.Tokens) - remembered; n > 0 {
		x.Tokens = slices.Delete(x.Tokens, 0, n)
	}
}

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// save leaves the old file or the new, whatever happens.
func (s *sessions) save() error {
	data, err := json.Marshal(s.all)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(s.path), ".sessions-*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), s.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
