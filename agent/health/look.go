package health

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
)

// wellKnown are the paths at which programs say how they are, in the order in which they are asked:
// of Kubernetes and most frameworks, of PocketBase and Grafana, of Rails and Laravel, of Prometheus.
var wellKnown = []string{"/healthz", "/health", "/api/health", "/up", "/-/healthy"}

// mostLooks bounds how often an application is looked at that does not answer as long as it warms up.
const mostLooks = 6

// lookTimeout bounds one question: people wait for what comes of it.
const lookTimeout = 3 * time.Second

// looker asks an application that is healthy for more, at the begin of each run: how its front page
// answers, and whether a well-known path can stand in for a check that nobody has chosen.
type looker struct {
	check Check
	ask   func(context.Context, Check) Outcome
	left  int // looks
	front bool
	path  bool     // still to be found out
	asked *Outcome // of the front page, by confirm
}

func newLooker(c Check, ask func(context.Context, Check) Outcome) looker {
	c.Timeout = min(c.Timeout, lookTimeout)
	return looker{check: c, ask: ask, left: mostLooks, front: c.Front != "", path: c.Guessed}
}

// over says that there is nothing left to look for.
func (l *looker) over() bool { return l.left == 0 || !l.front && !l.path }

// confirm is what becomes of a first success that nobody has chosen the check for: accepting
// connections is not enough where they are ended without an answer, as those of gunicorn are while
// its workers fail to import the application. One that needs long for its answer may be well.
func (l *looker) confirm(ctx context.Context, o Outcome) Outcome {
	if o.Err != nil || !l.front || !l.path {
		return o
	}
	page := l.ask(ctx, l.check.at(l.check.Front))
	if page.Code == 0 && !page.Late {
		page.Err = fmt.Errorf("GET %s: %w", l.check.Front, page.Err)
		return page
	}
	l.asked = &page
	return o
}

// look looks once and tells each finding.
func (l *looker) look(ctx context.Context, found fact.Look, tell func(fact.Look)) {
	l.left--
	ask := func(path string) Outcome { return l.ask(ctx, l.check.at(path)) }
	if l.front {
		var o Outcome
		if l.asked != nil {
			o, l.asked = *l.asked, nil
		} else {
			o = ask(l.check.Front)
		}
		found.Front, found.FrontTop = o.Code, o.Body
		l.front = early(o)
	}
	found.Looked = true
	tell(found)
	if l.path {
		found.Path, l.path = choose(ask, "/healthz-"+rand.Text())
		tell(found)
	}
}

// choose is the first well-known path whose answer says that the application is well: 200, and not
// because it answers so at every path, as nowhere says. again says that it is too early to tell.
func choose(ask func(path string) Outcome, nowhere string) (path string, again bool) {
	other := ask(nowhere)
	if early(other) {
		return "", true
	}
	for _, path := range wellKnown {
		o := ask(path)
		if o.Err == nil && o.Code == http.StatusOK && (other.Code != http.StatusOK || other.HTML && !o.HTML) {
			return path, false
		}
		if again = again || early(o); o.Code == 0 {
			break // whoever does not answer would take as long at the next path
		}
	}
	return "", again
}

// early says that the same question may have another answer once the application has warmed up.
func early(o Outcome) bool { return o.Code == 0 || o.Code >= http.StatusInternalServerError }

// absent says that a path that was found has nothing to say about health any more: it is gone, leads
// elsewhere, or is now for those who have signed in. That is no illness of whoever answers so.
func absent(o Outcome) bool {
	return o.Code >= http.StatusMultipleChoices && o.Code < http.StatusInternalServerError
}
