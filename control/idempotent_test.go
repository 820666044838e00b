package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
)

func send(h http.Handler, who caller.Caller, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, as(who, r))
	return w
}

const idemKey = "Idempotency-Key"

func TestIdempotencyKey(t *testing.T) {
	s := &stub{}
	var log bytes.Buffer
	server := newServer(s, &log)
	ann := token(api.Operator, "*")
	bob := caller.Bearer(api.Token{ID: "t2", Name: "bob", Role: api.Operator, Applications: []string{"*"}})
	for i, c := range []struct {
		who        caller.Caller
		path, body string
		key        string
		code       int
		calls      int // in all
	}{
		{ann, "/v1/tokens", `{"name":"ci"}`, "k", 201, 1},
		{ann, "/v1/tokens", `{"name":"ci"}`, "k", 201, 1},
		{ann, "/v1/tokens", `{"name":"other"}`, "k", 422, 1},
		{ann, "/v1/apps/hello/jobs/nightly/run", ``, "k", 422, 1},
		{bob, "/v1/tokens", `{"name":"ci"}`, "k", 201, 2}, // what others sent is not for him
		{ann, "/v1/tokens", `{"name":"ci"}`, "l", 201, 3},
		{ann, "/v1/tokens", `{"name":"ci"}`, "", 201, 4},
		{ann, "/v1/tokens", `{"name":"ci"}`, "", 201, 5},
		{ann, "/v1/tokens", `{`, "m", 400, 5},
		{ann, "/v1/tokens", `{`, "m", 400, 5},
		{ann, "/v1/tokens", `{"name":"` + strings.Repeat("x", maxKeptBody) + `"}`, "n", 413, 5},
		{ann, "/v1/tokens", `{}`, strings.Repeat("k", 256), 400, 5},
	} {
		w := send(server, c.who, "POST", c.path, c.body, idemKey, c.key)
		if w.Code != c.code || len(s.calls) != c.calls {
			t.Errorf("%d: got %d %s, %q", i, w.Code, w.Body, s.calls)
		}
		if again := i == 1 || i == 9; (w.Header().Get("Idempotency-Replayed") == "true") != again {
			t.Errorf("%d: replayed: %v", i, w.Header())
		}
		if i == 1 && (!strings.Contains(w.Body.String(), "s3cret") || w.Header().Get("Cache-Control") != "no-store") {
			t.Errorf("the same answer: %v %s", w.Header(), w.Body)
		}
	}
	s.fail = api.Internal
	send(server, ann, "POST", "/v1/tokens", `{"name":"x"}`, idemKey, "fails")
	s.fail = nil
	if w := send(server, ann, "POST", "/v1/tokens", `{"name":"x"}`, idemKey, "fails"); w.Code != 201 {
		t.Errorf("what failed here is tried again: %d", w.Code)
	}
	access := caller.Caller{Installer: audience.Access, Role: api.Operator, Applications: []string{"*"}}
	n := len(s.calls)
	for range 2 { // many people have this name
		send(server, access, "POST", "/v1/tokens", `{"name":"y"}`, idemKey, "k")
	}
	if len(s.calls) != n+2 {
		t.Errorf("callers who cannot be told apart share answers: %q", s.calls)
	}
	if strings.Contains(log.String(), "s3cret") {
		t.Errorf("the log: %s", &log)
	}
}

// TestKeysAreForgotten: after an hour, and of each caller the oldest first, without harm to others.
func TestKeysAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stub{}
		server := newServer(s, t.Output())
		other := caller.Bearer(api.Token{ID: "t2", Role: api.Operator, Applications: []string{"*"}})
		post := func(who caller.Caller, key string) string {
			w := send(server, who, "POST", "/v1/tokens", `{"name":"ci"}`, idemKey, key)
			return w.Header().Get("Idempotency-Replayed")
		}
		post(other, "theirs")
		for i := range 2 * maxKeptEach {
			post(token(api.Operator, "*"), fmt.Sprint(i))
		}
		got := post(other, "theirs") + " " + post(token(api.Operator, "*"), fmt.Sprint(2*maxKeptEach-1)) + " " +
			post(token(api.Operator, "*"), "0")
		if got != "true true " {
			t.Errorf("got %q", got)
		}
		time.Sleep(keptFor + time.Second)
		if post(other, "theirs") != "" {
			t.Error("an answer is kept for ever")
		}
	})
}

