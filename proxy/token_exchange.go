package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/proxy/accesstoken"
	"github.com/nexushub/nexushub/proxyctl"
)

const exchangeTimeout = 10 * time.Second

// tokenRequest and tokenResponse are the login application's POST
// /internal/access_token.
type tokenRequest struct {
	ApplicationID string
	RefreshToken  string
}

type tokenResponse struct {
	ApplicationID string
	RefreshToken  string
	AccessToken   string
	Expiry        expiry
	person
}

// person is who has signed in, where the login application says so. What it says of somebody to whom
// that does not matter is not looked at.
type person struct {
	User  json.RawMessage
	Roles json.RawMessage
}

func (p person) identity() (*accesstoken.Identity, error) {
	var user string
	var roles []string
	if len(p.User) > 0 {
		if err := json.Unmarshal(p.User, &user); err != nil {
			return nil, fmt.Errorf("login application: User: %w", err)
		}
	}
	if len(p.Roles) > 0 {
		if err := json.Unmarshal(p.Roles, &roles); err != nil {
			return nil, fmt.Errorf("login application: Roles: %w", err)
		}
	}
	return accesstoken.NewIdentity(user, roles)
}

// expiry is written as RFC 3339 or as a number of unix seconds.
type expiry struct{ time.Time }

func (e *expiry) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return e.Time.UnmarshalJSON(b)
	}
	var unix float64
	if err := json.Unmarshal(b, &unix); err != nil {
		return err
	}
	e.Time = time.Unix(int64(unix), 0)
	return nil
}

// denial is what the login application answers instead of a token, where that is for the
// client to see.
type denial struct {
	status     int
	mediaType  string // a plain one: see denialOf
	retryAfter string
	body       []byte
}

// maxDenial bytes of body are more than a sentence or a problem document.
const maxDenial = 64 << 10

// denialOf takes an answer of 4xx in. Its text goes to a page of another application, in
// which the login application must not be made to run scripts: it may quote what it was
// asked. So it is nothing that a browser shows as a page. A status that makes clients
// repeat their request by themselves speaks of the proxy's request, not of theirs.
func denialOf(resp *http.Response) (*denial, error) {
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusMisdirectedRequest, http.StatusTooEarly:
		return nil, fmt.Errorf("login application answered %s", resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxDenial+1))
	if err == nil && len(body) > maxDenial {
		err = fmt.Errorf("login application answered %s with more than %d bytes", resp.Status, maxDenial)
	}
	d := &denial{
		status: resp.StatusCode, mediaType: "text/plain; charset=utf-8",
		retryAfter: resp.Header.Get("Retry-After"), body: body,
	}
	switch kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind {
	case "application/json", "application/problem+json":
		d.mediaType = kind
	}
	return d, err
}

// exchangeToken asks the login application. Without an error there is a token or a denial.
func (s *Server) exchangeToken(
	ctx context.Context, x *exchange, refresh string,
) (got tokenResponse, no *denial, err error) {
	body, err := json.Marshal(tokenRequest{ApplicationID: x.decision.route.Instance, RefreshToken: refresh})
	if err != nil {
		return got, nil, err
	}
	resp, done, err := s.askLogin(ctx, x.snap, x.trace,
		question{"access_token", "application/json", body, x.req.authority})
	if err != nil {
		return got, nil, err
	}
	defer done()
	switch status := resp.StatusCode; {
	case status >= 500 || status < 400 && status != http.StatusOK:
		return got, nil, fmt.Errorf("login application answered %s", resp.Status)
	case status != http.StatusOK:
		no, err = denialOf(resp)
		return got, no, err
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 64<<10)).Decode(&got)
	if err == nil && (got.AccessToken == "" || got.ApplicationID != x.decision.route.Instance || got.Expiry.IsZero()) {
		err = errors.New("login application answered without a token for this instance")
	}
	return got, nil, err
}

var errNoLogin = errors.New("there is no login application")

// enterLogin counts a question in at a target of the login application, waiting while
// that starts or is replaced.
func (s *Server) enterLogin(ctx context.Context, snap *snapshot, at *aim) (*snapshot, *route, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.HoldTimeout)
	defer cancel()
	for ; ; snap = s.snapshot.Load() {
		login := snap.login
		switch {
		case login == nil || login.State == proxyctl.StateDown:
			return nil, nil, errNoLogin
		case login.State == proxyctl.StateReady && login.targets == nil:
			return nil, nil, errNoLogin
		case login.State == proxyctl.StateReady && at.take(login.targets, nil, time.Now()):
			return snap, login, nil
		}
		select {
		case <-snap.changed:
		case <-ctx.Done():
			return nil, nil, fmt.Errorf("the login application is not ready: %w", ctx.Err())
		}
	}
}

// question is a POST to the login application, below /internal.
type question struct {
	path, contentType string
	body              []byte
	host              string // that a browser has asked, whose cookie it is about; empty: none
}

// askLogin asks the login application; done must be called when its answer was read.
func (s *Server) askLogin(
	ctx context.Context, snap *snapshot, trace uuid.UUID, q question,
) (resp *http.Response, done func(), err error) {
	at := &aim{}
	snap, login, err := s.enterLogin(ctx, snap, at)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, exchangeTimeout)
	release := func() { cancel(); at.leave() }
	defer func() {
		if err != nil {
			release()
		}
	}()
	c, err := at.conn(ctx, true)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://login/internal/"+q.path, bytes.NewReader(q.body))
	if err != nil {
		return nil, nil, err
	}
	if len(login.Hosts) > 0 {
		r.Host = login.Hosts[0]
	}
	r.Header.Set("Content-Type", q.contentType)
	r.Header.Set("Authorization", "Bearer "+snap.table.InternalSecret)
	r.Header.Set("X-Trace-ID", trace.String())
	if q.host != "" {
		r.Header.Set("X-Forwarded-Host", q.host)
	}
	tr := &http.Transport{
		DisableKeepAlives: true, MaxResponseHeaderBytes: int64(s.opt.Limits.MaxBytes),
		DialContext: func(context.Context, string, string) (net.Conn, error) { return c, nil },
	}
	if resp, err = tr.RoundTrip(r); err != nil {
		return nil, nil, err
	}
	return resp, func() { resp.Body.Close(); release() }, nil
}
