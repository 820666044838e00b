package caller

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/apiserver"
	"github.com/nexushub/nexushub/internal/problem"
)

// SocketDoor leads in who may connect to the control socket; the kernel names them.
func SocketDoor(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if peer, ok := apiserver.PeerOf(r); ok {
			r = r.WithContext(With(r.Context(), Local(peer.UID)))
		}
		next.ServeHTTP(w, r)
	})
}

// accessHeader is set by the proxy: the request carries an access token for the
// application that it names. The proxy strips it from what clients send.
const accessHeader = "X-NexusHub-Access"

// Authenticator knows API tokens.
type Authenticator interface {
	Check(secret string) (api.Token, bool)
	While(ctx context.Context, token api.Token) (context.Context, context.CancelFunc)
}

// ProxyDoor leads in who comes through the proxy with a token.
type ProxyDoor struct {
	ProxyUID uint32 // the user who may vouch for access tokens
	Tokens   Authenticator
	Log      *slog.Logger
	Next     http.Handler
}

// ServeHTTP passes on only requests of callers that are known.
func (d ProxyDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who, token, err := d.authenticate(r)
	if err != nil {
		d.refuse(w, r, err)
		return
	}
	ctx := With(r.Context(), who)
	if token != nil {
		var done context.CancelFunc
		ctx, done = d.Tokens.While(ctx, *token)
		defer done()
	}
	d.Next.ServeHTTP(w, r.WithContext(ctx))
}

func (d ProxyDoor) refuse(w http.ResponseWriter, r *http.Request, err error) {
	trace := r.Header.Get(apiserver.TraceHeader)
	d.Log.Info("API request refused", "method", r.Method, "path", r.URL.Path, "error", err, "trace_id", trace)
	if api.CodeOf(err) == api.Unauthenticated {
		w.Header().Set("WWW-Authenticate", scheme(r)+` realm="nexushub"`)
	}
	if err := problem.Write(w, api.ProblemOf(err, trace)); err != nil {
		d.Log.Debug("answer not delivered", "error", err)
	}
}

// authenticate accepts an API token, which it returns, or an access token that the proxy has checked. Only
// the proxy's own user or root may say so; the kernel names the peer.
func (d ProxyDoor) authenticate(r *http.Request) (who Caller, token *api.Token, err error) {
	peer, ok := apiserver.PeerOf(r)
	if !ok || (peer.UID != 0 && peer.UID != d.ProxyUID) {
		return who, nil, fmt.Errorf("only the proxy may use this socket: %w", api.Forbidden)
	}
	if app := r.Header.Get(accessHeader); app != "" {
		if app != "admin" {
			return who, nil, fmt.Errorf("the access token is for another application: %w", api.Forbidden)
		}
		return Caller{Installer: audience.Access}, nil, nil
	}
	secret := secretOf(r)
	if secret == "" {
		return who, nil, fmt.Errorf("an Authorization: %s token is required: %w", scheme(r), api.Unauthenticated)
	}
	found, ok := d.Tokens.Check(secret)
	if !ok {
		return who, nil, fmt.Errorf("the token is unknown, revoked or expired: %w", api.Unauthenticated)
	}
	holds := func() bool { _, ok := d.Tokens.Check(secret); return ok }
	return Bearer(found).Until(holds), &found, nil
}

// GitPath is what git pushes to: it knows no bearer tokens, and sends one as the password.
const GitPath = "/git/"

// scheme is how a token is sent (RFC 7617, RFC 6750).
func scheme(r *http.Request) string {
	if strings.HasPrefix(r.URL.Path, GitPath) {
		return "Basic"
	}
	return "Bearer"
}

// secretOf is the token that a request carries; empty: none.
func secretOf(r *http.Request) string {
	if scheme(r) == "Basic" {
		_, password, _ := r.BasicAuth()
		return password
	}
	given, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(given, "Bearer") {
		return ""
	}
	return strings.TrimSpace(secret)
}
