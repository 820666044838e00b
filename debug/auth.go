package debug

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/apiserver"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/problem"
)

// accessHeader is set by the proxy: the request carries an access token for the
// application that it names. The proxy strips it from what clients send.
const accessHeader = "X-NexusHub-Access"

type callerKey struct{}

// caller is who asks: a token's id and name, never a token.
type caller struct {
	audience.Installer
	name string // of the token
}

// owner is whose share of the host what he brings takes; empty: an operator's, who has
// no share of his own.
func (c caller) owner() string {
	if _, token := c.TokenID(); token || c.Installer == audience.Access {
		return string(c.Installer)
	}
	return ""
}

// taker is what he may take of host names.
func (c caller) taker() hostname.Taker {
	if c.owner() == "" {
		return hostname.Operator
	}
	return hostname.Tester
}

func callerOf(r *http.Request) caller {
	who, _ := r.Context().Value(callerKey{}).(caller)
	return who
}

func asked(r *http.Request, by caller) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), callerKey{}, by))
}

// guarded is the API for everybody who can reach the socket: with authentication.
func (s *Server) guarded(w http.ResponseWriter, r *http.Request) {
	who, err := s.authenticate(r)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	s.echo.ServeHTTP(w, asked(r, who))
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	trace := r.Header.Get(apiserver.TraceHeader)
	s.o.Log.Info("API request refused", "api", s.o.Kind.name, "method", r.Method, "path", r.URL.Path,
		"error", err, "trace_id", trace)
	if api.CodeOf(err) == api.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="nexushub"`)
	}
	if err := problem.Write(w, api.ProblemOf(err, trace)); err != nil {
		s.o.Log.Debug("answer not delivered", "error", err)
	}
}

// authenticate accepts an API token, or an access token that the proxy has checked. Only
// the proxy's own user or root may say so; the kernel names the peer.
func (s *Server) authenticate(r *http.Request) (who caller, err error) {
	peer, ok := apiserver.PeerOf(r)
	if !ok || (peer.UID != 0 && peer.UID != s.o.ProxyUID) {
		return who, fmt.Errorf("only the proxy may use this socket: %w", api.Forbidden)
	}
	if app := r.Header.Get(accessHeader); app != "" {
		if app != "admin" {
			return who, fmt.Errorf("the access token is for another application: %w", api.Forbidden)
		}
		return caller{Installer: audience.Access}, nil
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return who, fmt.Errorf("an Authorization: Bearer token is required: %w", api.Unauthenticated)
	}
	token, ok := s.o.Tokens.Check(strings.TrimSpace(secret))
	if !ok {
		return who, fmt.Errorf("the token is unknown, revoked or expired: %w", api.Unauthenticated)
	}
	return caller{audience.Token(token.ID), token.Name}, nil
}
