package proxy

import (
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/proxy/accesstoken"
)

// action is what becomes of a request.
type action uint8

const (
	actRefuse      action = iota // answer status
	actHold                      // wait for the next table, then decide again
	actForward                   // to one of targets
	actFile                      // file from the route's static folder, else otherwise
	actSetToken                  // /api/set_token
	actAccessToken               // /api/access_token
	actRedirect                  // to HTTPS, or from an alias
	actSlash                     // to the same path with a slash at its end
	actToTLS                     // the same, on the same port
	actSignIn                    // to a private application: to the login application, or in
	actKeys                      // the public key of assertions
)

// decision is the outcome of the routing rules for one request.
type decision struct {
	action  action
	status  int    // actRefuse
	reason  string // actRefuse: what the client is told
	route   *route
	targets *targetSet // actForward

	signsOut    bool   // the answer may end the session of the cookie YRT
	keepAuth    bool   // the target may see Authorization
	keepRefresh bool   // the target may see the cookie YRT
	keepApp     bool   // ... X-Application-Id
	keepSecret  bool   // ... X-Internal-Secret
	access      string // X-NexusHub-Access for the agent

	who    *accesstoken.Identity // of a private application: who has signed in
	token  string                // by which
	host   string                // replaces Host when set
	base   string                // put before the path
	prefix string                // of the site: files lie below it
	strip  bool                  // the target does not see prefix

	alias *hostname.Host // actRedirect: what leads there
}

func refuse(status int, reason string) decision {
	return decision{action: actRefuse, status: status, reason: reason}
}
