package proxy

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/nexushub/nexushub/proxy/static"
	"github.com/nexushub/nexushub/proxyctl"
)

// route is a Route compiled: its addresses resolved to targets.
type route struct {
	proxyctl.Route
	targets *targetSet // of the instance
	dev     *targetSet
	service *targetSet
	base    string // path of the static service's URL
	host    string // Host of the static service
	files   *static.Files
	errors  *static.Files
	stats   *routeStats
	open    bool // no path is special; then ProxyAll is set, too
	private bool // open to persons alone
}

func newRoute(r *proxyctl.Route, pool *targets) (*route, error) {
	c := &route{Route: *r, stats: pool.stats(r.Instance, r.Name)}
	switch r.State {
	case proxyctl.StateReady, proxyctl.StateStarting, proxyctl.StateDown:
	default:
		return nil, fmt.Errorf("route table: instance %s: state %q is not ready, starting or down", r.Instance, r.State)
	}
	switch r.Access {
	case "", proxyctl.AccessAreas, proxyctl.AccessOpen, proxyctl.AccessPrivate:
	default:
		return nil, fmt.Errorf("route table: instance %s: access %q is not areas, open or private", r.Instance, r.Access)
	}
	if c.targets = pool.setOf(r.AllTargets()...); r.Sticky && c.targets != nil {
		c.targets.sticky = newSticky(pool.common.stickyKey, r.Instance, c.targets.all)
	}
	if r.DevServer != "" {
		c.dev = pool.setOf(proxyctl.Target{ID: "dev " + r.DevServer, Network: "tcp", Address: r.DevServer})
	}
	if r.StaticService != "" {
		if err := c.setService(r.StaticService, r.PublicService, pool); err != nil {
			return nil, fmt.Errorf("route table: instance %s: %w", r.Instance, err)
		}
	}
	if r.StaticDir != "" {
		c.files = filesOf(r.StaticDir, r.Name, &c.stats.unreadable)
		c.files.HideDots = r.HideDots
	}
	if r.ErrorDir != "" {
		c.errors = filesOf(r.ErrorDir, r.Name, &c.stats.unreadable)
	}
	return c, nil
}

func (c *route) setService(service string, public bool, pool *targets) error {
	u, err := url.Parse(service)
	if err != nil {
		return fmt.Errorf("static service: %w", err)
	}
	t := proxyctl.Target{ID: "service " + u.Scheme + "://" + u.Host, Network: "tcp", Address: u.Host}
	port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	if port == "" || u.Host == "" {
		return fmt.Errorf("static service %q: want http://HOST or https://HOST", service)
	}
	if u.Port() == "" {
		t.Address += port
	}
	if public { // it shares no connection with who may reach more
		t.ID, t.Public = "public "+t.ID, true
	}
	if u.Scheme == "https" {
		t.Network = "tls"
	}
	c.service, c.host, c.base = pool.setOf(t), u.Host, strings.TrimSuffix(u.EscapedPath(), "/")
	return nil
}
