package agent

import "github.com/nexushub/nexushub/proxy"

func routeStatus(r proxy.Route) proxy.RouteStatus {
	return proxy.RouteStatus{Instance: r.Instance, Target: r.Target.ID}
}
