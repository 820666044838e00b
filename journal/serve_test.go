package journal

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nexushub/nexushub/internal/logentry"
	"github.com/nexushub/nexushub/internal/problem"
)

func TestServeFormats(t *testing.T) {
	j := newFakeJournal(t)
	j.write(out(unitA, idA, "a <b> \"c\"").with("PRIORITY", "3"),
		kv{"MESSAGE": "Suppressed", "MESSAGE_ID": suppressedID, "OBJECT_SYSTEMD_UNIT": unitA, "N_DROPPED": "12",
			"_TRANSPORT": "driver"})
	cursor := "s=aa;i=1;b=bb;m=1;t=60a24181e43e8;x=1"
	data := `{"id":"` + cursor + `","timestamp":"2023-11-14T22:13:20.001Z","level":"error","source":"stdout",` +
		`"message":"a \u003cb\u003e \"c\"","pid":42,"processId":42,"unit":"` + unitA + `","invocation":"inv1"}`
	gap := `{"id":"s=aa;i=2;b=bb;m=2;t=60a24181e47d0;x=2","reason":"suppressed","dropped":12,"message":"journald suppressed 12 messages of ` + unitA + `: over the rate limit"}`
	for format, want := range map[Format]string{
		SSE: "retry: 2000\n\nid: " + cursor + "\nevent: log\ndata: " + data +
			"\n\nid: s=aa;i=2;b=bb;m=2;t=60a24181e47d0;x=2\nevent: gap\ndata: " + gap + "\n\n",
		NDJSON: data + "\n{\"gap\":" + gap + "}\n",
		Text: "2023-11-14T22:13:20.001Z stdout error a <b> \"c\"\n-- journald suppressed 12 messages of " + unitA +
			": over the rate limit --\n",
	} {
		w := httptest.NewRecorder()
		if err := j.hub(owners).Serve(w, httptest.NewRequest("GET", "/", nil), Query{Instance: idA, Lines: 5, Priority: 7},
			format); err != nil {
			t.Fatal(err)
		}
		if w.Body.String() != want {
			t.Errorf("%s: got\n%s\nwant\n%s", format, w.Body, want)
		}
		for k, v := range map[string]string{"Cache-Control": "no-store", "X-Accel-Buffering": "no",
			"Content-Type": format.ContentType()} {
			if got := w.Header().Get(k); got != v {
				t.Errorf("%s: %s = %q", format, k, got)
			}
		}
	}
}

func TestServeFailsBeforeTheFirstByte(t *testing.T) {
	h := New(Options{Command: []string{"/no/such/journalctl"}})
	w := httptest.NewRecorder()
	err := h.Serve(w, httptest.NewRequest("GET", "/", nil), Query{Instance: idA, Lines: 5, Priority: 7}, SSE)
	var late *StreamError
	if err == nil || errors.As(err, &late) || w.Body.Len() > 0 {
		t.Errorf("got %v, %q", err, w.Body)
	}
}

func TestLevel(t *testing.T) {
	for priority, want := range strings.Fields("error error error error warn info info debug") {
		if got := newEntry(&record{priority: priority}, logentry.Stdout).Level; got != want {
			t.Errorf("priority %d is %q, want %q", priority, got, want)
		}
	}
}

func TestSafeText(t *testing.T) {
	if got := safe("ok\xff\xfe\x00", 3); got != `ok\xff\xfe`+"\x00 [3 more bytes]" {
		t.Errorf("got %q", got)
	}
}

func parse(target, lastEventID, accept string) (Query, Format, error) {
	r := httptest.NewRequest("GET", target, nil)
	r.Header.Set("Last-Event-ID", lastEventID)
	r.Header.Set("Accept", accept)
	return ParseRequest(r, "i")
}

