package debug

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/ifmatch"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/shell"
)

// maxHosts of one application. Each may take a certificate.
const maxHosts = 100

// AddHost gives an application one more host, or has it in another way. It returns when the proxy
// serves it. HOST says the first, so that another first one is another revision.
func (s *Server) AddHost(ctx context.Context, id string, n api.NewAppHost) error {
	h, err := parseHost(n)
	if err != nil {
		return err
	}
	before, err := s.changeHosts(ctx, ID(id), func(a *application) error {
		if h.Prefix != "" && !h.Redirect {
			if err := s.mustBeOpen(a); err != nil {
				return err
			}
		}
		return a.addHost(a.taken(h, caller.Of(ctx)), n.First)
	})
	if err == nil && n.First && before.host() != h.Name {
		_, err = s.o.Runtime.WaitSettled(ctx, id, "")
	}
	if errors.Is(err, api.NotRunning) { // it starts with the name, when it does
		err = nil
	}
	return err
}

// RemoveHost takes a host from an application, and returns when the proxy does not serve it any more.
func (s *Server) RemoveHost(ctx context.Context, id, name string) error {
	_, err := s.changeHosts(ctx, ID(id), func(a *application) error { return a.removeHost(name) })
	return err
}

// HostsTag is the ETag of the hosts of an application.
func (s *Server) HostsTag(id string) (string, error) {
	a, err := s.apps.get(ID(id))
	return ifmatch.Tag(a.hostsState()), err
}

// hostsState is what a change of hosts changes.
func (a application) hostsState() any { return []any{a.HostName, a.Hosts} }

// changeHosts returns the application as it was.
func (s *Server) changeHosts(
	ctx context.Context, id ID, change func(*application) error,
) (before application, err error) {
	by := caller.Of(ctx)
	after, _, err := s.apps.enter(func(others []application) (a application, _ []ID, err error) {
		at := slices.IndexFunc(others, func(o application) bool { return o.ID == id })
		if at < 0 {
			return a, nil, s.apps.unknown(id)
		}
		before, a = others[at], others[at]
		if err := ifmatch.Check(ctx, a.hostsState()); err != nil {
			return a, nil, err
		}
		if err := change(&a); err != nil {
			return a, nil, err
		}
		return a, nil, s.admitHosts(a, others, by)
	})
	if err != nil {
		return before, err
	}
	s.o.Log.Info("hosts changed", "instance", id, "app_id", after.AppID, "by", by.String(), "hosts", after.hostNames())
	s.put(id)
	return before, s.o.Runtime.Routed(ctx)
}

// admitHosts refuses hosts that an application does not have yet and that are somebody else's, or
// not for who asks. The first it must have to itself in any case.
func (s *Server) admitHosts(a application, others []application, by caller.Caller) error {
	var held hostname.Claims
	known := map[string]bool{string(a.ID): true} // by others
	has := map[string]bool{}
	for _, o := range others {
		known[string(o.ID)] = true
		for _, c := range s.claims(o) {
			if s.o.Kind.same(o.AppID, a.AppID) {
				has[c.String()] = true
			} else {
				held.Hold(c)
			}
		}
	}
	for _, c := range s.o.Runtime.Claims() {
		if !known[c.App] {
			held.Hold(c)
		}
	}
	for i, c := range s.claims(a) {
		if why := held.Conflict(c); why != "" && (i == 0 || !has[c.String()]) {
			return fmt.Errorf("%s: %w", why, api.Conflict)
		}
		if err := s.mayTake(a, c.Host, by); err != nil && !has[c.String()] {
			return err
		}
	}
	return nil
}

func (s *Server) claims(a application) []hostname.Claim {
	in := s.instance(a)
	claims := in.Claims(s.o.Domain)
	for i := range claims {
		claims[i].Who = s.o.Kind.String() + " " + a.AppID
	}
	return claims
}

// mayTake refuses a host that is not for who asks.
func (s *Server) mayTake(a application, h hostname.Host, by caller.Caller) error {
	err := s.o.Runtime.HostNames().Refuse(h.String(), hostname.Label(a.AppID), by.Taker())
	refusal, ok := errors.AsType[*hostname.Refusal](err)
	switch {
	case !ok:
		return err
	case refusal.Verdict == hostname.Own:
		return fmt.Errorf("host name %s is taken by %s: %w", h, s.reservedFor(h.Name), api.Conflict)
	case refusal.Verdict == hostname.Reserved:
		return fmt.Errorf("%w: %w", err, api.Conflict)
	}
	return fmt.Errorf("%w: %w", err, api.Forbidden)
}

