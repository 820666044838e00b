package debug

import (
	"fmt"

	"github.com/nexushub/nexushub/api"
)

// Keep makes an application permanent: it goes over to the Server in Options.Kept as it is and as
// it runs. That one's registry is on disk first; where both list an application, after a crash,
// it is that one's.
func (s *Server) Keep(id string) error {
	err := s.apps.hand(ID(id), func(a application) error { return s.o.Kept.accept(a, s.o.Kind) })
	if err == nil {
		s.o.Log.Info(s.o.Kind.String()+" is kept", "instance", id)
	}
	return err
}

// accept enters an application of another kind, whose units name that kind until a new release
// replaces them: another kind would be another revision.
func (s *Server) accept(a application, from Kind) error {
	a.Owner = "" // an operator keeps it
	if a.Release != "" {
		a.UnitKind = from.name
	}
	_, _, err := s.apps.enter(func(others []application) (application, []ID, error) {
		for _, o := range others {
			if s.o.Kind.same(o.AppID, a.AppID) {
				return a, nil, fmt.Errorf("there is a %s %q already (%s): %w", s.o.Kind, o.AppID, o.HostName, api.Conflict)
			}
		}
		for _, o := range s.o.Runtime.Apps() {
			if err := s.admitName(a, o); err != nil {
				return a, nil, err
			}
		}
		return a, nil, nil // its host name is its own already
	})
	if err == nil {
		s.put(a.ID)
	}
	return err
}

// Has says whether an application is in the registry.
func (s *Server) Has(id ID) bool {
	_, err := s.apps.get(id)
	return err == nil
}
