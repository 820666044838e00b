package proxy

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nexushub/nexushub/proxyctl"
)

// replica is a target that reads each request whole and then says what it is told to, or its own
// name and what it has read, if it is told nothing.
type replica struct {
	net.Listener
	id    string
	says  string // "-": nothing, and the connection is closed
	asked atomic.Int64
}

func newReplica(t *testing.T, id, says string) *replica {
	r := &replica{Listener: listen(t, "tcp", "127.0.0.1:0"), id: id, says: says}
	t.Cleanup(func() { r.Close() })
	go func() {
		for {
			c, err := r.Accept()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
	return r
}

func (r *replica) serve(c net.Conn) {
	defer c.Close()
	for in := bufio.NewReader(c); ; {
		q, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		b, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		r.asked.Add(1)
		if r.says != "" {
			io.WriteString(c, strings.TrimPrefix(r.says, "-"))
			return
		}
		answer := fmt.Sprintf("%s %s %s %q", r.id, q.Method, b, q.Header.Values("Cookie"))
		if q.Method == "HEAD" {
			answer = ""
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX-Replica: %s\r\nContent-Length: %d\r\n\r\n%s", r.id, len(answer), answer)
	}
}

func (r *replica) target() proxyctl.Target {
	return proxyctl.Target{ID: r.id, Network: "tcp", Address: r.Addr().String()}
}

// routeAmong leads appHost to several targets.
func routeAmong(targets ...proxyctl.Target) proxyctl.Route {
	r := proxyctl.Route{Instance: appID, Name: "app", Hosts: []string{appHost}, State: proxyctl.StateReady,
		ProxyAll: true}
	r.LeadTo(targets...)
	return r
}

// absent is a target that refuses connections.
func absent(t *testing.T, id string) proxyctl.Target {
	l := listen(t, "tcp", "127.0.0.1:0")
	defer l.Close()
	return proxyctl.Target{ID: id, Network: "tcp", Address: l.Addr().String()}
}

// prefer has targets asked in this order, whatever has happened to them.
func (f *fixture) prefer(order ...string) {
	for _, t := range f.server.targets.all() {
		place := slices.Index(order, t.ID)
		t.avoidedUntil.Store(never)
		if place == 0 {
			t.avoidedUntil.Store(0)
		}
		t.inFlight.Store(int64(place))
	}
}

// never comes a tick of the clock that is so late.
const never = 1 << 40

// cutOff is no status: the answer broke off.
const cutOff = -1

func send(t *testing.T, c *http.Client, method, body string) (status int, answer string) {
	t.Helper()
	var in io.Reader = http.NoBody
	if body != "" {
		in = strings.NewReader(body)
	}
	if strings.HasPrefix(body, "chunked") {
		in = io.MultiReader(in)
	}
	q, err := http.NewRequest(method, "https://"+appHost+"/public/x", in)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return cutOff, err.Error()
	}
	return r.StatusCode, string(b)
}

const halfAHead = "HTTP/1.1 200 OK\r\nContent-Le"

// TestFailover: who could not be reached has got nothing, so that every request goes on to another
// target; who did not answer may have done what was asked, so that only those requests do which
// may be done twice, and once.
func TestFailover(t *testing.T) {
	long := strings.Repeat("long", maxKept/4+1)
	for _, c := range []struct {
		name         string
		bad          string // what the first target says; "refuses": it is not there
		method, body string
		status       int
		bads, goods  int64 // how often each is asked
	}{
		{"GET, refused", "refuses", "GET", "", 200, 0, 1},
		{"POST, refused", "refuses", "POST", "data", 200, 0, 1},
		{"long POST, refused", "refuses", "POST", long, 200, 0, 1},
		{"POST in chunks, refused", "refuses", "POST", "chunked data", 200, 0, 1},
		{"GET, no answer", "-", "GET", "", 200, 1, 1},
		{"HEAD, no answer", "-", "HEAD", "", 200, 1, 1},
		{"DELETE, no answer", "-", "DELETE", "", 200, 1, 1},
		{"PUT, no answer", "-", "PUT", "data", 200, 1, 1},
		{"PUT in chunks, no answer", "-", "PUT", "chunked data", 200, 1, 1},
		{"PUT of more than is kept, no answer", "-", "PUT", long, 502, 1, 0},
		{"POST, no answer", "-", "POST", "data", 502, 1, 0},
		{"POST without a body, no answer", "-", "POST", "", 502, 1, 0},
		{"PATCH, no answer", "-", "PATCH", "data", 502, 1, 0},
		{"unknown method, no answer", "-", "FROB", "", 502, 1, 0},
		{"GET, half a head", halfAHead, "GET", "", 502, 1, 0},
		{"GET, an early hint", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", "GET", "", 502, 1, 0},
		{"GET, no HTTP", "220 ready\r\n", "GET", "", 502, 1, 0},
		{"GET, an error", "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "GET", "", 503, 1, 0},
		{"GET, half an answer", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "GET", "", cutOff, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := start(t, byHand)
			bad, good := newReplica(t, "bad", c.bad), newReplica(t, "good", "")
			if c.bad == "refuses" {
				bad.Close()
			}
			f.apply(table(routeAmong(bad.target(), good.target())))
			both(t, f, func(t *testing.T, client *http.Client) {
				bad.asked.Store(0)
				good.asked.Store(0)
				f.prefer("bad", "good")
				status, answer := send(t, client, c.method, c.body)
				want := fmt.Sprintf("good %s %s []", c.method, c.body)
				if status != c.status || c.status == 200 && c.method != "HEAD" && answer != want {
					t.Errorf("answered %d %.100q, want %d", status, answer, c.status)
				}
				if b, g := bad.asked.Load(), good.asked.Load(); b != c.bads || g != c.goods {
					t.Errorf("asked %d and %d times, want %d and %d", b, g, c.bads, c.goods)
				}
			})
		})
	}
}

// TestFailoverIsBounded: a request that makes applications fall over is not tried on all of them.
func TestFailoverIsBounded(t *testing.T) {
	f := start(t, byHand)
	var all []*replica
	var targets []proxyctl.Target
	for i := range 5 {
		r := newReplica(t, fmt.Sprint(i), "-")
		all, targets = append(all, r), append(targets, r.target())
	}
	f.apply(table(routeAmong(targets...)))
	both(t, f, func(t *testing.T, c *http.Client) {
		status, _ := send(t, c, "GET", "")
		asked, most := int64(0), int64(0)
		for _, r := range all {
			n := r.asked.Swap(0)
			asked, most = asked+n, max(most, n)
		}
		if status != 502 || asked != 2 || most != 1 {
			t.Errorf("answered %d after %d tries, %d of them at one target", status, asked, most)
		}
	})
}

// TestAllRefuse: only when nobody can be reached, that is the answer; and one that has come back is
// found, even if all are avoided.
func TestAllRefuse(t *testing.T) {
	f := start(t, byHand)
	last := newReplica(t, "last", "")
	targets := []proxyctl.Target{absent(t, "a"), absent(t, "b"), absent(t, "c"), last.target()}
	f.apply(table(routeAmong(targets[:3]...)))
	both(t, f, func(t *testing.T, c *http.Client) {
		for range 2 {
			if status, answer := send(t, c, "GET", ""); status != 502 || !strings.Contains(answer, "could not be reached") {
				t.Errorf("answered %d %s", status, answer)
			}
		}
	})
	f.apply(table(routeAmong(targets...)))
	for _, x := range f.server.targets.all() {
		x.avoid()
	}
	both(t, f, func(t *testing.T, c *http.Client) {
		for range 20 {
			if status, answer := send(t, c, "POST", "data"); status != 200 {
				t.Errorf("answered %d %s", status, answer)
			}
		}
	})
	st := f.server.Status()
	if got := fmt.Sprint(st.Routes[0].Target, st.Routes[0].Targets); got != "a[a b c last]" {
		t.Errorf("the status names %s", got)
	}
	for _, x := range st.Targets {
		if !x.Avoided {
			t.Errorf("the status says %+v", x)
		}
	}
}

// TestFailoverIsCounted, in the metrics and in the access log.
func TestFailoverIsCounted(t *testing.T) {
	var log counter
	f := start(t, byHand, func(o *Options) { o.Log = log.logger() })
	silent, good := newReplica(t, "silent", "-"), newReplica(t, "good", "")
	f.apply(table(routeAmong(absent(t, "gone"), silent.target(), good.target())))
	c := f.http(false)
	for i, first := range []string{"gone", "silent"} {
		third := map[string]string{"gone": "silent", "silent": "gone"}[first]
		f.prefer(first, "good", third)
		if status, answer := send(t, c, "GET", ""); status != 200 {
			t.Fatal(status, answer)
		}
		for reason, want := range map[string]int{"connect": 1, "response": i} {
			line := fmt.Sprintf("nexushub_proxy_failovers_total{reason=%q} %d\n", reason, want)
			if page := f.metrics(); !strings.Contains(page, line) {
				t.Errorf("%s first: no line %s", first, line)
			}
		}
		for _, line := range []string{
			fmt.Sprintf("nexushub_proxy_target_requests_total{app=\"app\",target=%q} %d\n", first, 1),
			fmt.Sprintf("nexushub_proxy_target_requests_total{app=\"app\",target=\"good\"} %d\n", i+1),
			fmt.Sprintf("nexushub_proxy_target_in_flight_requests{app=\"app\",target=%q} 2\n", third), // by prefer
		} {
			if page := f.metrics(); !strings.Contains(page, line) {
				t.Errorf("%s first: no line %s", first, line)
			}
		}
		for _, want := range []string{
			`target=good failed_targets=` + first + "\n",
			"a target failed, and others get its requests for a moment\" target=" + first,
		} {
			eventually(t, "log: "+want, func() bool { return strings.Contains(log.text(), want) })
		}
	}
}

// TestSupersededTargets: a request that fails on the old targets while their drain is under way
// goes to the new ones, if it may be sent again.
func TestSupersededTargets(t *testing.T) {
	f := start(t)
	for _, method := range []string{"GET", "POST"} {
		both(t, f, func(t *testing.T, c *http.Client) {
			got, die := make(chan struct{}), make(chan struct{})
			l := listen(t, "tcp", "127.0.0.1:0")
			go func() {
				defer l.Close()
				c, err := l.Accept()
				if err == nil {
					http.ReadRequest(bufio.NewReader(c))
					close(got)
					<-die
					c.Close()
				}
			}()
			next := newReplica(t, "new", "")
			f.apply(table(routeAmong(proxyctl.Target{ID: "old", Network: "tcp", Address: l.Addr().String()})))
			done := make(chan int, 1)
			go func() {
				status, _ := send(t, c, method, "")
				done <- status
			}()
			<-got
			f.apply(table(routeAmong(next.target())))
			close(die)
			want := map[string]int{"GET": 200, "POST": 502}[method]
			if status := <-done; status != want {
				t.Errorf("%s: answered %d, want %d", method, status, want)
			}
		})
	}
}

// TestSuperseded: only a whole request that nobody may have carried out goes to the targets of a
// newer table, and once.
func TestSuperseded(t *testing.T) {
	unreached := &upstreamError{phase: phaseConnect, err: io.EOF}
	silent := &upstreamError{phase: phaseResponse, err: errNoAnswer, repeatable: true}
	for _, c := range []struct {
		name     string
		err      error
		body     int64
		replay   []byte
		repeated bool
		inTable  bool
		want     bool
	}{
		{name: "could not be reached", err: unreached, want: true},
		{name: "did not answer", err: silent, want: true},
		{name: "did not answer, with its body", err: silent, body: 4, replay: []byte("data"), want: true},
		{name: "could not be reached the second time", err: unreached, repeated: true, want: true},
		{name: "did not answer the second time", err: silent, repeated: true},
		{name: "the beginning of its body is gone", err: unreached, body: 4},
		{name: "its body is gone", err: silent, body: -1},
		{name: "may have been carried out", err: &upstreamError{phase: phaseResponse, err: errNoAnswer}},
		{name: "the client's fault", err: &clientError{err: io.EOF}},
		{name: "is in the table", err: silent, inTable: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := &exchange{downstream: bodyOf{length: c.body}, replay: c.replay, repeated: c.repeated}
			x.aim.target = setWith(0).all[0]
			x.aim.target.draining.Store(!c.inTable)
			if got := x.isSuperseded(c.err); got != c.want {
				t.Errorf("got %v", got)
			}
			if c.want && c.err == silent && x.isSuperseded(c.err) {
				t.Error("it would be sent a third time")
			}
		})
	}
}

// bodyOf is a request of which nothing but the length of its body is looked at.
type bodyOf struct {
	downstream
	length int64
}

func (b bodyOf) bodyLength() int64 { return b.length }

// TestHalfABodyIsNotRepeated: what has not arrived cannot be sent again.
func TestHalfABodyIsNotRepeated(t *testing.T) {
	f := start(t, byHand)
	l := listen(t, "tcp", "127.0.0.1:0")
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		in := bufio.NewReader(c)
		if q, err := http.ReadRequest(in); err == nil {
			io.ReadFull(q.Body, make([]byte, 4)) //nolint:errcheck // the other target tells
		}
		c.Close()
	}()
	good := newReplica(t, "good", "")
	f.apply(table(routeAmong(proxyctl.Target{ID: "bad", Network: "tcp", Address: l.Addr().String()}, good.target())))
	f.prefer("bad", "good")
	conn := f.dial(appHost)
	io.WriteString(conn, "PUT / HTTP/1.1\r\nHost: "+appHost+"\r\nContent-Length: 8\r\n\r\nhalf")
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || r.StatusCode != 502 {
		t.Fatal(r, err)
	}
	if n := f.server.targets.find("good").requests.Load(); n != 0 {
		t.Errorf("half a body went to %d other targets", n)
	}
}

// TestUpgradesFailOver, too.
func TestUpgradesFailOver(t *testing.T) {
	f := start(t, byHand)
	silent := newReplica(t, "silent", "-")
	good := newReplica(t, "good", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello")
	f.apply(table(routeAmong(absent(t, "gone"), silent.target(), good.target())))
	for _, first := range []string{"gone", "silent"} {
		f.prefer(first, "good", map[string]string{"gone": "silent", "silent": "gone"}[first])
		conn := f.dial(appHost)
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: "+appHost+"\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		b, err := io.ReadAll(conn)
		if !bytes.HasPrefix(b, []byte("HTTP/1.1 101 ")) || !bytes.HasSuffix(b, []byte("hello")) {
			t.Errorf("%s first: %q, %v", first, b, err)
		}
	}
}

// TestLoginFailsOver: a question to the login application goes to another of its replicas when one
// cannot be reached.
func TestLoginFailsOver(t *testing.T) {
	f := start(t, byHand)
	login := newReplica(t, "login", "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"active\":true}")
	r := routeAmong(absent(t, "gone"), login.target())
	r.Instance = loginID
	f.apply(table(r))
	f.prefer("gone", "login")
	if answer, err := f.server.introspect(t.Context(), "token", nil); err != nil || answerName(answer, err) != "active" {
		t.Error(answer, err)
	}
	f.prefer("gone", "login")
	login.Close()
	if _, err := f.server.introspect(t.Context(), "token", nil); err == nil {
		t.Error("nobody was asked and the token is good")
	}
	if n := f.server.targets.find("login").inFlight.Load() + f.server.targets.find("gone").inFlight.Load(); n != 0+1 {
		t.Errorf("%d questions are still counted", n)
	}
}

// TestKilledReplicasLoseNothing kills one of four again and again under load. Requests that may be
// sent twice all succeed.
func TestKilledReplicasLoseNothing(t *testing.T) {
	f := start(t, func(o *Options) { o.AccessLog = false })
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err == nil {
			w.Write(b)
		}
	})
	type killable struct {
		address string
		srv     *http.Server
	}
	serve := func(address string) *killable {
		l := listen(t, "tcp", address)
		k := &killable{l.Addr().String(), &http.Server{Handler: handler}}
		go k.srv.Serve(l) //nolint:errcheck // it is closed
		return k
	}
	var all []*killable
	var targets []proxyctl.Target
	for i := range 4 {
		k := serve("127.0.0.1:0")
		all = append(all, k)
		targets = append(targets, proxyctl.Target{ID: fmt.Sprint(i), Network: "tcp", Address: k.address})
	}
	f.apply(table(routeAmong(targets...)))
	ctx, cancel := context.WithCancel(t.Context())
	var served, failed atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		c := f.http(i%2 == 0)
		method, data := "GET", ""
		if i%4 == 0 { // HTTP/1.1 has the body beside the head, HTTP/2 in frames of its own
			method, data = "DELETE", ""
		}
		if i%4 == 1 {
			method, data = "PUT", "some data"
		}
		wg.Go(func() {
			for ctx.Err() == nil {
				if status, answer := send(t, c, method, data); status != 200 || answer != data {
					failed.Add(1)
					t.Log(method, status, answer)
				}
				served.Add(1)
			}
		})
	}
	for i := range 100 {
		k := all[i%4]
		k.srv.Close()
		before := served.Load()
		eventually(t, "requests while one is away", func() bool { return served.Load() >= before+20 })
		*k = *serve(k.address)
	}
	cancel()
	wg.Wait()
	for _, k := range all {
		k.srv.Close()
	}
	if failed.Load() > 0 || served.Load() < 100 {
		t.Errorf("%d of %d requests failed", failed.Load(), served.Load())
	}
	for _, x := range f.server.targets.all() {
		eventually(t, "target "+x.ID+" has nothing in flight", func() bool { return x.inFlight.Load() == 0 })
	}
}