// reservedFor is whose name a reserved one is, or passes for: "login" that of the application
// which has login.DOMAIN.
func (s *Server) reservedFor(host string) string {
	meant := strings.TrimPrefix(host, "www.")
	for _, o := range s.o.Runtime.Apps() {
		if h, err := hostname.Parse(o.HostName); err == nil && (h == meant || h == meant+"."+s.o.Domain) {
			return "application " + o.Name + " (" + h + ")"
		}
	}
	return "NexusHub itself"
}

// mustBeOpen refuses a path to an application of which some paths are special: the proxy guards
// them, and the cookie with the refresh token, for whole hosts.
func (s *Server) mustBeOpen(a *application) error {
	app, err := s.o.Runtime.App(string(a.ID))
	if errors.Is(err, api.NotFound) || err == nil && app.Access == manifest.AccessOpen {
		return nil // it is not installed yet, or is open
	}
	if err != nil {
		return err
	}
	return fmt.Errorf(`only an application with access = "open" can be served below a path, and that of %s is %s: %s: %w`,
		a.AppID, app.Access, shell.Command("nexushub access", a.AppID, "open"), api.Conflict)
}

func parseHost(n api.NewAppHost) (hostname.Host, error) {
	h, err := hostname.ParseHost(n.Host)
	if err == nil {
		err = hostname.CheckLetters(strings.TrimPrefix(h.Name, "*."))
	}
	switch {
	case err != nil:
		return h, &api.Fault{Code: api.Invalid, Detail: err.Error()}
	case n.First && (h.Wildcard() || n.Redirect):
		return h, badField("first", "must be one name, and not an alias: aliases lead to it")
	case n.Strip && (h.Prefix == "" || n.Redirect):
		return h, badField("strip", "needs a path, as example.org/docs has")
	}
	h.Strip, h.Redirect = n.Strip, n.Redirect
	return h, nil
}

// allHosts are those of the application, the first of which HOST says.
func (a *application) allHosts() []hostname.Host {
	if len(a.Hosts) == 0 {
		return []hostname.Host{{Name: a.host()}}
	}
	return slices.Clone(a.Hosts)
}

func (a *application) hostNames() (names []string) {
	for _, h := range a.allHosts() {
		names = append(names, h.String())
	}
	return names
}

// taken is a host with who takes it, which the application's owner need not be: an operator's
// word for an application is not one for every host that a developer adds. What it has, it keeps.
func (a *application) taken(h hostname.Host, by caller.Caller) hostname.Host {
	all := a.allHosts()
	if at := slices.IndexFunc(all, h.At); at >= 0 {
		h.Owner = all[at].Owner
	} else if who := ownerOf(by); who != a.Owner {
		h.Owner = who
	}
	return h
}

func (a *application) addHost(h hostname.Host, first bool) error {
	all := a.allHosts()
	at := slices.IndexFunc(all, h.At)
	switch {
	case first:
		a.HostName = h.Name
		a.setFirst(h, true)
		return nil
	case at == 0 && h.Redirect:
		return fmt.Errorf("%s is the first name, which aliases lead to: make another one the first: %w", h, api.Conflict)
	case at >= 0:
		all[at] = h
	case len(all) >= maxHosts:
		return fmt.Errorf("it has %d hosts already, remove one: %w", maxHosts, api.TooMany)
	default:
		all = append(all, h)
	}
	a.Hosts = all
	return nil
}

// setFirst makes h the first, before what was or in its place.
func (a *application) setFirst(h hostname.Host, keep bool) {
	if len(a.Hosts) == 0 && !keep && h.Owner == "" {
		return // HostName says it
	}
	others := a.allHosts()
	if !keep {
		others = others[1:]
	}
	a.Hosts = append([]hostname.Host{h}, slices.DeleteFunc(others, h.At)...)
}

func (a *application) removeHost(name string) error {
	all := a.allHosts()
	h, err := hostname.ParseHost(name)
	at := slices.IndexFunc(all, h.At)
	switch {
	case err != nil || at < 0:
		return fmt.Errorf("%s has no host %s: %w", a.AppID, name, api.NotFound)
	case len(all) == 1:
		return fmt.Errorf("%s is the only host of %s: add another one before: %w", h, a.AppID, api.Conflict)
	case at == 0:
		other := shell.Command("nexushub hosts add --first", a.AppID, "HOST")
		return fmt.Errorf("%s is the first host of %s, which HOST says and aliases lead to: make another one the first, by %s: %w",
			h, a.AppID, other, api.Conflict)
	}
	a.Hosts = slices.Delete(all, at, at+1)
	return nil
}
