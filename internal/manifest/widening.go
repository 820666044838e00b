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
	if admitsMore(before, after) {
		changed("access", accessInWords(before), accessInWords(after))
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
	if after.Services.PostgreSQL && !before.Services.PostgreSQL {
		changed("services.postgresql", false, true)
	}
	wider = append(wider, before.Limits.raised("limits.", after.Limits)...)
	return append(wider, moreProcesses(before, after)...)
}

// raised says which limits are higher in after.
func (l Limits) raised(prefix string, after Limits) (raised []string) {
	compare := func(key string, higher bool, a, b any) {
		if higher {
			raised = append(raised, fmt.Sprintf("%s%s from %v to %v", prefix, key, a, b))
		}
	}
	compare("memory", above(after.Memory, l.Memory), orNone(l.Memory), orNone(after.Memory))
	compare("tasks", above(after.Tasks, l.Tasks), orNone(l.Tasks), orNone(after.Tasks))
	compare("cpu", above(after.CPU, l.CPU), orNone(l.CPU), orNone(after.CPU))
	return raised
}

// moreProcesses says which processes have more replicas, each of which may use the whole of its
// limits, and where a process has higher limits on its own account.
func moreProcesses(before, after Manifest) (wider []string) {
	for _, name := range after.ProcessNames() {
		key, had, has := KeyOf(name), 0, after.ReplicasOf(name)
		if before.HasProcess(name) {
			had = before.ReplicasOf(name)
		}
		if has > had {
			wider = append(wider, fmt.Sprintf("%sreplicas from %d to %d", key, had, has))
		}
		if own := before.Processes[name].Limits != after.Processes[name].Limits; own && before.HasProcess(name) {
			wider = append(wider, before.For(name).Limits.raised(key+"limits.", after.For(name).Limits)...)
		}
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
