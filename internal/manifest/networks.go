package manifest

import (
	"net/netip"

	"github.com/nexushub/nexushub/internal/tomlfile"
)

// A manifest names networks that it knows, not the half of all addresses.
const (
	maxNetworks = 50
	minBits4    = 8
	minBits6    = 16
)

func checkNetworks(f *tomlfile.File, key string, list []string) {
	if len(list) > maxNetworks {
		f.Fault(key, "must not hold more than %d networks", maxNetworks)
	}
	for _, text := range list {
		network, err := netip.ParsePrefix(text)
		switch {
		case err != nil:
			f.Fault(key, "%q must be an address with a length, such as \"10.1.2.0/24\" or \"10.1.2.3/32\"", text)
		case network != network.Masked():
			f.Fault(key, "%q has bits behind its length: write %q for the network, or a length of %d for the address",
				text, network.Masked().String(), network.Addr().BitLen())
		case network.Addr().Is4() && network.Bits() < minBits4, network.Addr().Is6() && network.Bits() < minBits6:
			f.Fault(key, "%q is larger than a /%d (IPv4) or /%d (IPv6): sandbox.internet opens public addresses, "+
				"sandbox.network everything", text, minBits4, minBits6)
		case network.Addr().Is4In6():
			f.Fault(key, "%q is an IPv4 address: write it as one", text)
		}
	}
}
