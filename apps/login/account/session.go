package account

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// Session is one sign-in of one person in one browser. Its applications are entered with it, and
// end with it.
type Session struct {
	ID                   string
	Began, Used, Expires time.Time
	Address, Agent       string // where it began, and what the browser called itself
}

// Browser is what the session's browser is, in a few words.
func (x Session) Browser() string {
	browser, system := first(x.Agent, browsers), first(x.Agent, systems)
	switch {
	case browser == "" && system == "":
		return "Unknown browser"
	case browser == "" || system == "":
		return browser + system
	}
	return browser + " on " + system
}

// What browsers call themselves contains the names of those that came before them: the more special
// name comes first.
var (
	browsers = []string{"Edg", "OPR", "Firefox", "Chrome", "Safari", "curl"}
	systems  = []string{"Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"}
	spoken   = map[string]string{"Edg": "Edge", "OPR": "Opera", "Mac OS": "macOS"}
)

func first(text string, names []string) string {
	for _, n := range names {
		if strings.Contains(text, n) {
			return cmp.Or(spoken[n], n)
		}
	}
	return ""
}

// ErrNoSession is a secret that opens nothing: unknown, expired, ended, or of somebody locked out.
var ErrNoSession = errors.New("unknown, expired or ended session")

// SessionLifetime is how long a session lasts at most.
const SessionLifetime = 30 * 24 * time.Hour

// usedEvery is how exact it is known when a session was used: each note is a write.
const usedEvery = time.Minute

// Begin begins a session; secret is for the browser's cookie. It is new each time: what the browser
// had before the sign-in never becomes a session.
func (s *Store) Begin(ctx context.Context, person int64, address, agent string) (x Session, secret string, err error) {
	now := time.Now()
	x = Session{ID: random(16), Began: now, Used: now, Expires: now.Add(SessionLifetime), Address: address, Agent: agent}
	secret = newSecret()
	err = s.change(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM session WHERE expires < ?", now.UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx,
			"INSERT INTO session (id, person, secret, began, used, expires, address, agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			x.ID, person, hashOf(secret), now.UnixMilli(), now.UnixMilli(), x.Expires.UnixMilli(), address, agent)
		return err
	})
	return x, secret, err
}

const selectSession = "SELECT id, began, used, expires, address, agent FROM session "

func scanSession(row scanner) (x Session, err error) {
	var began, used, expires int64
	err = row.Scan(&x.ID, &began, &used, &expires, &x.Address, &x.Agent)
	if errors.Is(err, sql.ErrNoRows) {
		return x, ErrNoSession
	}
	x.Began, x.Used, x.Expires = time.UnixMilli(began).UTC(), time.UnixMilli(used).UTC(), time.UnixMilli(expires).UTC()
	return x, err
}

// Session is the session that a cookie opens, and whose it is.
func (s *Store) Session(ctx context.Context, secret string) (x Session, p Person, err error) {
	now := time.Now()
	x, err = scanSession(s.db.QueryRowContext(ctx, selectSession+"WHERE secret = ? AND expires > ?",
		hashOf(secret), now.UnixMilli()))
	if err != nil {
		return x, p, err
	}
	if p, err = s.of(ctx, x.ID); err != nil || now.Sub(x.Used) < usedEvery {
		return x, p, err
	}
	_, err = s.db.ExecContext(ctx, "UPDATE session SET used = ? WHERE id = ?", now.UnixMilli(), x.ID)
	return x, p, err
}

// of is whose session it is, unless the person is locked out.
func (s *Store) of(ctx context.Context, session string) (Person, error) {
	p, err := scanPerson(s.db.QueryRowContext(ctx,
		selectPerson+"WHERE locked = 0 AND id = (SELECT person FROM session WHERE id = ? AND expires > ?)",
		session, time.Now().UnixMilli()))
	if errors.Is(err, ErrNoPerson) {
		err = ErrNoSession
	}
	return p, err
}

// Sessions lists those of a person, the last used first.
func (s *Store) Sessions(ctx context.Context, person int64) (out []Session, err error) {
	rows, err := s.db.QueryContext(ctx, selectSession+"WHERE person = ? AND expires > ? ORDER BY used DESC, id",
		person, time.Now().UnixMilli())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		x, err := scanSession(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, rows.Err()
}

// End ends one session of a person; it is no error when there is none.
func (s *Store) End(ctx context.Context, person int64, session string) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM session WHERE person = ? AND id = ?", person, session)
	return err
}

// EndOthers ends the sessions of a person but one.
func (s *Store) EndOthers(ctx context.Context, person int64, except string) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM session WHERE person = ? AND id <> ?", person, except)
	return err
}
