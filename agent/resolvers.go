package agent

import (
	"net/netip"
	"os"
	"strings"

	"github.com/nexushub/nexushub/units"
)

// resolvConf names the servers that every program of the host asks for addresses.
const resolvConf = "/etc/resolv.conf"

// resolversFor are the name servers of the host, where an application may connect beyond it: without
// them it would reach nothing by its name, and a router that answers them is mostly on a private network.
// They are read when a unit is started, and are no part of its revision.
func resolversFor(s units.Spec) []netip.Addr {
	if !s.Connects() {
		return nil
	}
	text, err := os.ReadFile(resolvConf)
	if err != nil {
		return nil // then programs ask this host
	}
	return nameServers(string(text))
}

// maxNameServers is what the C library asks (MAXNS).
const maxNameServers = 3

// nameServers reads resolv.conf(5). An address with a zone is one of a link, where the filter knows none.
func nameServers(text string) (list []netip.Addr) {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "nameserver" || len(list) == maxNameServers {
			continue
		}
		if addr, err := netip.ParseAddr(words[1]); err == nil {
			list = append(list, addr.WithZone("").Unmap())
		}
	}
	return list
}
