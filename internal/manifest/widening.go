package manifest

import (
	"cmp"
	"fmt"
	"slices"
)

// Widening says in which ways after gives an application more than before, each in words. Both
// are effective: a limit that neither says anything of is none.
func Widening(before, after Manifest) (wider []string) {
	changed := func(key string, a, b any) { wider = append(wider, fmt.Sprintf("%s from %v to %v", key, a, b)) }
	if after.IsOpen() && !before.IsOpen() {
		changed("access", cmp.Or(before.Access, AccessAreas), after.Access)
	}
	if after.ProxyAll && !before.ProxyAll {
		changed("proxy_all", false, true)
	}
	if a, b := network(before), network(after); reach(b) > reach(a) {
		changed("network", a, b)
	}
	for _, name := range after.Sandbox.Loosenings() {
		if !slices.Contains(before.Sandbox.Loosenings(), name) {
			changed("sandbox."+name, false, true)
		}
	}
	for _, n := range after.Sandbox.Networks {
		if !slices.Contains(before.Sandbox.Networks, n) {
			wider = append(wider, "sandbox.networks has "+n)
		}
	}
	if a, b := before.Limits.Memory, after.Limits.Memory; above(b, a) {
		changed("limits.memory", orNone(a), orNone(b))
	}
	if a, b := before.Limits.Tasks, after.Limits.Tasks; above(b, a) {
		changed("limits.tasks", orNone(a), orNone(b))
	}
	if a, b := before.Limits.CPU, after.Limits.CPU; above(b, a) {
		changed("limits.cpu", orNone(a), orNone(b))
	}
	return wider
}

func network(m Manifest) string { return cmp.Or(m.Network, "port") }

// reach orders the networks by how far an application gets: a guest has one of its own, one that
// is given its socket has none, any other is on the loopback interface of the host.
func reach(network string) int { return slices.Index([]string{"guest", "socket", "port"}, network) }

// above compares two limits, of which zero is none.
func above[T cmp.Ordered](a, b T) bool {
	var none T
	return b != none && (a == none || a > b)
}

func orNone[T comparable](limit T) any {
	var none T
	if limit == none {
		return "none"
	}
	return limit
}
