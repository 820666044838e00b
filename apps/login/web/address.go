package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// addressOf is where a request comes from, as the proxy says, which writes X-Forwarded-For anew: the
// last address is its peer. Where there is one before, the peer is a load balancer that the proxy
// trusts, and that one is the balancer's word.
func addressOf(r *http.Request) netip.Addr {
	chain := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, text := range chain[max(0, len(chain)-2):] {
		text = strings.TrimSpace(text)
		if p, err := netip.ParseAddrPort(text); err == nil {
			return p.Addr().Unmap()
		}
		if a, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
			return a.Unmap()
		}
	}
	return netip.Addr{}
}
