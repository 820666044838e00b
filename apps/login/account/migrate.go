package account

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
)

// migrations are the versions of the database, each a file that makes the next one of the one
// before. A file that was released is never changed.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate runs what is missing, each in a transaction with the number of its version.
func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	var version int
	if err := s.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version > len(files) {
		return fmt.Errorf("the database has version %d, and this program knows those up to %d: "+
			"start the newer program that has written it, or restore a backup", version, len(files))
	}
	for i := version; i < len(files); i++ {
		if err := s.step(ctx, i, files[i]); err != nil {
			return fmt.Errorf("%s: %w", files[i], err)
		}
	}
	return nil
}

// step makes version i+1 of version i, unless another program was faster.
func (s *Store) step(ctx context.Context, i int, file string) error {
	text, err := migrations.ReadFile(file)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *sql.Tx) error {
		var now int
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&now); err != nil || now != i {
			return err
		}
		_, err := tx.ExecContext(ctx, string(text)+fmt.Sprintf("\nPRAGMA user_version = %d;", i+1))
		return err
	})
}
