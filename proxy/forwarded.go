package proxy

import (
	"net/netip"
	"strings"

	"github.com/nexushub/nexushub/proxy/fairshare"
)

// requester is who a request counts for: the peer or, where that is a trusted proxy,
// whoever it says that it asks for.
func (s *Server) requester(x *exchange) fairshare.Key {
	if !x.forwarded.trusted {
		return fairshare.Address(x.peer)
	}
	return fairshare.Address(s.forwardedBy(x.peer, x.forwarded.forwardedFor))
}

// forwardedBy is the last address in X-Forwarded-For that is not a trusted proxy's own:
// what stands before it is the word of a client. Where there is none, it is the peer.
func (s *Server) forwardedBy(peer netip.Addr, chain string) netip.Addr {
	for chain != "" {
		i := strings.LastIndexByte(chain, ',')
		a, ok := forwardedAddr(chain[i+1:])
		if !ok {
			return peer
		}
		if peer = a; !s.trusts(a) || i < 0 {
			return a
		}
		chain = chain[:i]
	}
	return peer
}

// forwardedAddr reads an address as proxies write it: bare, in brackets, with a port.
func forwardedAddr(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if p, err := netip.ParseAddrPort(text); err == nil {
		return p.Addr().Unmap(), true
	}
	a, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return a.Unmap(), err == nil
}
