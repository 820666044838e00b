package debug

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/problem"
)

// accessHeader is the proxy's word that the request carries an access token for the
// application it names. The proxy strips it from what clients send.
const accessHeader = "X-NexusHub-Access"

type callerKey struct{}

// callerOf names who asks, for the log: a token's id, never a token.
func callerOf(r *http.Request) string {
	who, _ := r.Context().Value(callerKey{}).(string)
	return who
}

// guarded is the API for everybody who can reach the socket: with authentication.
func (s *Server) guarded(w http.ResponseWriter, r *http.Request) {
	who, err := s.authenticate(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	s.echo.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, who)))
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	trace := r.Header.Get(traceHeader)
	s.o.Log.Info("debug request refused", "method", r.Method, "path", r.URL.Path, "error", err, "trace_id", trace)
	if api.CodeOf(err) == api.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="nexushub"`)
	}
	if err := problem.Write(w, api.ProblemOf(err, trace)); err != nil {
		s.o.Log.Debug("answer not delivered", "error", err)
	}
}

// authenticate accepts an API token, or the proxy's word about an access token. The
// word counts only from the proxy's own user or root, as the kernel names the peer.
func (s *Server) authenticate(r *http.Request) (who string, err error) {
	peer, ok := peerOf(r)
	if !ok || (peer != 0 && peer != s.o.ProxyUID) {
		return "", fmt.Errorf("only the proxy may use this socket: %w", api.Forbidden)
	}
	if app := r.Header.Get(accessHeader); app != "" {
		if app != "admin" {
			return "", fmt.Errorf("the access token is for another application: %w", api.Forbidden)
		}
		return "access-token", nil
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return "", fmt.Errorf("an Authorization: Bearer token is needed: %w", api.Unauthenticated)
	}
	token, ok := s.o.Tokens.Check(strings.TrimSpace(secret))
	if !ok {
		return "", fmt.Errorf("the token is not known, was revoked or has expired: %w", api.Unauthenticated)
	}
	return "token:" + token.ID, nil
}
