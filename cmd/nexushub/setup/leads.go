package setup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// lookupLimit is how long name servers may take.
const lookupLimit = 5 * time.Second

// Records are the DNS records that a domain needs, for the addresses that the world can reach.
func Records(domain string, own []netip.Addr) (lines []string) {
	for _, ip := range own {
		kind := "A"
		if ip.Is6() {
			kind = "AAAA"
		}
		if !ip.IsPrivate() {
			lines = append(lines, fmt.Sprintf("%s. %s %s", domain, kind, ip), fmt.Sprintf("*.%s. %s %s", domain, kind, ip))
		}
	}
	if len(lines) == 0 {
		return []string{domain + ". A ADDRESS", "*." + domain + ". A ADDRESS"}
	}
	return lines
}

// Leads says where names below a domain lead, if not to this host.
func Leads(ctx context.Context, r *net.Resolver, domain string, own []netip.Addr) (problems []string) {
	if domain == "localhost" || strings.HasSuffix(domain, ".localhost") {
		return nil // browsers know these without DNS
	}
	ctx, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	for _, name := range []string{"admin." + domain, "myapp." + domain} {
		found, err := r.LookupNetIP(ctx, "ip", name+".")
		here := func(ip netip.Addr) bool { return ip.Unmap().IsLoopback() || slices.Contains(own, ip.Unmap()) }
		switch d, ok := errors.AsType[*net.DNSError](err); {
		case ok && d.IsNotFound:
			problems = append(problems, name+" has no address: name servers do not know it")
		case err != nil: // the next name would say the same
			return append(problems, fmt.Sprintf("where names below %s lead is not known: the name servers of this host do "+
				"not answer; see whether it has a network, and then what getent ahosts %s says", domain, name))
		case !slices.ContainsFunc(found, here):
			problems = append(problems, fmt.Sprintf("%s leads to %s, which is no address of this host; that is right only "+
				"if connections are forwarded from there", name, found[0].Unmap()))
		}
	}
	return problems
}

// OwnAddresses are those of this host that others can reach.
func OwnAddresses() (own []netip.Addr, err error) {
	all, err := net.InterfaceAddrs()
	for _, a := range all {
		prefix, err := netip.ParsePrefix(a.String())
		if ip := prefix.Addr().Unmap(); err == nil && ip.IsGlobalUnicast() {
			own = append(own, ip)
		}
	}
	return own, err
}
