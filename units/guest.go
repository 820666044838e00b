package units

import (
	"fmt"
	"strings"
)

const gatePrefix = "nexushub-gate-"

// ProxyUser runs the proxy and may open the sockets of applications.
const ProxyUser = "_nexushub-proxy"

// gates lead into and out of the network of a guest. The sockets listen, one on the
// host and one inside; systemd's own socket proxy carries the bytes to the other side.
func (s Spec) gates(place Placement, caps Capabilities) []unit {
	gate := gatePrefix + strings.TrimPrefix(base(s.UnitName()), Prefix)
	outside := fmt.Sprintf("127.0.0.1:%d", s.ProxyPort)
	// The socket inside keeps the network alive while the application is down. Whoever
	// joins only the application then gets a network of its own, and for good.
	inside := []string{s.UnitName(), gate + "-out.socket"}
	return []unit{
		{gate + "-out.socket", s.gateSocket(caps, outside, inside[:1])},
		{gate + "-out.service", s.gateService(caps, outside, nil)},
		{gate + "-in.socket", s.gateSocket(caps, fmt.Sprintf("127.0.0.1:%d", place.Port), nil)},
		{gate + "-in.service", s.gateService(caps, "127.0.0.1:80", inside)},
	}
}

func (s Spec) gateSocket(caps Capabilities, listen string, with []string) []Property {
	var p properties
	s.listening(&p)
	join(&p, with)
	p.set("Listen", []listener{{"Stream", listen}})
	return caps.cut(p)
}

func (s Spec) gateService(caps Capabilities, target string, with []string) []Property {
	var p properties
	p.set("Description", "NexusHub gate of "+s.HostName)
	p.set("Slice", Slice)
	p.set("CollectMode", "inactive-or-failed")
	p.set("Type", "notify")
	p.set("StartLimitIntervalUSec", uint64(0))
	p.set("TimeoutStopUSec", usec(s.StopSec))
	p.set("MemoryMax", uint64(64<<20))
	p.set("TasksMax", uint64(16))
	join(&p, with)
	argv := []string{caps.SocketProxy, "--connections-max=1024", target}
	p.set("ExecStart", []execCommand{literal(argv)})
	gateSandbox(&p)
	return caps.cut(p)
}

// gateSandbox: a gate moves bytes between two sockets and needs nothing else.
func gateSandbox(p *properties) {
	p.set("DynamicUser", true)
	p.set("CapabilityBoundingSet", uint64(0))
	p.set("PrivateUsers", true)
	p.set("RestrictNamespaces", noNamespaces)
	p.set("MemoryDenyWriteExecute", true)
	p.set("RestrictAddressFamilies", filter{Allow: true, Names: []string{"AF_UNIX", "AF_INET", "AF_INET6"}})
	p.set("SystemCallArchitectures", []string{"native"})
	localOnly(p)
}

// join puts a unit into the network of others; without any it stays in the host's.
func join(p *properties, with []string) {
	if len(with) > 0 {
		p.set("PrivateNetwork", true)
		p.set("JoinsNamespaceOf", with)
	}
}
