// Package publicnet knows which addresses are of hosts on the internet. It is pure.
package publicnet

import (
	"net/netip"
	"slices"
)

// Not is every address that is not of a host on the internet: private networks, where
// others trust whoever reaches them, and the addresses at which clouds tell a machine its keys.
// Source: the registries of IANA for special addresses (RFC 6890), 2026.
var Not = slices.Concat(not4, not6, translated(not4))

// Has says whether an address is one of them.
func Has(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return addr.IsValid() && !slices.ContainsFunc(Not, func(n netip.Prefix) bool { return n.Contains(addr) })
}

var not4 = prefixes(
	"0.0.0.0/8",        // this host
	"10.0.0.0/8",       // private
	"100.64.0.0/10",    // behind a provider's address translation; some clouds' metadata
	"127.0.0.0/8",      // this host, which is allowed again
	"168.63.129.16/32", // the metadata of Azure
	"169.254.0.0/16",   // link; the metadata of most clouds
	"172.16.0.0/12",    // private
	"192.0.0.0/24",     // protocols; the metadata of Oracle
	"192.0.2.0/24",     // documents
	"192.88.99.0/24",   // relays of 6to4
	"192.168.0.0/16",   // private
	"198.18.0.0/15",    // benchmarks
	"198.51.100.0/24",  // documents
	"203.0.113.0/24",   // documents
	"224.0.0.0/3",      // multicast, reserved, broadcast
)

var not6 = prefixes(
	"::/96",           // this host, and IPv4 written as IPv6
	"::ffff:0:0/96",   // the same
	"::ffff:0:0:0/96", // the same
	"64:ff9b:1::/48",  // IPv4 of a private network, translated
	"100::/32",        // discarded
	"2001::/23",       // protocols; Teredo, which holds IPv4
	"2001:db8::/32",   // documents
	"2002::/16",       // 6to4, which holds IPv4
	"3fff::/20",       // documents
	"4000::/2",        // not given out; segment routing
	"8000::/1",        // not given out, private, link, site, multicast; the metadata of AWS
)

// translated are the networks as a translator between IPv6 and IPv4 reads them (RFC 6052). The rest of
// its prefix is open: on a host without IPv4 it is the way to all of the internet that has nothing else.
func translated(list []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, n := range list {
		at := netip.MustParseAddr("64:ff9b::").As16()
		copy(at[12:], n.Addr().AsSlice())
		out[i] = netip.PrefixFrom(netip.AddrFrom16(at), 96+n.Bits())
	}
	return out
}

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}
