// Package caller is who asks: what he may do and to which applications, and what records and
// the log call him. Each door to the APIs puts a [Caller] into the request's context; the one
// table of rights says what each route needs. It decides and is pure, but for the doors.
package caller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
)

// Caller is who asks. The zero value is nobody, who may do nothing.
type Caller struct {
	audience.Installer          // in records and in the log
	Token              string   // name of the token
	Role               api.Role // none: opens the API of debug applications alone, as tokens always did
	Applications       []string // that are granted, by the name that Granted gives; "*": all
	ExpiresAt          *time.Time
	OnSocket           bool // at the host itself, over the control socket

	holds func() bool // whether the token still does; nil: there is none
}

// Still refuses who was let in by a token that has been revoked or has expired since: what takes long
// asks again before it changes anything.
func (c Caller) Still() error {
	if c.holds == nil || c.holds() {
		return nil
	}
	return fmt.Errorf("%s was revoked or has expired meanwhile; nothing was changed: %w", c.who(), api.Unauthenticated)
}

// Until makes c the caller as long as holds says so.
func (c Caller) Until(holds func() bool) Caller {
	c.holds = holds
	return c
}

type key struct{}

// With makes c the caller of what is asked with the context.
func With(ctx context.Context, c Caller) context.Context { return context.WithValue(ctx, key{}, c) }

// Of is who asks; nobody where no door has said so.
func Of(ctx context.Context) Caller {
	c, _ := ctx.Value(key{}).(Caller)
	return c
}

// Local is who may connect to the control socket: root, who owns the host, and the group.
func Local(uid uint32) Caller {
	c := Caller{
		Installer: audience.Operator(uid), Role: api.Operator, Applications: []string{api.AllApplications}, OnSocket: true,
	}
	if uid == 0 {
		c.Role = api.Owner
	}
	return c
}

// Bearer is the holder of a token.
func Bearer(t api.Token) Caller {
	return Caller{
		Installer: audience.Token(t.ID), Token: t.Name, Role: t.Role, Applications: t.Applications, ExpiresAt: t.ExpiresAt,
	}
}

// Known says that a door knows who asks.
func (c Caller) Known() bool { return c.Installer != audience.Unrecorded }

// Granted is the name by which an application is granted: its app id, which also names its
// releases, or where it has none its name.
func Granted(app api.App) string { return cmp.Or(app.AppID, app.Name) }

// Covers says whether an application is granted to the caller. Names are compared as they are
// written, because "shop" and "Shop" are two applications.
func (c Caller) Covers(application string) bool {
	return c.CoversAll() || (application != "" && slices.Contains(c.Applications, application))
}

// CoversAll says that the caller may ask about the host as a whole.
func (c Caller) CoversAll() bool { return slices.Contains(c.Applications, api.AllApplications) }

// MustCover says that a route is about one application, which has to be granted: not all are.
func (c Caller) MustCover(r Right) bool { return r.Scope == One && !c.CoversAll() }

// Taker is what the caller may take of host names.
func (c Caller) Taker() hostname.Taker {
	switch {
	case c.Role == "":
		return hostname.Tester
	case c.Role.Includes(api.Operator):
		return hostname.Operator
	}
	return hostname.Developer
}

// who is the caller in the words of a refusal.
func (c Caller) who() string {
	if c.Token != "" {
		return "token " + c.Token
	}
	return c.Installer.String()
}

// Refuse is the answer about an application that is not granted, and about one that does not
// exist: what others have is not for guessing.
func (c Caller) Refuse(application string) error {
	granted := "no application"
	if len(c.Applications) > 0 {
		granted = strings.Join(c.Applications, ", ")
	}
	return fmt.Errorf("%s is for %s, and %q is not among them: %w", c.who(), granted, application, api.Forbidden)
}