func TestParseRequest(t *testing.T) {
	const cursor = "s=a;i=1;b=b;m=1;t=1;x=1"
	for target, want := range map[string]Query{
		"/":                  {Instance: "i", Lines: 50, Priority: 7, Follow: true},
		"/?lines=0&follow=0": {Instance: "i", Priority: 7},
		"/?lines=all":        {Instance: "i", Lines: All, Priority: 7, Follow: true},
		"/?since=@5&until=@6": {Instance: "i", Lines: All, Priority: 7, Since: time.Unix(5, 0),
			Until: time.Unix(6, 0)},
		"/?since=@5&lines=3&follow=1": {Instance: "i", Lines: 3, Priority: 7, Since: time.Unix(5, 0), Follow: true},
		"/?priority=warn&previous=1": {Instance: "i", Lines: 50, Priority: 4, Previous: true, Process: "web",
			Replica: 1},
		"/?process=worker":              {Instance: "i", Lines: 50, Priority: 7, Follow: true, Process: "worker"},
		"/?process=worker.12":           {Instance: "i", Lines: 50, Priority: 7, Follow: true, Process: "worker", Replica: 12},
		"/?process=worker&previous=1":   {Instance: "i", Lines: 50, Priority: 7, Previous: true, Process: "worker", Replica: 1},
		"/?process=worker.2&previous=1": {Instance: "i", Lines: 50, Priority: 7, Previous: true, Process: "worker", Replica: 2},
		"/?priority=0":                  {Instance: "i", Lines: 50, Follow: true},
		"/?build=1":                     {Instance: "build-i", Lines: 50, Priority: 7, Follow: true},
		"/?cursor=" + "s%3Da%3Bi%3D1%3Bb%3Db%3Bm%3D1%3Bt%3D1%3Bx%3D1%232": {Instance: "i", Lines: 50, Priority: 7,
			Follow: true, After: cursor + "#2"},
	} {
		if got, f, err := parse(target, "", ""); err != nil || !reflect.DeepEqual(got, want) || f != SSE {
			t.Errorf("%s: got %+v, %s, %v", target, got, f, err)
		}
	}
	if got, f, _ := parse("/?format=text", cursor, "application/x-ndjson"); got.After != cursor || f != Text {
		t.Errorf("got %+v, %s", got, f)
	}
	if q, _, _ := parse("/?grep=oOps", "", ""); q.Grep.MatchString("oops") || !q.Grep.MatchString("oOps") {
		t.Error("capitals in a pattern do not count")
	}
	if q, _, _ := parse("/?grep=oops", "", ""); !q.Grep.MatchString("OOPS") {
		t.Error("a pattern without capitals does not ignore case")
	}
}

func TestParseRequestNamesEveryFault(t *testing.T) {
	_, _, err := parse("/?lines=-1&follow=maybe&since=x&until=now&priority=9&grep=(&format=xml&foo=1&previous=1&cursor=zz",
		"", "")
	var p *problem.Problem
	if !errors.As(err, &p) || p.Status != http.StatusBadRequest {
		t.Fatalf("got %v", err)
	}
	named := map[string]bool{}
	for _, f := range p.Errors {
		named[f.Pointer] = true
	}
	for _, process := range strings.Fields("Worker worker. worker.0 worker.x worker.-1 worker.10000 .1 a-b abcdefghijklmnopq 1a") {
		if _, _, err := parse("/?process="+process, "", ""); err == nil || !strings.Contains(err.Error(), "process: ") {
			t.Errorf("process=%s: %v", process, err)
		}
	}
	for _, key := range strings.Fields("lines follow since priority grep format foo cursor") {
		if !named[key] {
			t.Errorf("%s is not named in %v", key, p.Errors)
		}
	}
}

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 11, 23, 15, 30, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"now": now, "today": now.Truncate(24 * time.Hour), "yesterday": now.Truncate(24*time.Hour).AddDate(0, 0, -1),
		"10m": now.Add(-10 * time.Minute), "-2h": now.Add(-2 * time.Hour), "5m ago": now.Add(-5 * time.Minute),
		"@1.5": time.UnixMilli(1500), "2026-11-23": now.Truncate(24 * time.Hour), "15:04": now.Add(-26 * time.Minute),
		"2026-11-23 15:29:59": now.Add(-time.Second), "2026-11-23T16:30:00+01:00": now,
	} {
		if got, err := ParseTime(s, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: got %v, %v", s, got, err)
		}
	}
	if _, err := ParseTime("soon", now); err == nil {
		t.Error("soon is a time")
	}
}

// A follower that hears nothing gets a sign of life every 15 seconds.
func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &instanceReader{hub: New(Options{})}
		began, beats := time.Now(), 0
		r.yield = func(items []Item, err error) bool {
			beats++
			return beats < 4
		}
		if err := r.live(t.Context(), newFollower(idA)); !errors.Is(err, errEnough) {
			t.Fatal(err)
		}
		if got := time.Since(began); got != 3*Heartbeat {
			t.Errorf("three beats took %s", got)
		}
	})
}

func FuzzParsePosition(f *testing.F) {
	f.Add("s=a;i=1;b=b;m=1;t=1;x=1#3")
	f.Add("s=;;=#")
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := parsePosition(s); err == nil && (p.skip < 0 || !p.at.sameEntry(p.at)) {
			t.Errorf("%q: %+v", s, p)
		}
	})
}
