package debug

import (
	"errors"
	"time"

	"github.com/nexushub/nexushub/api"
)

// adopt enters what runs although the registry that knew it is lost, so that it can be
// seen, replaced and removed again, and expires as any other.
func (s *Server) adopt() error {
	for _, in := range s.o.Runtime.Orphans() {
		id, err := parseID(in.ID)
		if err != nil {
			continue // not of our making
		}
		if _, err := s.apps.get(id); err == nil {
			continue
		}
		now := time.Now().UTC()
		a := application{
			ID: id, CreatedAt: now, InstalledAt: now, ActiveAt: now,
			Release: in.Release, InstalledBy: in.InstalledBy, Adopted: true,
			NewDebugApplication: api.NewDebugApplication{AppID: in.AppID, DisplayName: in.AppID, HostName: in.HostName},
		}
		_, err = s.apps.add(a, func([]application) ([]ID, error) { return nil, nil })
		if errors.Is(err, api.TooMany) {
			s.o.Log.Warn("debug application keeps running unlisted: there are too many",
				"app", in.AppID, "instance", in.ID)
			continue
		}
		if err != nil {
			return err
		}
		s.o.Log.Warn("debug application adopted from its running unit: its record is lost",
			"app", in.AppID, "instance", in.ID)
	}
	return nil
}
