package audit

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/apiserver"
	"github.com/nexushub/nexushub/journal"
)

// kept is a journal that has what was logged.
type kept struct {
	lines []Line
	asked journal.OwnQuery
}

func (k *kept) Enabled(context.Context, slog.Level) bool { return false } // the operator wants no lines of this level
func (k *kept) WithAttrs([]slog.Attr) slog.Handler       { return k }
func (k *kept) WithGroup(string) slog.Handler            { return k }
func (k *kept) Handle(_ context.Context, r slog.Record) error {
	l := Line{Cursor: "c", At: time.Unix(1, 0), Fields: map[string]string{}}
	r.Attrs(func(a slog.Attr) bool {
		name := "NEXUSHUB_" + strings.ToUpper(a.Key)
		if a.Key == "trace_id" {
			name = "TRACE_ID"
		}
		l.Fields[name] = a.Value.String()
		return true
	})
	k.lines = append(k.lines, l)
	return nil
}

// Own gives the newest first.
func (k *kept) Own(_ context.Context, q journal.OwnQuery, fn func(Line) bool) error {
	k.asked = q
	for i := range k.lines {
		if !fn(k.lines[len(k.lines)-1-i]) {
			break
		}
	}
	return nil
}

var token = caller.Bearer(api.Token{ID: "t1", Name: "ci", Role: api.Developer, Applications: []string{"shop"}})

func call(next http.HandlerFunc, who caller.Caller, method, path string, header ...string) (*kept, *Trail) {
	k := &kept{}
	t := New(slog.New(k), k)
	r := httptest.NewRequest(method, path, nil)
	ctx := caller.With(r.Context(), who)
	if who.OnSocket {
		ctx = apiserver.WithPeer(ctx, apiserver.Peer{UID: 1000, PID: 7})
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	func() {
		defer func() { _ = recover() }()
		t.Handler(next).ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
	}()
	return k, t
}

// TestLineComesBack: what is written is what is read, whatever level the log has.
func TestLineComesBack(t *testing.T) {
	for _, c := range []struct {
		who          caller.Caller
		method, path string
		header       []string
		answer       http.HandlerFunc
		want         *api.AuditEntry
	}{
		{token, "POST", "/v1/apps/shop/stop", []string{"X-Forwarded-For", "192.0.2.1", api.OverHeader, "ssh"},
			func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set(apiserver.TraceHeader, "trace")
				Route(r.Context(), "/v1/apps/:app/stop")
				About(r.Context(), "shop", "id")
				Changes(r.Context(), "", "env A", "limits memory")
				w.WriteHeader(http.StatusEarlyHints)
				w.WriteHeader(http.StatusNoContent)
			},
			&api.AuditEntry{By: "token:t1", Token: "ci", From: "https", Address: "192.0.2.1",
				Call: "POST /v1/apps/:app/stop", App: "shop", Instance: "id", Changed: []string{"env A", "limits memory"},
				Result: Done, Status: 204, TraceID: "trace"}},
		{caller.Local(1000), "DELETE", "/v1/x", []string{api.OverHeader, "ssh"},
			func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) },
			&api.AuditEntry{By: "uid:1000", From: "ssh", PID: 7, Call: "DELETE /v1/x", Result: Refused, Status: 403}},
		{caller.Local(0), "POST", "/v1/x", nil,
			func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("{}")) },
			&api.AuditEntry{By: "root", From: "socket", PID: 7, Call: "POST /v1/x", Result: Done, Status: 200}},
		{caller.Local(0), "POST", "/v1/x", nil, func(http.ResponseWriter, *http.Request) { panic("x") },
			&api.AuditEntry{By: "root", From: "socket", PID: 7, Call: "POST /v1/x", Result: Failed}},
		{token, "PATCH", "/v1/deployed/i/package", nil, func(w http.ResponseWriter, r *http.Request) {
			Route(r.Context(), "/v1/deployed/:id/package")
			w.WriteHeader(http.StatusNoContent)
		}, nil},
		{token, "PATCH", "/v1/deployed/i/package", nil, func(w http.ResponseWriter, r *http.Request) {
			Route(r.Context(), "/v1/deployed/:id/package")
			w.WriteHeader(http.StatusForbidden)
		}, &api.AuditEntry{By: "token:t1", Token: "ci", From: "https", Call: "PATCH /v1/deployed/:id/package",
			Result: Refused, Status: 403}},
		{token, "GET", "/v1/apps", nil, func(w http.ResponseWriter, r *http.Request) {
			if Audited(r.Context()) {
				t.Error("a reading call is audited")
			}
		}, nil},
	} {
		k, trail := call(c.answer, c.who, c.method, c.path, c.header...)
		got, err := trail.Entries(t.Context(), caller.Local(0), Query{Lines: 9})
		if c.want == nil {
			if len(got) > 0 {
				t.Errorf("%s %s: got %+v", c.method, c.path, got)
			}
			continue
		}
		c.want.ID, c.want.Time = "c", time.Unix(1, 0).UTC()
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], *c.want) {
			t.Errorf("%s %s: got %+v, %v, want %+v; fields %q", c.method, c.path, got, err, *c.want, k.lines)
		}
	}
}

