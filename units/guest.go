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
	return []unit{
		{gate + "-out.socket", s.gateSocket(caps, outside, true)},
		{gate + "-out.service", s.gateService(caps, outside, false)},
		{gate + "-in.socket", s.gateSocket(caps, fmt.Sprintf("127.0.0.1:%d", place.Port), false)},
		{gate + "-in.service", s.gateService(caps, "127.0.0.1:80", true)},
	}
}

func (s Spec) gateSocket(caps Capabilities, listen string, inside bool) []Property {
	var p properties
	s.listening(&p)
	s.join(&p, inside)
	p.set("Listen", []listener{{"Stream", listen}})
	return caps.cut(p)
}

func (s Spec) gateService(caps Capabilities, target string, inside bool) []Property {
	var p properties
	p.set("Description", "NexusHub gate of "+s.HostName)
	p.set("Slice", Slice)
	p.set("CollectMode", "inactive-or-failed")
	p.set("Type", "notify")
	p.set("StartLimitIntervalUSec", uint64(0))
	p.set("TimeoutStopUSec", usec(s.StopSec))
	p.set("MemoryMax", uint64(64<<20))
	p.set("TasksMax", uint64(16))
	s.join(&p, inside)
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

func (s Spec) join(p *properties, inside bool) {
	if inside {
		p.set("PrivateNetwork", true)
		p.set("JoinsNamespaceOf", []string{s.UnitName()})
	}
}
