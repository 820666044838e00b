package account

import (
	"context"
	"database/sql"
	"time"
)

// DeviceLifetime is how long a device is known after its last sign-in.
const DeviceLifetime = 365 * 24 * time.Hour

// Knows says whether somebody has signed in as the person of a name with a device's secret before.
// For a name that nobody has, it asks the same question.
func (s *Store) Knows(ctx context.Context, name, device string) (known bool, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM device WHERE secret = ? AND used > ?
  AND person = (SELECT id FROM person WHERE name = ?))`,
		hashOf(device), time.Now().Add(-DeviceLifetime).UnixMilli(), name).Scan(&known)
	return known && device != "", err
}

// Remember notes that the person has signed in with a device. It returns the device's secret, a new
// one where that is not one of this person's: nobody can hand somebody a secret to be known by.
func (s *Store) Remember(ctx context.Context, p Person, device string) (string, error) {
	known, err := s.Knows(ctx, p.Name, device)
	if err != nil {
		return "", err
	}
	if !known {
		device = newSecret()
	}
	now := time.Now()
	err = s.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM device WHERE used < ?", now.Add(-DeviceLifetime).UnixMilli())
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO device (secret, person, used) VALUES (?, ?, ?)",
			hashOf(device), p.ID, now.UnixMilli())
		return err
	})
	return device, err
}
