package audit

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/apiserver"
	"github.com/nexushub/nexushub/journal"
)

// Line is an entry of the agent's own unit.
type Line = journal.OwnLine

// Journal reads the agent's own entries, see journal.Hub.
type Journal interface {
	Own(ctx context.Context, q journal.OwnQuery, fn func(Line) bool) error
}

// Trail writes the lines, and reads them back.
type Trail struct {
	log     *slog.Logger
	journal Journal

	mu   sync.Mutex // guards the field that follows
	news chan struct{}
}

// New returns a Trail whose lines go to log, whatever its level.
func New(log *slog.Logger, j Journal) *Trail {
	return &Trail{log: slog.New(always{log.Handler()}), journal: j, news: make(chan struct{})}
}

// always writes whatever level the log has: what is changed is no matter of taste.
type always struct{ slog.Handler }

func (always) Enabled(context.Context, slog.Level) bool { return true }

// Handler writes a line for each call that next answers, once it is answered.
func (t *Trail) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if reads(r.Method) {
			next.ServeHTTP(w, r)
			return
		}
		l, seen := &line{}, &witness{ResponseWriter: w}
		r = r.WithContext(context.WithValue(r.Context(), key{}, l))
		defer func() { t.write(l, r, seen) }() // also where a handler panics
		next.ServeHTTP(seen, r)
	})
}

func reads(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// write leaves out the pieces of an upload: they change nothing until it is installed, and one upload
// has thousands. One that is refused is told.
func (t *Trail) write(l *line, r *http.Request, seen *witness) {
	l.mu.Lock()
	right, _ := caller.RightTo(r.Method, l.path)
	l.mu.Unlock()
	if right.Piece && resultOf(seen.status) == Done {
		return
	}
	t.log.Info("API call", l.attrs(r, seen.status, seen.Header().Get(apiserver.TraceHeader))...)
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.news)
	t.news = make(chan struct{})
}

// News is closed when another line has been written.
func (t *Trail) News() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.news
}

// witness sees with which status a call was answered.
type witness struct {
	http.ResponseWriter
	status int
}

// WriteHeader leaves out interim answers.
func (w *witness) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *witness) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController do what the writer can.
func (w *witness) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Query says which entries are wanted.
type Query struct {
	App          string // as it is granted; empty: all
	By           string // root, uid:N, token:ID, or the name of a token; empty: anybody
	Since, Until time.Time
	After        string // id of the last entry seen: those that came later
	Lines        int    // the last so many; with After the first
}

// Entries are those that the caller may see, in order.
func (t *Trail) Entries(ctx context.Context, who caller.Caller, q Query) ([]api.AuditEntry, error) {
	var list []api.AuditEntry
	own := journal.OwnQuery{
		Match: append(matchApps(who, q.App), "NEXUSHUB_AUDIT=1"), Since: q.Since, Until: q.Until, After: q.After,
	}
	err := t.journal.Own(ctx, own, func(l Line) bool {
		e := entryOf(l)
		if visible(who, e) && (q.By == "" || q.By == e.By || q.By == e.Token) && (q.App == "" || q.App == e.App) {
			list = append(list, shown(who, e))
		}
		return len(list) < q.Lines
	})
	if q.After == "" {
		slices.Reverse(list)
	}
	return list, err
}

// matchApps narrows what is read to what can be visible.
func matchApps(who caller.Caller, app string) (match []string) {
	switch {
	case app != "":
		return []string{"NEXUSHUB_APP=" + app}
	case who.CoversAll():
		return nil
	}
	for _, name := range who.Applications {
		match = append(match, "NEXUSHUB_APP="+name)
	}
	return match
}
