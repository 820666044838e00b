package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nexushub/nexushub/agent/fact"
)

const nowhere = "/healthz-nowhere"

// site answers by path: a status, and "html" behind it for a page. Any other path is answered as nowhere is.
type site map[string]string

func (s site) ask(path string) Outcome {
	said, ok := s[path]
	if !ok {
		said = s[nowhere]
	}
	var o Outcome
	var kind string
	if _, err := fmt.Sscan(said+" -", &o.Code, &kind); err != nil {
		return Outcome{Late: true, Err: errors.New("no answer within 3s")}
	}
	o.HTML = kind == "html"
	if o.Code != http.StatusOK {
		o.Err = fmt.Errorf("answered %d", o.Code)
	}
	return o
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		name  string
		site  site
		path  string
		again bool
	}{
		{"nothing but pages of its own", site{nowhere: "404"}, "", false},
		{"the first of two", site{nowhere: "404", "/health": "200", "/up": "200"}, "/health", false},
		{"a page, as Rails and Laravel have", site{nowhere: "404 html", "/up": "200 html"}, "/up", false},
		{"a redirect is no answer", site{nowhere: "302", "/healthz": "301"}, "", false},
		{"everything is for those who have signed in", site{nowhere: "401"}, "", false},
		{"everything but its health is", site{nowhere: "401", "/api/health": "200"}, "/api/health", false},
		{"every path is its one page", site{nowhere: "200 html"}, "", false},
		{"one page, and a path that says more", site{nowhere: "200 html", "/api/health": "200"}, "/api/health", false},
		{"every path is its one text", site{nowhere: "200", "/up": "200 html"}, "", false},
		{"204 is not 200", site{nowhere: "404", "/healthz": "204"}, "", false},
		{"it warms up", site{nowhere: "503", "/healthz": "200"}, "", true},
		{"it does not answer yet", site{nowhere: "slow"}, "", true},
		{"its health is not good yet", site{nowhere: "404", "/healthz": "503"}, "", true},
		{"its health is not good, but another is", site{nowhere: "404", "/healthz": "503", "/up": "200"}, "/up", false},
		{"who is slow is not asked further", site{nowhere: "404", "/healthz": "slow", "/up": "200"}, "", true},
	} {
		if path, again := choose(c.site.ask, nowhere); path != c.path || again != c.again {
			t.Errorf("%s: %q, again %t; want %q, %t", c.name, path, again, c.path, c.again)
		}
	}
}

// guessed is one that nobody has chosen a check for.
var guessed = Check{Type: "tcp", Run: "1", Interval: 10 * time.Second, Timeout: 3 * time.Second, Failures: 2,
	Guessed: true, Front: "/"}

// play is a monitored application whose answers change; a check by TCP succeeds while accepts.
type play struct {
	mu     sync.Mutex // guards the fields that follow
	site   site
	closed bool
	asked  []string
}

func (p *play) ask(_ context.Context, c Check) Outcome {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, strings.TrimRight(c.Type+" "+c.Path, " "))
	switch {
	case p.closed, p.site[c.Path] == "closed":
		return Outcome{Err: errRefused}
	case c.Type == "tcp":
		return Outcome{}
	}
	return p.site.ask(c.Path)
}

func (p *play) set(path, answer string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.site[path] = answer
}

// since are the questions since the last call.
func (p *play) since() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := strings.Join(p.asked, ", ")
	p.asked = nil
	return all
}

// watching runs f beside a monitor that watches p by c.
func watching(t *testing.T, p *play, c Check, f func(m *Monitor)) { watchingFrom(t, p, c, nil, f) }

// watchingFrom is watching where it is known where p listens.
func watchingFrom(t *testing.T, p *play, c Check, where Elsewhere, f func(m *Monitor)) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMonitor(func(string) {})
		m.Ask, m.Elsewhere = p.ask, where
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- m.Run(ctx) }()
		synctest.Wait()
		m.Watch("u", c)
		pass(time.Second)
		f(m)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func wantHealth(t *testing.T, m *Monitor, state fact.HealthState, path string, front int) {
	t.Helper()
	if r, _ := m.Result("u"); r.State != state || r.Path != path || r.Front != front || !r.Looked {
		t.Errorf("got %+v, want %s by %q, front page %d", r, state, path, front)
	}
}