// TestOneOfSeveralDrains: the others get what comes, and what was in flight is waited for.
func TestOneOfSeveralDrains(t *testing.T) {
	f := start(t)
	a, b := newReplica(t, "a", ""), newReplica(t, "b", "")
	entered, release := make(chan struct{}), make(chan struct{})
	slow := routeTo(t, appID, appHost, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-release
		io.WriteString(w, "late")
	}))
	f.apply(table(routeAmong(*slow.Target)))
	answer := make(chan string, 1)
	c := f.http(false)
	go func() {
		_, text := send(t, c, "GET", "")
		answer <- text
	}()
	<-entered
	f.apply(table(routeAmong(*slow.Target, a.target(), b.target())))
	f.apply(table(routeAmong(a.target(), b.target()))) // scaled down
	both(t, f, func(t *testing.T, c *http.Client) {
		for range 20 {
			if status, text := send(t, c, "GET", ""); status != 200 || text == "late" {
				t.Error(status, text)
			}
		}
	})
	drained := make(chan proxyctl.DrainResult, 1)
	go func() {
		r, err := f.client.Drain(context.Background(), slow.Target.ID, 20*time.Second)
		if err != nil {
			t.Error(err)
		}
		drained <- r
	}()
	eventually(t, "drain", func() bool { return f.server.targets.find(slow.Target.ID).draining.Load() })
	close(release)
	if text := <-answer; text != "late" {
		t.Error("what was in flight was answered", text)
	}
	if r := <-drained; r.TimedOut || r.InFlight != 0 {
		t.Errorf("drained: %+v", r)
	}
}
