package agent

import "github.com/nexushub/nexushub/proxyctl"

func routeStatus(r proxyctl.Route) proxyctl.RouteStatus {
	return proxyctl.RouteStatus{Instance: r.Instance, Target: r.Target.ID}
}