// TestKeyInUse: the same while the first goes on is not done twice.
func TestKeyInUse(t *testing.T) {
	wait, n := make(chan struct{}), 0
	h := &idempotent{next: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		<-wait
		panic(http.ErrAbortHandler)
	})}
	synctest.Test(t, func(t *testing.T) {
		wait = make(chan struct{})
		go func() {
			defer func() { _ = recover() }()
			send(h, token(api.Operator), "POST", "/", "", idemKey, "k")
		}()
		synctest.Wait()
		if w := send(h, token(api.Operator), "POST", "/", "", idemKey, "k"); w.Code != 409 || n != 1 {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		close(wait)
		synctest.Wait()
		if len(h.calls) > 0 {
			t.Error("a call that was cut off counts")
		}
	})
}

const async = "respond-async"

func TestOperations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stub{}
		var log bytes.Buffer
		server := newServer(s, &log)
		ann := token(api.Operator, "*")
		start := func(method, path, body string) api.Operation {
			t.Helper()
			w := send(server, ann, method, path, body, "Prefer", "wait=3, "+async)
			var op api.Operation
			if err := json.Unmarshal(w.Body.Bytes(), &op); err != nil || w.Code != 202 || op.State != "running" ||
				w.Header().Get("Location") != "/v1/operations/"+op.ID {
				t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
			}
			synctest.Wait()
			return op
		}
		ended := func(op api.Operation) (out api.Operation) {
			t.Helper()
			w := send(server, ann, "GET", "/v1/operations/"+op.ID, "")
			err := json.Unmarshal(w.Body.Bytes(), &out)
			if err != nil || w.Code != 200 || out.EndedAt == nil || out.TraceID == "" {
				t.Fatalf("%d %v %s", w.Code, err, w.Body)
			}
			return out
		}
		op := start("POST", "/v1/apps/hello/stop", "")
		if got := ended(op); got.State != "done" || got.Status != 200 || !bytes.Contains(got.Answer, []byte(`"state"`)) {
			t.Errorf("done: %+v", got)
		}
		if got := ended(start("PATCH", "/v1/apps/hello/settings", "{")); got.State != "failed" || got.Status != 400 ||
			!bytes.Contains(got.Answer, []byte("malformed")) {
			t.Errorf("failed: %+v", got)
		}
		if strings.Count(log.String(), "audit=1") != 2 || s.calls[0] != "stop hello" {
			t.Errorf("calls %q, log %s", s.calls, &log)
		}
		other := caller.Bearer(api.Token{ID: "t2", Role: api.Operator, Applications: []string{"*"}})
		if w := send(server, other, "GET", "/v1/operations/"+op.ID, ""); w.Code != 404 {
			t.Errorf("somebody else's: %d %s", w.Code, w.Body)
		}
		if w := send(server, ann, "GET", "/v1/me", "", "Prefer", async); w.Code != 200 {
			t.Errorf("what reads is answered at once: %d", w.Code)
		}
		time.Sleep(keptFor + time.Second)
		start("POST", "/v1/apps/hello/stop", "")
		if w := send(server, ann, "GET", "/v1/operations/"+op.ID, ""); w.Code != 404 {
			t.Errorf("it is kept for ever: %d", w.Code)
		}
	})
}

// TestOperationsAreBounded, and end with the server.
func TestOperationsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOperations(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		post := func(who caller.Caller) int { return send(o, who, "POST", "/v1/x", "", "Prefer", async).Code }
		for range maxRunning {
			if code := post(token(api.Operator)); code != 202 {
				t.Fatal(code)
			}
		}
		if code := post(token(api.Operator)); code != 429 {
			t.Errorf("one too many: %d", code)
		}
		if code := post(caller.Local(0)); code != 202 {
			t.Errorf("somebody else: %d", code)
		}
		o.stop() // which waits for all
		if code := post(caller.Local(0)); code != 503 {
			t.Errorf("after the end: %d", code)
		}
	})
}

func TestIfMatch(t *testing.T) {
	server := newServer(&stub{}, t.Output())
	if tag := send(server, caller.Local(0), "GET", "/v1/tokens", "").Header().Get("ETag"); tag != `"tokens"` {
		t.Errorf("tokens: %s", tag)
	}
	if tag := send(server, caller.Local(0), "GET", "/v1/apps/hello/settings", "").Header().Get("ETag"); len(tag) != 34 {
		t.Errorf("settings: %s", tag)
	}
	for path, code := range map[string]int{"POST /v1/apps/hello/stop": 400, "DELETE /v1/tokens/t1": 204} {
		method, path, _ := strings.Cut(path, " ")
		if w := send(server, caller.Local(0), method, path, "", "If-Match", `"x"`); w.Code != code {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
