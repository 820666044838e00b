package debug

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
)

// ID names a debug application, and nothing else can be named by one.
type ID string

func newID() ID { return ID(uuid.NewString()) }

// parseID accepts the canonical form only: an id is also the name of a folder.
func parseID(s string) (ID, error) {
	u, err := uuid.Parse(s)
	if err != nil || u.String() != s {
		return "", fmt.Errorf("debug application %q: %w", s, api.NotFound)
	}
	return ID(s), nil
}

// application is what is remembered of a debug application.
type application struct {
	ID ID `json:"id"`
	api.NewDebugApplication
	Owner       string             `json:"owner,omitempty"` // whose share of the applications it takes
	CreatedAt   time.Time          `json:"createdAt"`
	InstalledAt time.Time          `json:"installedAt,omitzero"`
	ActiveAt    time.Time          `json:"activeAt"` // last activity
	Release     string             `json:"release,omitempty"`
	InstalledBy audience.Installer `json:"installedBy,omitempty"` // empty: not recorded
	Adopted     bool               `json:"adopted,omitempty"`     // known from what runs alone, until the next installation
}

// host is the canonical host name; the client's own spelling stays in HostName.
func (a application) host() string {
	h, err := hostname.Parse(a.HostName)
	if err != nil {
		return a.HostName // checked when it was created
	}
	return h
}

func (s *Server) expiresAt(a application) time.Time { return a.ActiveAt.Add(s.o.Expiry).UTC() }

// instance is the application as the agent is to run it.
func (s *Server) instance(a application) plan.Instance {
	return plan.Instance{
		ID: string(a.ID), Kind: plan.KindDebug, HostName: a.host(), AppID: a.AppID,
		DisplayName: a.DisplayName, DBName: a.DBName, Release: a.Release, InstalledBy: a.InstalledBy,
		StaticService: a.StaticServiceURL, ExpiresAt: s.expiresAt(a), AsItRuns: a.Adopted,
	}
}

// put hands the application to the agent, and takes it back if it was deleted at the
// same moment: the registry has the last word.
func (s *Server) put(a application) {
	s.o.Runtime.Put(s.instance(a))
	if _, err := s.apps.get(a.ID); err == nil {
		return
	}
	if err := s.end(context.Background(), a.ID); err != nil {
		s.o.Log.Error("deleted debug application could not be removed", "instance", a.ID, "error", err)
	}
}
