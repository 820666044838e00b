package proxy

// action is what becomes of a request.
type action uint8

const (
	actRefuse      action = iota // answer status
	actHold                      // wait for the next table, then decide again
	actForward                   // to target
	actFile                      // file from the route's static folder, else otherwise
	actSetToken                  // /api/set_token
	actAccessToken               // /api/access_token
	actRedirect                  // to HTTPS
	actToTLS                     // the same, on the same port
)

// decision is the outcome of the routing rules for one request.
type decision struct {
	action action
	status int    // actRefuse
	reason string // actRefuse: what the client is told
	route  *route
	target *target // actForward

	signsOut    bool   // the answer may end the session of the cookie YRT
	keepAuth    bool   // the target may see Authorization
	keepRefresh bool   // the target may see the cookie YRT
	keepApp     bool   // ... X-Application-Id
	keepSecret  bool   // ... X-Internal-Secret
	access      string // X-NexusHub-Access for the agent
	host        string // replaces Host when set
	base        string // put before the path
}

func refuse(status int, reason string) decision {
	return decision{action: actRefuse, status: status, reason: reason}
}
