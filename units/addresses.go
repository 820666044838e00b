package units

import (
	"net/netip"

	"github.com/nexushub/nexushub/internal/publicnet"
)

var (
	everywhere = prefixes("0.0.0.0/0", "::/0")
	loopback   = prefixes("127.0.0.0/8", "::1/128")
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

// addresses: an application with a listening socket of its own needs AF_INET, and
// AF_NETLINK, by which every runtime lists the host's interfaces and addresses; one that
// got its socket from PID 1 needs no network at all.
func (s Spec) addresses(p *properties, place Placement) {
	alone := s.Network == NetworkGuest || s.Network == NetworkSocket && !s.loosened("network") && !s.Connects()
	families := []string{"AF_UNIX", "AF_INET", "AF_INET6"}
	if !s.loosened("namespaces") { // in a user namespace it would lead to the firewall's code
		families = append(families, "AF_NETLINK")
	}
	switch {
	case s.Network == NetworkGuest:
		privateNetwork(p, s.networkHolder())
	case alone:
		privateNetwork(p)
	}
	if alone && s.Network == NetworkSocket {
		families = families[:1]
	}
	p.set("RestrictAddressFamilies", filter{Allow: true, Names: families})
	switch {
	case alone:
		filterAddresses(p, everywhere, loopback)
	case s.loosened("network"):
	case s.loosened("internet"):
		filterAddresses(p, publicnet.Not, append(s.named(place), loopback...))
	default:
		filterAddresses(p, everywhere, append(s.named(place), loopback...))
	}
}

// Connects says that the application may connect beyond the host, but not to everything. It
// needs the host's name servers for that.
func (s Spec) Connects() bool {
	return s.Network != NetworkGuest && !s.loosened("network") && (s.loosened("internet") || len(s.Networks) > 0)
}

// named are the networks that the manifest names, and the host's name servers.
func (s Spec) named(place Placement) (list []netip.Prefix) {
	if !s.Connects() {
		return nil
	}
	for _, text := range s.Networks {
		if network, err := netip.ParsePrefix(text); err == nil { // else refused before
			list = append(list, network)
		}
	}
	for _, server := range place.Resolvers {
		list = append(list, netip.PrefixFrom(server, server.BitLen()))
	}
	return list
}

// filterAddresses filters by cgroup BPF; in a container it has no effect (Capabilities.Missing).
// What is allowed wins over what is denied, and what is neither is allowed. It holds for what
// comes in, too.
func filterAddresses(p *properties, denied, allowed []netip.Prefix) {
	p.set("IPAddressDeny", ipNetworks(denied))
	p.set("IPAddressAllow", ipNetworks(allowed))
}

func ipNetworks(list []netip.Prefix) []ipNetwork {
	const inet, inet6 = 2, 10
	out := make([]ipNetwork, len(list))
	for i, n := range list {
		family := map[bool]int32{true: inet, false: inet6}[n.Addr().Is4()]
		out[i] = ipNetwork{family, n.Addr().AsSlice(), uint32(n.Bits())}
	}
	return out
}