func TestAPathThatIsFoundIsTheCheck(t *testing.T) {
	p := &play{site: site{"/": "200 html", nowhere: "404", "/health": "200"}}
	watching(t, p, guessed, func(m *Monitor) {
		wantHealth(t, m, fact.Healthy, "/health", 200)
		if got := p.since(); strings.Count(got, "healthz-") != 1 || !strings.HasSuffix(got, "http /healthz, http /health") {
			t.Errorf("it was asked %s", got)
		}
		p.set("/health", "503")
		pass(25 * time.Second)
		wantHealth(t, m, fact.Unhealthy, "/health", 200)
		if got := p.since(); !strings.Contains(got, "http /health") || strings.Contains(got, "tcp") {
			t.Errorf("it was asked %s", got)
		}
		if r, _ := m.Result("u"); r.Problem != "answered 503" {
			t.Errorf("its problem is %q", r.Problem)
		}
		p.set("/health", "200")
		pass(15 * time.Second)
		wantHealth(t, m, fact.Healthy, "/health", 200)
		p.since()
		next := guessed
		next.Run = "2"
		p.set("/health", "404")
		p.set("/up", "200")
		m.Watch("u", next)
		pass(time.Second)
		wantHealth(t, m, fact.Healthy, "/up", 200)
	})
}

// A path that is not there any more, or is for those who have signed in, says nothing about health.
func TestAPathThatIsGoneIsNoIllness(t *testing.T) {
	for _, answer := range []string{"404", "401", "302", "429"} {
		p := &play{site: site{"/": "200 html", nowhere: "404", "/healthz": "200"}}
		watching(t, p, guessed, func(m *Monitor) {
			p.set("/healthz", answer)
			pass(15 * time.Second)
			wantHealth(t, m, fact.Healthy, "", 200)
			p.since()
			pass(time.Minute)
			if got := p.since(); strings.Contains(got, "http") {
				t.Errorf("%s: it was asked %s", answer, got)
			}
			p.mu.Lock()
			p.closed = true
			p.mu.Unlock()
			pass(25 * time.Second)
			wantHealth(t, m, fact.Unhealthy, "", 200)
		})
	}
}

// What is not ready when it accepts its first connection is looked at again, but not for ever.
func TestLooksAgainWhileItWarmsUp(t *testing.T) {
	p := &play{site: site{"/": "503", nowhere: "503"}}
	watching(t, p, guessed, func(m *Monitor) {
		wantHealth(t, m, fact.Healthy, "", 503)
		p.set("/", "200")
		p.set(nowhere, "404")
		p.set("/healthz", "200")
		pass(15 * time.Second)
		wantHealth(t, m, fact.Healthy, "/healthz", 200)
	})
	p = &play{site: site{"/": "500", nowhere: "500"}}
	watching(t, p, guessed, func(m *Monitor) {
		pass(time.Hour)
		wantHealth(t, m, fact.Healthy, "", 500)
		if got := strings.Count(p.since(), "http /,"); got != mostLooks {
			t.Errorf("its front page was asked for %d times, want %d", got, mostLooks)
		}
	})
}

// What accepts connections and ends them without an answer is not healthy yet.
func TestAcceptingIsNotEnough(t *testing.T) {
	p := &play{site: site{"/": "closed", nowhere: "404"}}
	watching(t, p, guessed, func(m *Monitor) {
		pass(time.Minute)
		if r, _ := m.Result("u"); r.State != fact.Unknown || !strings.HasPrefix(r.Problem, "GET /: ") {
			t.Errorf("got %+v", r)
		}
		p.since()
		p.set("/", "404")
		pass(time.Second)
		wantHealth(t, m, fact.Healthy, "", 404)
		if got := p.since(); strings.Count(got, "http /,") != 1 {
			t.Errorf("it was asked %s", got)
		}
		p.set("/", "closed")
		pass(time.Hour)
		wantHealth(t, m, fact.Healthy, "", 404)
	})
}

// A check that somebody has chosen is the only one.
func TestAChosenCheckStays(t *testing.T) {
	c := guessed
	c.Guessed, c.Front = false, ""
	p := &play{site: site{"/": "500", nowhere: "404", "/healthz": "200"}}
	watching(t, p, c, func(m *Monitor) {
		pass(time.Minute)
		if got := p.since(); strings.Contains(got, "http") {
			t.Errorf("it was asked %s", got)
		}
	})
	c.Front = "/"
	watching(t, p, c, func(m *Monitor) {
		pass(time.Hour)
		wantHealth(t, m, fact.Healthy, "", 500)
		if got := p.since(); strings.Contains(got, "healthz") {
			t.Errorf("it was asked %s", got)
		}
	})
}

// Whether it accepts connections is asked anew, also where one of an earlier question is kept.
func TestTCPOnAKeptConnection(t *testing.T) {
	c := serve(t, "tcp", "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "<p>")
	}))
	var a caller
	defer a.close()
	if o := a.once(t.Context(), c); o.Err != nil || !o.HTML || a.conn == nil {
		t.Fatalf("outcome %+v, connection kept: %t", o, a.conn != nil)
	}
	c.Type, c.Address = "tcp", "127.0.0.1:1"
	if o := a.once(t.Context(), c); o.Err == nil {
		t.Error("nobody listens there, and it is healthy")
	}
}
