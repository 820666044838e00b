package proxy

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/nexushub/nexushub/proxyctl"
)

// balanced makes loadBalancer a trusted proxy.
func balanced(o *Options) {
	o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(loadBalancer + "/32")}
}

// ask sends one request, for somebody else where forwarded says so, and returns the
// channel that its status comes by.
func (f *fixture) ask(c *http.Client, host, path, forwarded string) <-chan string {
	r, err := http.NewRequest("GET", "https://"+host+path, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	if forwarded != "" {
		r.Header.Set("X-Forwarded-For", forwarded)
	}
	status := make(chan string, 1)
	go func() {
		resp, err := c.Do(r)
		if err != nil {
			status <- err.Error()
			return
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		status <- fmt.Sprint(resp.StatusCode)
	}()
	return status
}

// TestLoadBalancerIsExempt: most connections are a load balancer's, which are its
// clients' and no share of one. A flooder beside it is evicted for it, too.
func TestLoadBalancerIsExempt(t *testing.T) {
	const limit, its = 48, 8
	f := start(t, byHand, balanced, func(o *Options) { o.MaxConnections = limit })
	arrived, release := make(chan struct{}, limit), make(chan struct{})
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			arrived <- struct{}{}
			<-release
		}
	}))))
	end := sync.OnceFunc(func() { close(release) })
	t.Cleanup(end)
	var answers []<-chan string
	for i := range its {
		answers = append(answers, f.ask(f.httpFrom(loadBalancer, false), appHost, "/wait", fmt.Sprint("192.0.2.", i)))
	}
	for range its {
		<-arrived
	}
	for range limit {
		f.tcpFrom(flooder, f.addr)
	}
	eventually(t, "every connection is taken", func() bool { return f.server.connPool.Len() == limit })
	for range 3 {
		f.servedAt(bystander)
		f.servedAt(loadBalancer)
	}
	end()
	for _, a := range answers {
		if got := <-a; got != "200" {
			t.Error("a request by way of the load balancer:", got)
		}
	}
}

// startingRoute is an application that is not ready.
func startingRoute(id, host string) proxyctl.Route {
	return proxyctl.Route{Instance: id, Name: id, Hosts: []string{host}, State: proxyctl.StateStarting}
}

// TestHeldRequestsAreShared: one address has more requests wait for an application than
// may wait, by many connections of HTTP/2. Another one's requests wait beside them, for
// the same and for another application.
func TestHeldRequestsAreShared(t *testing.T) {
	const connections, streams, limit = 17, 20, 300
	f := start(t, func(o *Options) { o.maxHeld, o.HoldTimeout = limit, time.Hour })
	const second = "second.yesterday.localhost"
	f.apply(table(startingRoute(appID, appHost), startingRoute(loginID, second)))
	for range connections {
		f.http2From(flooder, streams, "/public/x")
	}
	eventually(t, "no more can wait", func() bool {
		return f.server.heldPool.Len() == limit && strings.Contains(f.metrics(),
			`{reason="newcomer",what="held request"} 40`)
	})
	var answers []<-chan string
	for i := range 4 {
		c := f.httpFrom(bystander, i%2 == 0)
		answers = append(answers, f.ask(c, appHost, "/public/x", ""), f.ask(c, second, "/public/x", ""))
	}
	gave := fmt.Sprintf(`{reason="held",what="held request"} %d`, len(answers))
	eventually(t, "as many gave way", func() bool { return strings.Contains(f.metrics(), gave) })
	quick := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	f.apply(table(routeTo(t, appID, appHost, quick), routeTo(t, loginID, second, quick)))
	for _, a := range answers {
		if got := <-a; got != "200" {
			t.Error("a request of the other address:", got)
		}
	}
}

// TestHeldRequestsCountForWhomTheyAre: a load balancer's requests count for its clients,
// and what it says of them only to the last address, by either protocol.
func TestHeldRequestsCountForWhomTheyAre(t *testing.T) {
	const limit = 10
	for _, second := range []bool{false, true} {
		t.Run(fmt.Sprint("http2=", second), func(t *testing.T) {
			f := start(t, balanced, func(o *Options) { o.maxHeld, o.HoldTimeout = limit, time.Hour })
			f.apply(table(startingRoute(appID, appHost)))
			c := f.httpFrom(loadBalancer, second)
			var flood []<-chan string
			for i := range limit {
				flood = append(flood, f.ask(c, appHost, "/public/x", fmt.Sprintf("10.0.0.%d, 192.0.2.1", i)))
			}
			eventually(t, "no more can wait", func() bool { return f.server.heldPool.Len() == limit })
			if got := <-f.ask(c, appHost, "/public/x", "10.0.0.99, 192.0.2.1"); got != "503" {
				t.Error("the same client was given a place once more:", got)
			}
			served := f.ask(c, appHost, "/public/x", "192.0.2.2, "+loadBalancer)
			eventually(t, "one gave way", func() bool {
				return strings.Contains(f.metrics(), `{reason="held",what="held request"} 1`)
			})
			f.apply(table(appRoute(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))))
			if got := <-served; got != "200" {
				t.Error("another client:", got)
			}
			count := map[string]int{}
			for _, a := range flood {
				count[<-a]++
			}
			if count["503"] != 1 || count["200"] != limit-1 {
				t.Error(count)
			}
		})
	}
}

