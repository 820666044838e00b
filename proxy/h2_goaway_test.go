package proxy

import (
	"crypto/tls"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// frames delivers what the server sends as short words, until the connection ends.
func (c *rawHTTP2) frames() <-chan string {
	words, _ := c.framesAndPings()
	return words
}

// framesAndPings delivers the payloads of PINGs besides, which it does not answer.
func (c *rawHTTP2) framesAndPings() (<-chan string, <-chan [8]byte) {
	words, pings := make(chan string, 100), make(chan [8]byte, 100)
	go func() {
		defer close(words)
		for {
			switch f, err := c.ReadFrame(); f := f.(type) {
			case *http2.MetaHeadersFrame:
				words <- f.PseudoValue("status")
			case *http2.PingFrame:
				pings <- f.Data
			case *http2.GoAwayFrame:
				if f.LastStreamID == math.MaxInt32 {
					words <- "leave"
				} else {
					words <- "gone"
				}
			default:
				if err != nil && !errors.As(err, new(http2.StreamError)) {
					return
				}
			}
		}
	}()
	return words, pings
}

// TestStopWaitsForTheFirstAnswer: a connection that has just shaken hands, or got any
// further, is not told to go before its first request is answered.
func TestStopWaitsForTheFirstAnswer(t *testing.T) {
	for name, steps := range map[string]int{"connection": -1, "handshake": 0, "preface": 1, "settings": 2,
		"acknowledged": 3, "request": 4} {
		t.Run(name, func(t *testing.T) {
			f := start(t, byHand) // newConnGrace never ends
			arrived, release := make(chan struct{}), make(chan struct{})
			f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(arrived)
				<-release
			}))))
			c := f.silentHTTP2()
			if steps < 0 {
				c.conn.Close()
				eventually(t, "no connection", func() bool { return f.server.conns.Load() == 0 })
				c = f.connectedHTTP2()
				eventually(t, "a connection", func() bool { return f.server.conns.Load() == 1 })
			}
			c.steps(0, max(steps, 0))
			if steps == 4 {
				<-arrived
			}
			stopped := f.stopping()
			c.steps(max(steps, 0), 4)
			words := c.frames()
			close(release)
			if got := <-words; got != "200" {
				t.Errorf("the first frame is %q, want an answer", got)
			}
			if got := tickUntil(f, "GOAWAY", words); got != "leave" {
				t.Errorf("then %q, want a GOAWAY that refuses nothing", got)
			}
			c.conn.Close()
			<-stopped
		})
	}
}

// TestStopWaitsForMoreRequests: a client that has just got its first answer may have given
// the connection more requests, which it would not send elsewhere.
func TestStopWaitsForMoreRequests(t *testing.T) {
	f := start(t, byHand)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))))
	c := f.rawHTTP2()
	words := c.frames()
	stopped := f.stopping()
	for range 5 {
		c.steps(3, 4)
		if got := <-words; got != "200" {
			t.Fatalf("%q, want an answer", got)
		}
	}
	if got := tickUntil(f, "GOAWAY", words); got != "leave" {
		t.Errorf("then %q, want a GOAWAY that refuses nothing", got)
	}
	c.conn.Close()
	<-stopped
}

// TestStopSparesWhatHasJustCome: also what comes after the clock was read.
func TestStopSparesWhatHasJustCome(t *testing.T) {
	c := &h2Conn{opened: 11, frames: &h2FrameConn{}}
	c.closeIdle(10, false)
	if c.goAwayAt.Load() != 0 {
		t.Error("it is told to go before its first answer")
	}
}

// TestStopWaitsForAPause: a client with a request in flight is told to go when that is
// answered, where there is time for it.
func TestStopWaitsForAPause(t *testing.T) {
	for name, c := range map[string]struct {
		grace time.Duration
		want  []string
	}{
		"time":    {time.Hour, []string{"200", "leave"}},
		"no time": {time.Millisecond, []string{"leave", "200"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, byHand, func(o *Options) { o.keepAliveGrace = c.grace })
			arrived, release := make(chan struct{}, 2), make(chan struct{}, 2)
			f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				arrived <- struct{}{}
				<-release
			}))))
			client := f.rawHTTP2()
			words := client.frames()
			client.steps(3, 4)
			<-arrived
			release <- struct{}{}
			if got := <-words; got != "200" {
				t.Fatalf("%q, want an answer", got)
			}
			f.tick(int(roundTrip/tick) + 1)
			client.steps(3, 4)
			<-arrived
			stopped := f.stopping()
			f.tick(2)
			if c.want[0] == "200" {
				release <- struct{}{}
			}
			if got := <-words; got != c.want[0] {
				t.Errorf("first %q, want %q", got, c.want[0])
			}
			if c.want[0] != "200" {
				release <- struct{}{}
			}
			if got := <-words; got != c.want[1] {
				t.Errorf("then %q, want %q", got, c.want[1])
			}
			client.conn.Close()
			<-stopped
		})
	}
}

// TestStopEndsPatience: who sends nothing in two seconds is told to go.
func TestStopEndsPatience(t *testing.T) {
	f := start(t, byHand)
	var silent []<-chan string
	for _, steps := range []int{0, 2, 3} {
		c := f.silentHTTP2()
		c.steps(0, steps)
		silent = append(silent, c.frames())
	}
	eventually(t, "connections", func() bool { return len(f.server.deadlines.all()) == len(silent) })
	stopped := f.stopping()
	f.tick(int(newConnGrace/tick) + 1)
	for i, words := range silent {
		if got := tickUntil(f, "GOAWAY", words); got != "leave" {
			t.Errorf("%d: %q", i, got)
		}
	}
	tickUntil(f, "the end", stopped)
}

