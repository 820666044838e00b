package units

import (
	"net/netip"
	"slices"
	"testing"
)

// What PID 1's filter makes of the properties: what is allowed wins, then what is denied.
func passes(s Spec, place Placement, addr string) bool {
	var p properties
	s.addresses(&p, place)
	in := func(name string) bool {
		for _, property := range p {
			if property.Name != name {
				continue
			}
			return slices.ContainsFunc(property.Value.Value().([]ipNetwork), func(n ipNetwork) bool {
				ip, _ := netip.AddrFromSlice(n.Address)
				return netip.PrefixFrom(ip, int(n.Prefix)).Contains(netip.MustParseAddr(addr))
			})
		}
		return false
	}
	return in("IPAddressAllow") || !in("IPAddressDeny")
}

func TestInternetIsWhatIsPublic(t *testing.T) {
	internet := Spec{Network: NetworkPort, Loosen: []string{"internet"}}
	for _, c := range []struct {
		what, addr string
		open       bool
	}{
		{"a public address", "93.184.215.14", true}, {"another", "8.8.8.8", true}, {"of IPv6", "2606:2800:21f::1", true},
		{"of IPv6, of Google", "2a00:1450::1", true}, {"through a translator", "64:ff9b::808:808", true},
		{"loopback", "127.0.0.1", true}, {"systemd-resolved", "127.0.0.53", true}, {"loopback of IPv6", "::1", true},

		{"private", "10.0.0.1", false}, {"private", "172.16.0.1", false}, {"private", "172.31.255.255", false},
		{"beside private", "172.32.0.1", true}, {"private", "192.168.1.1", false}, {"of a provider", "100.64.0.1", false},
		{"beside a provider's", "100.128.0.1", true}, {"any", "0.0.0.0", false}, {"link", "169.254.1.1", false},
		{"metadata", "169.254.169.254", false}, {"metadata of AWS", "fd00:ec2::254", false},
		{"metadata of Alibaba", "100.100.100.200", false}, {"metadata of Oracle", "192.0.0.192", false},
		{"metadata of Azure", "168.63.129.16", false}, {"metadata of Google", "fd20:ce::254", false},
		{"multicast", "224.0.0.251", false}, {"broadcast", "255.255.255.255", false}, {"reserved", "240.0.0.1", false},
		{"unique local", "fc00::1", false}, {"unique local", "fdff::1", false}, {"link", "fe80::1", false},
		{"site", "fec0::1", false}, {"multicast", "ff02::1", false}, {"any", "::", false},
		{"metadata, mapped", "::ffff:169.254.169.254", false}, {"private, compatible", "::10.0.0.1", false},
		{"metadata, translated", "64:ff9b::a9fe:a9fe", false}, {"private, translated", "64:ff9b::a00:1", false},
		{"private, translated locally", "64:ff9b:1::a00:1", false}, {"private, 6to4", "2002:a00:1::1", false},
		{"private, Teredo", "2001:0:a00:1::1", false}, {"private, SIIT", "::ffff:0:a00:1", false},
		{"loopback, translated", "64:ff9b::7f00:1", false},
	} {
		if got := passes(internet, Placement{}, c.addr); got != c.open {
			t.Errorf("%s, %s: open %v, want %v", c.what, c.addr, got, c.open)
		}
	}
}

func TestNamedNetworksAreOpen(t *testing.T) {
	place := Placement{Resolvers: []netip.Addr{netip.MustParseAddr("192.168.1.1")}}
	named := []string{"10.1.2.0/24"}
	for _, c := range []struct {
		name string
		spec Spec
		open []string
		shut []string
	}{
		{"closed", Spec{Network: NetworkPort}, []string{"127.0.0.1"}, []string{"10.1.2.1", "192.168.1.1", "8.8.8.8"}},
		{"networks", Spec{Network: NetworkPort, Networks: named},
			[]string{"10.1.2.1", "192.168.1.1", "::1"}, []string{"10.1.3.1", "192.168.1.2", "8.8.8.8", "2a00::1"}},
		{"both", Spec{Network: NetworkPort, Networks: named, Loosen: []string{"internet"}},
			[]string{"10.1.2.1", "192.168.1.1", "8.8.8.8"}, []string{"10.1.3.1", "192.168.1.2"}},
		{"everything", Spec{Network: NetworkPort, Networks: named, Loosen: []string{"internet", "network"}},
			[]string{"10.1.3.1", "169.254.169.254"}, nil},
		{"guest", Spec{Network: NetworkGuest, Networks: named, Loosen: []string{"internet"}},
			[]string{"127.0.0.1"}, []string{"10.1.2.1", "8.8.8.8", "192.168.1.1"}},
		{"socket", Spec{Network: NetworkSocket, Loosen: []string{"internet"}}, []string{"8.8.8.8"}, []string{"10.1.2.1"}},
	} {
		for _, addr := range c.open {
			if !passes(c.spec, place, addr) {
				t.Errorf("%s: %s is shut", c.name, addr)
			}
		}
		for _, addr := range c.shut {
			if passes(c.spec, place, addr) {
				t.Errorf("%s: %s is open", c.name, addr)
			}
		}
	}
}
