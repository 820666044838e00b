package debug

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
)

// ID names an application of a registry, and nothing else can be named by one.
type ID string

func newID() ID { return ID(uuid.NewString()) }

// parseID accepts the canonical form only: an id is also the name of a folder.
func parseID(s string) (ID, error) {
	u, err := uuid.Parse(s)
	if err != nil || u.String() != s {
		return "", fmt.Errorf("application %q: %w", s, api.NotFound)
	}
	return ID(s), nil
}

// application is what is remembered of an application.
type application struct {
	ID ID `json:"id"`
	api.NewDebugApplication
	Hosts []hostname.Host `json:"hosts,omitempty"` // all, that of HostName first; empty: that alone
	// PublicService: who named StaticServiceURL may name public addresses alone.
	PublicService bool               `json:"publicService,omitempty"`
	Owner         string             `json:"owner,omitempty"` // whose share of the applications it takes
	CreatedAt     time.Time          `json:"createdAt"`
	InstalledAt   time.Time          `json:"installedAt,omitzero"`
	ActiveAt      time.Time          `json:"activeAt"` // last activity
	Release       string             `json:"release,omitempty"`
	InstalledBy   audience.Installer `json:"installedBy,omitempty"` // empty: not recorded
	Adopted       bool               `json:"adopted,omitempty"`     // known from what runs alone, until the next installation
	UnitKind      string             `json:"unitKind,omitempty"`    // of a kept one, as plan.Instance has it, until then
}

// host is the canonical host name; the client's own spelling stays in HostName.
func (a application) host() string { return canonical(a.HostName) }

func canonical(name string) string {
	h, err := hostname.Parse(name)
	if err != nil {
		return name // checked when it was created
	}
	return h
}

// expiresAt is zero for what does not expire.
func (s *Server) expiresAt(a application) time.Time {
	if !s.o.Kind.expires || a.Adopted {
		return time.Time{}
	}
	return a.ActiveAt.Add(s.o.Expiry).UTC()
}

// expiry is the same for JSON.
func (s *Server) expiry(a application) *time.Time {
	if at := s.expiresAt(a); !at.IsZero() {
		return &at
	}
	return nil
}

// instance is the application as the agent is to run it.
func (s *Server) instance(a application) plan.Instance {
	return plan.Instance{
		ID: string(a.ID), Kind: s.o.Kind.name, UnitKind: a.UnitKind, HostName: a.host(), Hosts: a.Hosts,
		Owner: a.Owner, AppID: a.AppID,
		DisplayName: a.DisplayName, DBName: a.DBName, Release: a.Release, InstalledBy: a.InstalledBy,
		StaticService: a.StaticServiceURL, PublicService: a.PublicService, ExpiresAt: s.expiresAt(a), AsItRuns: a.Adopted,
	}
}

// put hands the application to the agent, unless it was deleted or kept at the same moment or
// nothing is installed: the registry has the last word.
func (s *Server) put(id ID) {
	s.apps.with(id, func(a application) {
		if a.Release != "" {
			s.o.Runtime.Put(s.instance(a))
		}
	})
}

// active notes an activity where it counts.
func (s *Server) active(id ID, at time.Time) {
	if s.o.Kind.expires {
		s.apps.active(id, at)
	}
}
