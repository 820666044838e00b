package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// grace is how long a refresh token still counts after it was exchanged: two tabs of one browser
// may send the same cookie at once. Later it is a sign of theft.
const grace = time.Minute

// remembered bounds how far back, in exchanges, that is recognised.
const remembered = 64

// What an exchange is refused for.
var (
	ErrNoRight = errors.New("the person may not enter this application")
	ErrReused  = errors.New("a refresh token was seen long after its exchange; its session is ended")
	ErrHost    = errors.New("a refresh token was sent to another host than its own; its session is ended")
)

// Link makes the first refresh token of a session for a host: that of the cookie which opens its
// application.
func (s *Store) Link(ctx context.Context, session, host string) (token string, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		token, err = issue(ctx, tx, session, host)
		return err
	})
	return token, err
}

func issue(ctx context.Context, tx *sql.Tx, session, host string) (string, error) {
	token := newSecret()
	_, err := tx.ExecContext(ctx, "INSERT INTO refresh (secret, session, host) VALUES (?, ?, ?)",
		hashOf(token), session, host)
	if err != nil {
		return "", err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM refresh WHERE session = ? AND host = ? AND number <=
  (SELECT number FROM refresh WHERE session = ? AND host = ? ORDER BY number DESC LIMIT 1 OFFSET ?)`,
		session, host, session, host, remembered)
	return token, err
}

// Exchanged is what somebody gets for a refresh token.
type Exchanged struct {
	Person       Person
	Access, Next string
}

// Exchange makes an access token for an instance and the next refresh token of a refresh token.
// Whoever may not enter keeps the refresh token. Host is whose cookie the asker says that the token
// is; where it is not said, that is not checked.
func (s *Store) Exchange(
	ctx context.Context, token, host, instance string, may func(Person) bool,
) (got Exchanged, err error) {
	var r refresh
	var stolen error
	err = s.change(ctx, func(tx *sql.Tx) error {
		if r, err = find(ctx, tx, token); err != nil {
			return err
		}
		if stolen = r.doubt(host, time.Now()); stolen != nil {
			_, err := tx.ExecContext(ctx, "DELETE FROM session WHERE id = ?", r.session)
			return err
		}
		got, err = r.exchange(ctx, tx, may)
		return err
	})
	if err == nil && stolen != nil {
		err = fmt.Errorf("%w: %w", ErrNoSession, stolen)
	}
	got.Access = r.session + "." + instance + "." + newSecret()
	return got, err
}

// refresh is a refresh token of a session that goes on.
type refresh struct {
	number        int64
	session, host string
	retired       int64
}

// doubt is why somebody else than its browser seems to have sent it.
func (r refresh) doubt(host string, now time.Time) error {
	switch {
	case host != "" && host != r.host:
		return ErrHost
	case r.retired != 0 && now.Sub(time.UnixMilli(r.retired)) > grace:
		return ErrReused
	}
	return nil
}

func (r refresh) exchange(ctx context.Context, tx *sql.Tx, may func(Person) bool) (got Exchanged, err error) {
	got.Person, err = scanPerson(tx.QueryRowContext(ctx,
		selectPerson+"WHERE locked = 0 AND id = (SELECT person FROM session WHERE id = ?)", r.session))
	switch {
	case errors.Is(err, ErrNoPerson):
		return got, ErrNoSession
	case err != nil:
		return got, err
	case !may(got.Person):
		return got, ErrNoRight
	}
	_, err = tx.ExecContext(ctx, "UPDATE refresh SET retired = ? WHERE number = ? AND retired = 0",
		time.Now().UnixMilli(), r.number)
	if err != nil {
		return got, err
	}
	got.Next, err = issue(ctx, tx, r.session, r.host)
	return got, err
}

func find(ctx context.Context, tx *sql.Tx, token string) (r refresh, err error) {
	err = tx.QueryRowContext(ctx, `SELECT number, session, host, retired FROM refresh JOIN session ON session.id = session
  WHERE refresh.secret = ? AND expires > ?`, hashOf(token), time.Now().UnixMilli()).
		Scan(&r.number, &r.session, &r.host, &r.retired)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoSession
	}
	return r, err
}

// Holder is who has an access token, as long as the session goes on in which it was issued; it fails
// with ErrNoSession once that has ended, with ErrNoRight once the person may not enter that instance.
func (s *Store) Holder(ctx context.Context, access string, may func(p Person, instance string) bool) (Person, error) {
	session, rest, _ := strings.Cut(access, ".")
	instance, _, ok := strings.Cut(rest, ".")
	if !ok || session == "" {
		return Person{}, ErrNoSession
	}
	p, err := s.of(ctx, session)
	if err == nil && !may(p, instance) {
		err = ErrNoRight
	}
	return p, err
}

// EndByRefresh ends the session of a refresh token; it is no error when there is none.
func (s *Store) EndByRefresh(ctx context.Context, token string) error {
	_, err := s.db.ExecContext(ctx, "DELETE FROM session WHERE id = (SELECT session FROM refresh WHERE secret = ?)",
		hashOf(token))
	return err
}