// TestLinesAreBounded: who asks does not decide how much is written.
func TestLinesAreBounded(t *testing.T) {
	long := strings.Repeat("ä", 5000)
	k, _ := call(func(w http.ResponseWriter, r *http.Request) {
		About(r.Context(), long, long)
		for range 1000 {
			Changes(r.Context(), "env", long)
		}
	}, token, "POST", "/v1/"+long, "X-Forwarded-For", long)
	size := 0
	for _, v := range k.lines[0].Fields {
		size += len(v)
	}
	if size > (maxKeys+8)*(maxText+10) {
		t.Errorf("the line has %d bytes", size)
	}
}

// TestWhoSeesWhichLines: those of what is granted; the host is an operator's.
func TestWhoSeesWhichLines(t *testing.T) {
	viewer := func(apps ...string) caller.Caller {
		return caller.Bearer(api.Token{ID: "v", Name: "v", Role: api.Viewer, Applications: apps})
	}
	for _, c := range []struct {
		who  caller.Caller
		want []string
	}{
		{caller.Local(0), []string{"shop", "blog", ""}},
		{caller.Local(1000), []string{"shop", "blog", ""}},
		{caller.Bearer(api.Token{ID: "o", Role: api.Operator, Applications: []string{"*"}}), []string{"shop", "blog", ""}},
		{viewer("*"), []string{"shop", "blog"}},
		{viewer("shop"), []string{"shop"}},
		{viewer("Shop"), nil},
		{viewer(), nil},
		{caller.Caller{}, nil},
	} {
		k := &kept{}
		trail := New(slog.New(k), k)
		for _, app := range []string{"", "blog", "shop"} { // Own reads backwards, Entries turns round
			k.lines = append(k.lines, Line{Fields: map[string]string{"NEXUSHUB_APP": app, "NEXUSHUB_CHANGED": "secret KEY"}})
		}
		k.lines[0], k.lines[2] = k.lines[2], k.lines[0]
		got, err := trail.Entries(t.Context(), c.who, Query{Lines: 9})
		var apps []string
		for _, e := range got {
			apps = append(apps, e.App)
			if root := c.who.Role == api.Owner; (e.Changed[0] == "secret KEY") != root {
				t.Errorf("%v is told %q", c.who.Installer, e.Changed)
			}
		}
		if err != nil || !reflect.DeepEqual(apps, c.want) {
			t.Errorf("%v for %q: got %q, %v, want %q", c.who.Installer, c.who.Applications, apps, err, c.want)
		}
	}
}

func TestQueryNarrowsWhatIsRead(t *testing.T) {
	k := &kept{}
	trail := New(slog.New(k), k)
	for _, c := range []struct {
		who  caller.Caller
		app  string
		want string
	}{
		{caller.Local(0), "", "[NEXUSHUB_AUDIT=1]"},
		{caller.Local(0), "shop", "[NEXUSHUB_APP=shop NEXUSHUB_AUDIT=1]"},
		{token, "", "[NEXUSHUB_APP=shop NEXUSHUB_AUDIT=1]"},
	} {
		if _, err := trail.Entries(t.Context(), c.who, Query{App: c.app, Lines: 1}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(k.asked.Match, " "); "["+got+"]" != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestNewsComesWithEachLine(t *testing.T) {
	var log bytes.Buffer
	trail := New(slog.New(slog.NewTextHandler(&log, nil)), &kept{})
	news := trail.News()
	r := httptest.NewRequest("POST", "/", nil)
	trail.Handler(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), r)
	select {
	case <-news:
	default:
		t.Error("nobody is told")
	}
	if !strings.Contains(log.String(), "audit=1") {
		t.Errorf("got %s", log.String())
	}
}
