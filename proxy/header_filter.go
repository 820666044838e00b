package proxy

import "github.com/nexushub/nexushub/proxy/h1"

// forwardsField says whether a request header may go on to the target. What is left out
// here is either ours to say (identity, framing) or none of the target's business.
func (x *exchange) forwardsField(id h1.Name) bool {
	switch id {
	case h1.Other, h1.ContentType, h1.Accept, h1.Date, h1.Server, h1.Trailer, h1.Origin, h1.SecFetchSite, h1.ServiceWorker:
		return true
	case h1.Authorization:
		return x.decision.keepAuth
	case h1.Cookie:
		return true // filtered by appendCookie
	case h1.XForwardedProto, h1.XForwardedHost, h1.XForwardedPort, h1.Forwarded, h1.XRealIP, h1.WhoAsks, h1.OtherPath:
		return x.forwarded.trusted
	case h1.XForwardedPrefix:
		return x.forwarded.trusted && !x.decision.strip
	case h1.XApplicationID:
		return x.decision.keepApp
	case h1.XInternalSecret:
		return x.decision.keepSecret
	}
	return false
}

// returnsField says whether a response header goes back to the client.
func returnsField(f *h1.Field) bool {
	return !f.Hop && !f.ID.Hop() && f.ID != h1.ContentLength && f.ID != h1.XTraceID && f.ID != h1.XNexusHub
}
