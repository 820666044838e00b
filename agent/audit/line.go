// Package audit tells who changed what: each call to the APIs that changes something is one line in
// the agent's own journal, also where it was refused. The line has who it was, from where, the call,
// the application, what was changed by its key, the result and the trace id; it never has a value of
// a variable or of a secret.
//
// An application cannot write such a line: lines count only from the unit of the agent, and journald
// itself says from which unit a line is, by the control group of who sent it.
package audit

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/apiserver"
)

// Bounds of what a line takes from a request.
const (
	maxText = 200
	maxKeys = 50
)

// Results of a call.
const (
	Done    = "done"
	Refused = "refused"
	Failed  = "failed"
)

// line is what is known of one call while it is answered.
type line struct {
	mu       sync.Mutex // guards the fields that follow
	path     string     // of the route
	app      string     // as it is granted
	instance string
	changed  []string
}

type key struct{}

func of(ctx context.Context) *line {
	l, _ := ctx.Value(key{}).(*line)
	return l
}

// Audited says whether there will be a line about a call.
func Audited(ctx context.Context) bool { return of(ctx) != nil }

// Route says which route answers, named as the router names it.
func Route(ctx context.Context, path string) {
	if l := of(ctx); l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.path = path
	}
}

// About says which application a call is about: by the name by which it is granted, and by its id if
// it has one.
func About(ctx context.Context, app, instance string) {
	if l := of(ctx); l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.app, l.instance = cut(app), cut(instance)
	}
}

// Changes adds what a call is to change: a kind and a name, such as "host example.org". It is never
// told a value.
func Changes(ctx context.Context, kind string, names ...string) {
	l := of(ctx)
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range names {
		if len(l.changed) < maxKeys {
			l.changed = append(l.changed, cut(strings.TrimSpace(kind+" "+name)))
		}
	}
}

// attrs are the line as it is written. Its fields are what [entryOf] reads.
func (l *line) attrs(r *http.Request, status int, trace string) []any {
	l.mu.Lock()
	defer l.mu.Unlock()
	who := caller.Of(r.Context())
	from, address := whence(r, who)
	attrs := []any{"audit", 1, "result", resultOf(status), "by", string(who.Installer)}
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, name, value)
		}
	}
	add("token", who.Token)
	add("from", from)
	add("address", address)
	if p, ok := apiserver.PeerOf(r); ok && who.OnSocket {
		attrs = append(attrs, "uid", p.UID, "pid", p.PID)
	}
	add("call", r.Method+" "+cmp.Or(l.path, cut(r.URL.Path)))
	add("app", l.app)
	add("app_instance", l.instance) // "instance" would put the line into the application's log
	add("changed", strings.Join(l.changed, separator))
	return append(attrs, "status", status, "trace_id", trace)
}

const separator = ", "

// whence is the door, and for who came through the proxy the address that it saw.
func whence(r *http.Request, who caller.Caller) (from, address string) {
	switch {
	case !who.OnSocket:
		chain := r.Header.Get("X-Forwarded-For")
		return "https", chain[max(0, len(chain)-maxText):]
	case r.Header.Get(api.OverHeader) == "ssh":
		return "ssh", ""
	}
	return "socket", ""
}

func resultOf(status int) string {
	switch {
	case status == http.StatusForbidden || status == http.StatusUnauthorized:
		return Refused
	case status == 0 || status >= http.StatusBadRequest:
		return Failed
	}
	return Done
}

func cut(text string) string {
	if len(text) > maxText {
		return strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return text
}

// entryOf reads a line back.
func entryOf(l Line) api.AuditEntry {
	f := func(name string) string { return l.Fields["NEXUSHUB_"+name] }
	e := api.AuditEntry{
		ID: l.Cursor, Time: l.At.UTC(), By: f("BY"), Token: f("TOKEN"), From: f("FROM"), Address: f("ADDRESS"),
		Call: f("CALL"), App: f("APP"), Instance: f("APP_INSTANCE"), Result: f("RESULT"), TraceID: l.Fields["TRACE_ID"],
	}
	_, _ = fmt.Sscan(f("STATUS"), &e.Status) // 0 of a call that was cut off
	_, _ = fmt.Sscan(f("PID"), &e.PID)       // of who came through the proxy there is none
	if changed := f("CHANGED"); changed != "" {
		e.Changed = strings.Split(changed, separator)
	}
	return e
}

// visible says whether the caller may see an entry: who is for some applications sees theirs, the host
// is an operator's.
func visible(who caller.Caller, e api.AuditEntry) bool {
	if who.Role.Includes(api.Operator) && who.CoversAll() {
		return true
	}
	return e.App != "" && who.Covers(e.App)
}

// shown is an entry as the caller may see it: the names of secrets are for who may list them.
func shown(who caller.Caller, e api.AuditEntry) api.AuditEntry {
	if who.Role.Includes(api.Owner) && who.OnSocket {
		return e
	}
	e.Changed = slices.Clone(e.Changed)
	for i, what := range e.Changed {
		if strings.HasPrefix(what, "secret ") {
			e.Changed[i] = "secret"
		}
	}
	return e
}
