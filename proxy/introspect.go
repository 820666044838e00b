package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/nexushub/nexushub/proxy/accesstoken"
	"github.com/nexushub/nexushub/proxy/h1"
)

func (s *Server) grantOptions() accesstoken.Options {
	return accesstoken.Options{MaxSlide: s.opt.MaxSlide, Interval: s.opt.Introspect, Ask: s.introspect, Log: s.log}
}

// introspect asks the login application whether an access token is still good (RFC 7662).
// Unlike an exchange, that changes nothing in the user's session. It is optional: only a
// clear no counts as one. To say that a person is another one, or has other roles, is a no, too: the
// grant is of who he was.
func (s *Server) introspect(
	ctx context.Context, token string, who *accesstoken.Identity,
) (answer accesstoken.Answer, err error) {
	defer func() { s.metrics.introspections.WithLabelValues(answerName(answer, err)).Inc() }()
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}.Encode()
	resp, done, err := s.askLogin(ctx, s.snapshot.Load(), newTrace(),
		question{"introspect", "application/x-www-form-urlencoded", []byte(form), ""})
	if err != nil {
		return accesstoken.Unsaid, err
	}
	defer done()
	if resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented {
		return accesstoken.Unsaid, fmt.Errorf("login application answered %s", resp.Status)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil || resp.StatusCode != http.StatusOK {
		return accesstoken.Unsaid, err
	}
	return answerOf(body, who), nil
}

func answerOf(body []byte, who *accesstoken.Identity) accesstoken.Answer {
	var got struct {
		Active *bool
		person
	}
	switch {
	case json.Unmarshal(body, &got) != nil || got.Active == nil:
		return accesstoken.Unsaid
	case *got.Active && got.isStill(who):
		return accesstoken.Good
	}
	return accesstoken.Revoked
}

// isStill says that a person, where one is named, is who he was.
func (p person) isStill(who *accesstoken.Identity) bool {
	if who == nil || len(p.User) == 0 {
		return true
	}
	now, err := p.identity()
	return err == nil && now.Is(who)
}

func answerName(a accesstoken.Answer, err error) string {
	switch {
	case err != nil:
		return "error"
	case a == accesstoken.Good:
		return "active"
	case a == accesstoken.Revoked:
		return "inactive"
	}
	return "unsaid"
}

// grantsSlide says that a grant of this exchange's instance slides.
func (x *exchange) grantsSlide() bool {
	if x.decision.route.private {
		return true
	}
	admin := x.snap.table.AdminInstance
	return admin != "" && x.decision.route.Instance == admin
}

// noteSignOut looks at an answer of the login application to a request to log out: whether
// it is more than the page that asks, or a refusal. It need not be certain: a grant that
// does not slide any more still ends no earlier than it was first said to.
func (x *exchange) noteSignOut(h *h1.Head) {
	asks := h.Status == http.StatusOK && (x.req.method == http.MethodGet || x.req.method == http.MethodHead)
	if h.Status < 400 && (!asks || setsRefresh(h)) {
		x.server.grants.SignedOut(x.req.signsOut)
	}
}

func setsRefresh(h *h1.Head) bool {
	return slices.ContainsFunc(h.Fields, func(f h1.Field) bool {
		return f.ID == h1.SetCookie && resemblesRefresh(f.Value)
	})
}
