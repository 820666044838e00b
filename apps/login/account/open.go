// Package account is who may sign in, and who is signed in: people with their roles and the
// applications they may enter, invitations, the devices that people have used, sessions, and the
// refresh tokens that proxies exchange. All of it is in one SQLite file. Of every secret that is
// given out, the file has only the hash.
package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"

	_ "modernc.org/sqlite" // the driver, in pure Go
)

// Store is the database. Several programs may have it open.
type Store struct{ db *sql.DB }

// Open opens the database, makes it where it is missing, and brings it to the newest version.
func Open(ctx context.Context, path string) (*Store, error) {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "secure_delete(1)",
	}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	s := &Store{db}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	return s, nil
}

// Close ends the use of the database.
func (s *Store) Close() error { return s.db.Close() }

// change runs f in a transaction, which is kept if f returns nil.
func (s *Store) change(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// newSecret has 256 bits, and is fit for cookies and addresses.
func newSecret() string { return random(32) }

func random(bytes int) string {
	raw := make([]byte, bytes)
	rand.Read(raw) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// hashOf is what is kept of a secret. It needs no salt: nobody can guess 256 bits.
func hashOf(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
