package agent

import (
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/units"
)

// resolvConf names the servers that every program of the host asks for addresses.
const resolvConf = "/etc/resolv.conf"

// resolversFor are the name servers of the host, where an application may connect beyond it: without
// them it would reach nothing by its name, and a router that answers them is mostly on a private network.
// They are read when a unit is started, and are no part of its revision.
func (e *executor) resolversFor(s units.Spec) []netip.Addr {
	open, shut := serversFor(s)
	for _, server := range shut {
		e.log.Warn("a name server stays closed to an application, because it tells the keys of this machine, too: "+
			"systemd-resolved would ask it for all", "instance", s.Instance, "server", server)
	}
	return open
}

// openResolvers are the same, without a word in the log.
func openResolvers(s units.Spec) []netip.Addr {
	open, _ := serversFor(s)
	return open
}

func serversFor(s units.Spec) (open, shut []netip.Addr) {
	if !s.Connects() {
		return nil, nil
	}
	text, err := os.ReadFile(resolvConf)
	if err != nil {
		return nil, nil // then programs ask this host
	}
	return NameServers(string(text))
}

// maxNameServers is what the C library asks (MAXNS).
const maxNameServers = 3

// NameServers reads resolv.conf(5). An address with a zone is one of a link, where the filter knows none.
func NameServers(text string) (open, shut []netip.Addr) {
	var list []netip.Addr
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "nameserver" || len(list) == maxNameServers {
			continue
		}
		if addr, err := netip.ParseAddr(words[1]); err == nil {
			list = append(list, addr.WithZone("").Unmap())
		}
	}
	for _, server := range list {
		if slices.Contains(metadata, server) {
			shut = append(shut, server)
		} else {
			open = append(open, server)
		}
	}
	return open, shut
}

// metadata are the addresses at which clouds tell a machine its keys. Some answer names there as well,
// and the filter knows no ports: then an application does without names, unless a resolver of this
// host asks for it.
var metadata = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"), // most, and the name server of Google and Oracle
	netip.MustParseAddr("168.63.129.16"),   // Azure, with its name server
	netip.MustParseAddr("169.254.42.42"),   // Scaleway
	netip.MustParseAddr("100.100.100.200"), // Alibaba
	netip.MustParseAddr("192.0.0.192"),     // Oracle
	netip.MustParseAddr("fd00:ec2::254"),   // AWS
	netip.MustParseAddr("fd20:ce::254"),    // Google, with its name server
	netip.MustParseAddr("fd00:42::42"),     // Scaleway
}
