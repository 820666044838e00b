package proxy

import (
	"strings"

	"github.com/nexushub/nexushub/proxy/h1"
)

// originFields are those by which browsers say what has a request sent.
var originFields = map[string]h1.Name{
	"Origin": h1.Origin, "Sec-Fetch-Site": h1.SecFetchSite, "Service-Worker": h1.ServiceWorker,
}

// addOrigin notes one of them. The authority must be known.
func (r *request) addOrigin(id h1.Name, value []byte) {
	switch id {
	case h1.SecFetchSite:
		r.toldSite = true
		r.foreignSite = r.foreignSite || string(value) != "same-origin" && string(value) != "none"
	case h1.Origin:
		host, https := strings.CutPrefix(string(value), "https://")
		r.foreignOrigin = r.foreignOrigin || !https || !strings.EqualFold(host, r.authority)
	case h1.ServiceWorker:
		r.worker = true
	}
}

// isForeign says that a page of another origin has a browser send the request. One of the same site
// is foreign, too: all applications of the domain are. Of a WebSocket browsers say it by Origin, and
// those from before Sec-Fetch-Site of whatever changes something.
func (r *request) isForeign() bool {
	if r.toldSite && r.upgrade == "" {
		return r.foreignSite
	}
	return r.foreignOrigin
}

// changesNothing are the methods that browsers take for safe (RFC 9110 section 9.2.1).
func changesNothing(method string) bool {
	return method == "GET" || method == "HEAD" || method == "OPTIONS"
}
