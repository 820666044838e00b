package debug

import (
	"errors"
	"time"

	"github.com/nexushub/nexushub/api"
)

// adopt enters what runs although the registry that knew it is lost, so that it can be
// seen, replaced and removed again. It does not expire before something is installed: it may
// have been kept. What was being removed is not lost.
func (s *Server) adopt() error {
	for _, in := range s.o.Runtime.Orphans() {
		id, err := parseID(in.ID)
		if err != nil || in.Kind != s.o.Kind.name {
			continue // not of our making
		}
		if _, err := s.apps.get(id); err == nil || s.apps.removals.has(id) {
			continue
		}
		now := time.Now().UTC()
		a := application{
			ID: id, CreatedAt: now, InstalledAt: now, ActiveAt: now,
			Release: in.Release, InstalledBy: in.InstalledBy, Adopted: true,
			NewDebugApplication: api.NewDebugApplication{AppID: in.AppID, DisplayName: in.AppID, HostName: in.HostName},
		}
		_, _, err = s.apps.enter(func([]application) (application, []ID, error) { return a, nil, nil })
		if errors.Is(err, api.TooMany) {
			s.o.Log.Warn(s.o.Kind.String()+" keeps running unlisted: there are too many",
				"app", in.AppID, "instance", in.ID)
			continue
		}
		if err != nil {
			return err
		}
		s.o.Log.Warn(s.o.Kind.String()+" adopted from its running unit: its record is lost",
			"app", in.AppID, "instance", in.ID)
	}
	return nil
}
