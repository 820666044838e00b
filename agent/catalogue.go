package agent

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/nexushub/nexushub/agent/fact"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/manifest"
)

// catalogue is what the providers want.
type catalogue struct {
	config  *config.Config
	place   plan.Place
	urlPort int // of the proxy, in URLs
	backoff plan.Backoff

	static          []plan.Instance
	dynamic         []plan.Instance
	put             map[string]plan.Instance // deployed and debug applications, by id
	admin           api.Provider             // how the admin service is doing
	removalGuard    massRemovalGuard
	installed       map[string]plan.Installed // app id -> release that ran well as a debug application
	partial         map[string]bool           // kinds whose provider has not given its complete list
	resolved        []resolved                // of all, in the order static, deployed, dynamic, debug
	version         uint64                    // of what the providers want
	resolvedVersion uint64                    // that resolved was made for
	orphans         []resolved                // adopted from PID 1 because the state is lost

	certified   []plan.CertName // names that an authority may be asked for
	uncertified []string        // names that it may not, which the log has told

	complete bool           // resolved was made at least once
	apps     []plan.Desired // desired: computed from resolved and memories
	stale    bool           // apps must be computed again
}

// resolved is an instance whose package was looked for.
type resolved struct {
	plan.Instance
	settings plan.Settings
	theirs   manifest.Manifest // the provider's, below the settings
	release  fact.Release
	problem  string
	pinned   bool   // an operator went back to this older release
	adopted  bool   // known only from what runs
	outpaced bool   // there is a newer release than the one that the operator went back from
	byAppID  bool   // its release is what is installed under its app id
	gone     string // the release that was, and is not there any more
	files    string // StaticPath as the operator wrote it; StaticPath itself is where that leads
}

func newCatalogue() catalogue {
	return catalogue{
		put: map[string]plan.Instance{}, installed: map[string]plan.Installed{}, stale: true,
		partial: map[string]bool{plan.KindDeployed: true, plan.KindDynamic: true, plan.KindDebug: true},
	}
}

// configure applies a configuration, at the start and at each reload.
func (a *Agent) configure(c *config.Config, ports ProxyPorts) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := &a.desired
	w.config, w.urlPort = c, ports.URLs
	w.place = plan.Place{Domain: c.Domain, ProxyPort: ports.Guests, EnvDir: filepath.Join(c.RunDir, "env")}
	w.backoff = plan.NewBackoff(c.Restart)
	w.static = make([]plan.Instance, 0, len(c.Apps))
	for _, app := range c.Apps {
		w.static = append(w.static, plan.FromConfig(app))
	}
	if w.partial[plan.KindStatic] = c.Incomplete; !c.Incomplete {
		w.orphans = slices.DeleteFunc(w.orphans, func(o resolved) bool { return o.Kind == plan.KindStatic })
	}
	w.version++
}

// adminComplete says whether the admin service, where there is one, has given its complete list.
func (c *catalogue) adminComplete() bool {
	return !c.partial[plan.KindDynamic] || !c.config.Admin.Enabled
}

// wanted merges the providers: a static application overrides a dynamic one of the
// same id, and the first to name a host has it. Deployed ones come before the admin
// service's list, which never takes what is theirs. The caller holds mu.
func (c *catalogue) wanted() []resolved {
	list := merge(c.static, c.of(plan.KindDeployed), c.dynamic, c.of(plan.KindDebug))
	for _, o := range c.orphans {
		if !slices.ContainsFunc(list, func(r resolved) bool { return r.ID == o.ID }) {
			list = append(list, o)
		}
	}
	shareHosts(list, c.place.Domain)
	return list
}

// shareHosts lets who comes first keep its hosts. One fault in a table would keep the proxy from
// taking up any of it.
func shareHosts(list []resolved, domain string) {
	var held hostname.Claims
	for i := range list {
		r := &list[i]
		r.Taken = nil
		taken := map[string]string{}
		for _, c := range r.Claims(domain) {
			if why := held.Conflict(c); why != "" {
				taken[c.String()] = why
			} else if c.IsAPI(domain) {
				taken[c.String()] = fmt.Sprintf("host name %s is taken by NexusHub itself", c)
			}
		}
		r.Taken = taken
		if why := taken[r.AllHosts()[0].String()]; why != "" {
			r.problem = why
		}
		held.Hold(r.Claims(domain)...)
	}
}

// merge is pure.
func merge(lists ...[]plan.Instance) []resolved {
	byID := map[string]int{}
	var out []resolved
	for _, in := range slices.Concat(lists...) {
		if i, taken := byID[in.ID]; taken {
			out[i].Instance = override(out[i].Instance, in)
			continue
		}
		byID[in.ID] = len(out)
		out = append(out, resolved{Instance: in})
	}
	return out
}

// override lets a static application keep what it says and fills the rest in from the
// dynamic one.
func override(static, dynamic plan.Instance) plan.Instance {
	out := static
	if out.DisplayName == "" || out.DisplayName == out.AppID {
		out.DisplayName = dynamic.DisplayName
	}
	if out.Empty() {
		out.Release, out.Package, out.InstalledBy = dynamic.Release, dynamic.Package, dynamic.InstalledBy
	}
	return out
}
