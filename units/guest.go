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
	gate, outside := gate(s.UnitName()), fmt.Sprintf("127.0.0.1:%d", s.ProxyPort)
	host := func(*properties) {}
	own := func(p *properties) {
		privateNetwork(p)
		p.set("PrivateTmp", true) // 252 takes that too from the holder, or there is no /tmp
	}
	guest := func(p *properties) { privateNetwork(p, s.networkHolder()) }
	out := []unit{
		{s.networkHolder(), s.gateSocket(caps, outside, own)},
		{gate + "-out.service", s.gateService(caps, outside, host)},
	}
	if s.Portless {
		return out
	}
	return append(out,
		unit{gate + "-in.socket", s.gateSocket(caps, fmt.Sprintf("127.0.0.1:%d", place.Port), host)},
		unit{gate + "-in.service", s.gateService(caps, "127.0.0.1:80", guest)})
}

// gate begins the names of the gates that belong to an application's service.
func gate(service string) string { return gatePrefix + strings.TrimPrefix(base(service), Prefix) }

// networkHolder is the unit whose network the others join: the socket inside. It listens
// as long as the guest exists, while the application itself comes and goes, and with it
// would go its network.
func (s Spec) networkHolder() string { return gate(s.UnitName()) + "-out.socket" }

func (s Spec) gateSocket(caps Capabilities, listen string, network func(*properties)) []Property {
	var p properties
	s.listening(&p)
	network(&p)
	p.set("Listen", []listener{{"Stream", listen}})
	return caps.supported(p)
}

func (s Spec) gateService(caps Capabilities, target string, network func(*properties)) []Property {
	var p properties
	p.set("Description", "NexusHub gate of "+s.HostName)
	p.set("Slice", Slice)
	p.set("CollectMode", "inactive-or-failed")
	p.set("Type", "exec") // systemd-socket-proxyd of 252 never says that it is ready
	p.set("StartLimitIntervalUSec", uint64(0))
	p.set("TimeoutStopUSec", usec(s.StopSec))
	p.set("MemoryMax", uint64(64<<20))
	p.set("TasksMax", uint64(16))
	network(&p)
	argv := []string{caps.SocketProxy, "--connections-max=1024", target}
	p.set("ExecStart", []execCommand{literal(argv)})
	gateSandbox(&p)
	return caps.supported(p)
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
	filterAddresses(p, everywhere, loopback)
}

// privateNetwork gives a unit a network of its own, or that of the holder.
func privateNetwork(p *properties, holder ...string) {
	p.set("PrivateNetwork", true)
	if len(holder) > 0 {
		p.set("JoinsNamespaceOf", holder)
	}
}
