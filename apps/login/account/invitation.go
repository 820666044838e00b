package account

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// InvitationLifetime is how long an invitation can be accepted.
const InvitationLifetime = 72 * time.Hour

// ErrNoInvitation does not say whether there ever was one.
var ErrNoInvitation = errors.New("this invitation is used, replaced or too old; ask for another one")

// Invite makes the code with which somebody sets a person's password, once. Another one before it
// ends.
func (s *Store) Invite(ctx context.Context, person int64) (code string, expires time.Time, err error) {
	code, expires = newSecret(), time.Now().Add(InvitationLifetime)
	_, err = s.db.ExecContext(ctx, "INSERT OR REPLACE INTO invitation (person, code, expires) VALUES (?, ?, ?)",
		person, hashOf(code), expires.UnixMilli())
	return code, expires.UTC().Truncate(time.Second), err
}

// Invited is whom a code is for. It can be asked for often.
func (s *Store) Invited(ctx context.Context, code string) (Person, error) {
	p, err := scanPerson(s.db.QueryRowContext(ctx, selectPerson+invitedBy, hashOf(code), time.Now().UnixMilli()))
	if errors.Is(err, ErrNoPerson) {
		err = ErrNoInvitation
	}
	return p, err
}

const invitedBy = "WHERE locked = 0 AND id = (SELECT person FROM invitation WHERE code = ? AND expires > ?)"

// Accept uses an invitation up and sets the password. Sessions from before end: an invitation also
// is what somebody gets who has lost a password to somebody else.
func (s *Store) Accept(ctx context.Context, code, phc string) (p Person, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		p, err = scanPerson(tx.QueryRowContext(ctx, selectPerson+invitedBy, hashOf(code), time.Now().UnixMilli()))
		if errors.Is(err, ErrNoPerson) {
			return ErrNoInvitation
		}
		if err != nil {
			return err
		}
		for _, q := range []string{
			"DELETE FROM invitation WHERE person = ?", "DELETE FROM session WHERE person = ?",
			"DELETE FROM device WHERE person = ?",
		} {
			if _, err := tx.ExecContext(ctx, q, p.ID); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "UPDATE person SET password = ? WHERE id = ?", phc, p.ID)
		return err
	})
	p.Password = phc
	return p, err
}
