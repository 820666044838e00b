package proxy

// request is what the routing rules need to know of a request, whatever protocol it
// came by.
type request struct {
	method         string
	requestURI     string // as received: path and query
	path           string // target up to '?'
	authority      string // Host or :authority as received
	sni            string
	bearer         string // of Authorization: Bearer
	applicationID  string // X-Application-Id
	upgrade        string // protocol asked for
	refreshCookies int    // cookies YRT
	plain          bool   // came without TLS
}
