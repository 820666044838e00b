package control

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/proxyctl"
)

func (h *handlers) routes(c echo.Context) error {
	status, err := h.Proxy.Status(c.Request().Context())
	if err != nil {
		return fmt.Errorf("the proxy does not answer: %w: %w", err, api.Unavailable)
	}
	traffic := trafficOf(status)
	out := []api.Route{}
	for _, r := range status.Routes {
		for _, host := range r.Hosts {
			out = append(out, route(host, r, traffic.counted[r.Instance]))
		}
		for _, is := range r.Sites {
			site := route(is.Name+is.Prefix, r, traffic.counted[r.Instance])
			site.Strip, site.RedirectTo = is.Strip, is.RedirectTo
			out = append(out, site)
		}
	}
	names := h.grantedNames()
	return list(c, granted(c, out, func(r api.Route) string { return names[r.Instance] }), nil)
}

func route(host string, r proxyctl.RouteStatus, counted proxyctl.InstanceStatus) api.Route {
	out := api.Route{
		Host: host, Instance: r.Instance, Name: r.Name, Kind: r.Kind, State: r.State,
		Target: r.Target, Targets: r.Targets, Address: r.Address, StaticDir: r.Static,
		InFlight: int(r.InFlight), Requests: counted.Requests,
	}
	if !counted.LastRequest.IsZero() {
		out.LastRequest = &counted.LastRequest
	}
	return out
}

func (h *handlers) certs(c echo.Context) error {
	infos, err := h.Proxy.Certs(c.Request().Context())
	if err != nil {
		return fmt.Errorf("the proxy does not answer: %w: %w", err, api.Unavailable)
	}
	out := make([]api.Cert, len(infos))
	apps := h.Applications.Apps()
	for i, info := range infos {
		out[i] = api.Cert(info)
		if info.Source == proxyctl.LocalCA {
			out[i].Note = cmp.Or(info.Note, uncertified(apps, info.Hosts))
		}
	}
	return list(c, out, nil)
}

// uncertified names the hosts for which a certificate of the local authority stands in, and why no other
// authority is asked.
func uncertified(apps []api.App, certified []string) string {
	var names []string
	why := ""
	for _, a := range apps {
		for _, h := range a.Hosts {
			name, _, _ := strings.Cut(h.Host, "/")
			covers := slices.Contains(certified, name) || slices.Contains(certified, hostname.WildcardOf(name))
			if h.Uncertified != "" && covers && !slices.Contains(names, name) {
				names, why = append(names, name), h.Uncertified
			}
		}
	}
	if why == "" {
		return ""
	}
	return strings.Join(names, ", ") + ": " + why
}