// TestHeldApplicationsAreShared: many addresses wait for one application, each with one
// request. What waits for another application has a place all the same.
func TestHeldApplicationsAreShared(t *testing.T) {
	const limit, second = 10, "second.yesterday.localhost"
	f := start(t, balanced, func(o *Options) { o.maxHeld, o.HoldTimeout = limit, time.Hour })
	f.apply(table(startingRoute(appID, appHost), startingRoute(loginID, second)))
	c := f.httpFrom(loadBalancer, true)
	for i := range limit {
		f.ask(c, appHost, "/public/x", fmt.Sprint("192.0.2.", i))
	}
	eventually(t, "no more can wait", func() bool { return f.server.heldPool.Len() == limit })
	served := f.ask(c, second, "/public/x", "198.51.100.1")
	eventually(t, "one gave way", func() bool {
		return strings.Contains(f.metrics(), `{reason="held",what="held request"} 1`)
	})
	quick := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	f.apply(table(startingRoute(appID, appHost), routeTo(t, loginID, second, quick)))
	if got := <-served; got != "200" {
		t.Error("a request for the other application:", got)
	}
	f.apply(table(routeTo(t, appID, appHost, quick)))
}

// TestStreamsAreShared: one address has all requests of HTTP/2 in progress that there may
// be, over several connections. Its next one is refused, another's are served, directly
// and by way of a load balancer.
func TestStreamsAreShared(t *testing.T) {
	const limit = 20
	f := start(t, balanced, func(o *Options) { o.MaxStreams = limit })
	f.crowd()
	for range 4 {
		f.http2From(flooder, limit/4, "/wait")
	}
	eventually(t, "every place is taken", func() bool { return f.server.streamPool.Len() == limit })
	if got := <-f.ask(f.httpFrom(flooder, true), appHost, "/quick", ""); got != "503" {
		t.Error("one more of the same address:", got)
	}
	f.servedAt(bystander)
	f.servedAt(other)
	if got := <-f.ask(f.httpFrom(loadBalancer, true), appHost, "/quick", "192.0.2.1"); got != "200" {
		t.Error("by way of the load balancer:", got)
	}
}

// TestStreamThatGivesWayIsTold: a request without an answer yet is answered 503; one whose
// answer has begun is reset.
func TestStreamThatGivesWayIsTold(t *testing.T) {
	for path, want := range map[string]string{"/wait": "503", "/events": "INTERNAL_ERROR"} {
		t.Run(path, func(t *testing.T) {
			f := start(t, func(o *Options) { o.MaxStreams = 2 })
			f.crowd()
			c := f.http2From(flooder, 2, path)
			eventually(t, "both places are taken", func() bool { return f.server.streamPool.Len() == 2 })
			if path == "/events" {
				for range 2 {
					if got := c.first(); got != "200" {
						t.Fatal(got)
					}
				}
			}
			if got := <-f.ask(f.httpFrom(bystander, true), appHost, "/quick", ""); got != "200" {
				t.Error(got)
			}
			if got := c.first(); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

// first is status of whichever stream is the first to have one.
func (c *rawHTTP2) first() string {
	for {
		frame, err := c.ReadFrame()
		if err != nil {
			c.t.Fatal(err)
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			return frame.PseudoValue("status")
		case *http2.RSTStreamFrame:
			return frame.ErrCode.String()
		}
	}
}

func TestForwardedBy(t *testing.T) {
	s := &Server{opt: Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}
	for chain, want := range map[string]string{
		"":                                "10.0.0.1",
		"192.0.2.1":                       "192.0.2.1",
		"192.0.2.9, 192.0.2.1":            "192.0.2.1",
		"192.0.2.1, 10.0.0.7":             "192.0.2.1",
		"192.0.2.1,10.0.0.7 , 10.0.0.8":   "192.0.2.1",
		"10.0.0.7":                        "10.0.0.7",
		"192.0.2.1:4711":                  "192.0.2.1",
		"[2001:db8::1]:4711":              "2001:db8::1",
		"[2001:db8::1]":                   "2001:db8::1",
		"2001:db8::1":                     "2001:db8::1",
		"::ffff:192.0.2.1":                "192.0.2.1",
		"unknown":                         "10.0.0.1",
		"192.0.2.1, unknown":              "10.0.0.1",
		"192.0.2.1, unknown, 10.0.0.7":    "10.0.0.7",
		strings.Repeat("10.0.0.7,", 9000): "10.0.0.1",
	} {
		if got := s.forwardedBy(netip.MustParseAddr("10.0.0.1"), chain); got.String() != want {
			t.Errorf("%.40q: %s, want %s", chain, got, want)
		}
	}
}

// TestHandshakesHoldNoTurn: a client that lets the handshake lie holds up nobody.
func TestHandshakesHoldNoTurn(t *testing.T) {
	f := start(t, byHand)
	f.crowd()
	hello := clientHello(t, f)
	for range 50 {
		c := f.tcpFrom(flooder, f.addr)
		c.Write(hello)
		if _, err := io.ReadFull(c, make([]byte, 100)); err != nil { // the answer has begun
			t.Fatal(err)
		}
	}
	f.servedAt(bystander)
}

// clientHello is what a client begins with.
func clientHello(t *testing.T, f *fixture) []byte {
	t.Helper()
	var hello bytes.Buffer
	c := tlsClient(f, &hello)
	if c.Handshake() == nil || hello.Len() == 0 {
		t.Fatal("no greeting was written")
	}
	return hello.Bytes()
}