// TestGoAwayRefusesNothing: what a client sends before it has heard that it is to go is
// answered, whyever it is told.
func TestGoAwayRefusesNothing(t *testing.T) {
	for name, because := range map[string]func(f *fixture){
		"stop": func(f *fixture) { f.stopping() },
		"idle": func(f *fixture) { f.tick(int(f.opt.IdleTimeout/tick) + 1) },
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, byHand)
			f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))))
			c := f.rawHTTP2()
			c.steps(3, 4)
			words := c.frames()
			if got := <-words; got != "200" {
				t.Fatal(got)
			}
			eventually(t, "the request ends", func() bool { return f.server.inFlight[0].Load() == 0 })
			f.tick(int(roundTrip/tick) + 1)
			because(f)
			if got := <-words; got != "leave" {
				t.Fatalf("%q, want a GOAWAY that refuses nothing", got)
			}
			for range 3 {
				c.steps(3, 4)
				if got := <-words; got != "200" {
					t.Fatalf("%q, want an answer", got)
				}
			}
			if got := tickUntil(f, "the second GOAWAY", words); got != "gone" {
				t.Errorf("%q, want the second GOAWAY", got)
			}
			c.conn.Close()
		})
	}
}

// TestSecondGoAwayWaitsForTheClient: who takes long to hear that he is to go may send
// requests until he has.
func TestSecondGoAwayWaitsForTheClient(t *testing.T) {
	f := start(t, byHand)
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))))
	c := f.rawHTTP2()
	c.steps(3, 4)
	words, pings := c.framesAndPings()
	if got := <-words; got != "200" {
		t.Fatal(got)
	}
	eventually(t, "the request ends", func() bool { return f.server.inFlight[0].Load() == 0 })
	f.tick(int(roundTrip/tick) + 1)
	f.stopping()
	if got := <-words; got != "leave" {
		t.Fatalf("%q, want a GOAWAY that refuses nothing", got)
	}
	data := <-pings
	f.tick(int(roundTrip/tick) + 2)
	c.steps(3, 4)
	if got := <-words; got != "200" {
		t.Fatalf("%q, want an answer", got)
	}
	if err := c.WritePing(true, data); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the answer to the PING", func() bool {
		return f.server.deadlines.all()[0].(*h2Conn).frames.pingAcked.Load()
	})
	f.tick(1)
	if got := <-words; got != "gone" {
		t.Errorf("%q, want the second GOAWAY", got)
	}
	c.conn.Close()
}

// TestPingAnswerInPieces: the answer is found however it is cut, and others are not taken
// for it.
func TestPingAnswerInPieces(t *testing.T) {
	for size := 1; size < 40; size++ {
		c := pingWait{payload: "12345678"}
		for rest := "before" + pingAck + "12345679" + pingAck[1:]; rest != ""; rest = rest[min(size, len(rest)):] {
			if c.acked([]byte(rest[:min(size, len(rest))])) {
				t.Fatalf("by %d: taken for the answer", size)
			}
		}
		heard := false
		for rest := pingAck + "12345678" + "after"; rest != ""; rest = rest[min(size, len(rest)):] {
			heard = c.acked([]byte(rest[:min(size, len(rest))])) || heard
		}
		if !heard {
			t.Errorf("by %d: not heard", size)
		}
	}
}

// TestFrameConnFindsBoundaries: however the frames are cut into writes.
func TestFrameConnFindsBoundaries(t *testing.T) {
	frame := func(n int) string {
		return string([]byte{byte(n >> 16), byte(n >> 8), byte(n), 0, 0, 0, 0, 0, 1}) +
			strings.Repeat("\x00\x00\x09", n/3+1)[:n]
	}
	stream := frame(0) + frame(5) + frame(0) + frame(1000) + frame(70_000) + frame(9)
	for size := range 40 {
		var c h2FrameConn
		var sent []byte
		for rest := stream; rest != ""; {
			n := min(size+1, len(rest))
			sent = append(sent, c.follow([]byte(rest[:n]))...)
			rest = rest[n:]
			at := len(sent)
			want := at == 0 || at == 9 || at == 23 || at == 32 || at == 1041 || at == 71_050 || at == 71_068
			if want != (c.payload == 0) {
				t.Fatalf("after %d bytes by %d: %d to come", at, size+1, c.payload)
			}
		}
		if string(sent) != stream {
			t.Errorf("by %d: the frames have changed", size+1)
		}
	}
}

// stopping stops the proxy; it returns when that has begun.
func (f *fixture) stopping() <-chan struct{} {
	stopped := newDone(f.stop)
	eventually(f.t, "the proxy stops", f.server.isStopping)
	return stopped
}

// TestGoAwayKeepsTheWritesBound: the server's next write, which may wait for GOAWAY to be
// out, has the bound that it was given.
func TestGoAwayKeepsTheWritesBound(t *testing.T) {
	cert := httptest.NewUnstartedServer(nil)
	cert.StartTLS()
	defer cert.Close()
	near, far := socketPair(t)
	go io.Copy(io.Discard, tls.Client(far, &tls.Config{InsecureSkipVerify: true}))
	c := &h2FrameConn{Conn: tls.Server(near, cert.TLS)}
	if _, err := c.Write([]byte("\x00\x00\x00\x04\x00\x00\x00\x00\x00")); err != nil {
		t.Fatal(err)
	}
	c.SetWriteDeadline(longAgo)
	c.goAway()
	if _, err := c.Write([]byte("\x00\x00\x00\x04\x01\x00\x00\x00\x00")); !c.goAwaySent.Load() || !isTimeout(err) {
		t.Errorf("GOAWAY %v, then %v", c.goAwaySent.Load(), err)
	}
}
