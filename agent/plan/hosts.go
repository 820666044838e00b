package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/proxyctl"
)

// AllHosts are the names of an application, the first of which aliases lead to.
func (i *Instance) AllHosts() []hostname.Host {
	if len(i.Hosts) == 0 {
		return []hostname.Host{{Name: i.HostName}}
	}
	return i.Hosts
}

// Slug is the word for the application in unit names and logs. Who deploys it names it, and it keeps
// that name whatever its hosts are.
func (i *Instance) Slug(domain string) string {
	if i.Kind == KindDeployed && i.UnitKind == "" { // else its units have a name already
		return hostname.Label(i.AppID)
	}
	return hostname.Slug(i.HostName, domain, i.AllHosts()[0].Prefix)
}

// Claims are its hosts as others may be in conflict with them.
func (i *Instance) Claims(domain string) []hostname.Claim {
	var list []hostname.Claim
	owner := i.Owner
	if i.Kind == KindDynamic {
		owner = KindDynamic // all of them are the admin application's
	}
	for _, h := range i.AllHosts() {
		if i.Taken[h.String()] == "" {
			list = append(list, hostname.Claim{
				Host: h, App: i.ID, Owner: cmp.Or(h.Owner, owner), Granted: hostname.GivenOut(h.Name, domain),
				Who: fmt.Sprintf("the %s application %s (instance %s)", i.Kind, cmp.Or(i.DisplayName, i.AppID), i.ID),
			})
		}
	}
	return list
}

// Named says whether host is one of its names, as people write it.
func (i *Instance) Named(host string) bool {
	return slices.ContainsFunc(i.AllHosts(), func(h hostname.Host) bool { return strings.EqualFold(h.String(), host) })
}

// setHosts names the hosts in a route. Those that a proxy of an earlier version does not know
// are apart from the others, so that it serves at least these.
func (i *Instance) setHosts(r *proxyctl.Route) {
	all := i.AllHosts()
	first := all[0].String()
	r.Hosts = []string{}
	for _, h := range all {
		switch {
		case i.Taken[h.String()] != "", h.Redirect && i.Taken[first] != "": // it would lead to somebody else
		case h.Plain() && !h.Redirect:
			r.Hosts = append(r.Hosts, h.Name)
		default:
			site := proxyctl.Site{Name: h.Name, Prefix: h.Prefix, Strip: h.Strip}
			if h.Redirect {
				site.RedirectTo = first
			}
			r.Sites = append(r.Sites, site)
		}
	}
}
