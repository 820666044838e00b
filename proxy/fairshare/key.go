package fairshare

import "net/netip"

// Key names a holder. The zero Key is exempt: it may hold any number, and is never the
// biggest holder.
type Key struct {
	network netip.Addr
	name    string
}

// Address is the key of a client: its IPv4 address, or the network of 64 bits that its
// IPv6 address is in, because that is the least that anybody is given.
func Address(a netip.Addr) Key {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, _ := a.Prefix(64) // 64 bits fit
		a = p.Addr()
	}
	return Key{network: a}
}

// Named is the key of anything with a name.
func Named(name string) Key { return Key{name: name} }

// String is the key as a log names it.
func (k Key) String() string {
	switch {
	case k == Key{}:
		return "trusted proxies"
	case k.name != "":
		return k.name
	case k.network.Is6():
		return netip.PrefixFrom(k.network, 64).String()
	}
	return k.network.String()
}
