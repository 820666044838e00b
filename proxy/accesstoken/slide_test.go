package accesstoken

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const (
	life     = 10 * time.Minute // as existing login applications give it
	most     = 12 * time.Hour
	interval = 10 * time.Minute
	admin    = "admin"
)

// fakeLogin is a login application.
type fakeLogin struct {
	mu     sync.Mutex // guards the fields that follow
	answer Answer
	err    error
	asked  []time.Time
}

func (l *fakeLogin) ask(context.Context, string, *Identity) (Answer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, time.Now())
	return l.answer, l.err
}

func (l *fakeLogin) says(a Answer, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer, l.err = a, err
}

func (l *fakeLogin) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.asked)
}

// clock is a running store in a bubble, so that hours take no time.
type clock struct {
	*Store
	t     *testing.T
	path  string
	login *fakeLogin
	log   bytes.Buffer
	stop  func()
}

// inBubble runs a test with a store whose login application says that all is well.
func inBubble(t *testing.T, test func(t *testing.T, c *clock)) {
	synctest.Test(t, func(t *testing.T) {
		c := &clock{t: t, path: filepath.Join(t.TempDir(), "tokens"), login: &fakeLogin{answer: Good}}
		c.start(most)
		defer func() { c.stop() }()
		test(t, c)
	})
}

func (c *clock) start(most time.Duration) {
	c.t.Helper()
	log := slog.New(slog.NewTextHandler(&c.log, nil))
	s, err := Open(c.path, Options{MaxSlide: most, Interval: interval, Ask: c.login.ask, Log: log})
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	c.Store = s
	c.stop = sync.OnceFunc(func() {
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			c.t.Error(err)
		}
	})
}

// issue grants a token of the admin application.
func (c *clock) issue(token string) {
	c.t.Helper()
	c.exchange(token, "r0-"+token, "r1-"+token)
}

func (c *clock) exchange(token, cookie, next string) {
	c.t.Helper()
	c.grant(token, Issue{
		Instance: admin, Expires: time.Now().Add(life), Slides: true, Cookie: cookie, Next: next,
	})
}

func (c *clock) grant(token string, i Issue) {
	c.t.Helper()
	if err := c.Grant(token, i); err != nil {
		c.t.Fatal(err)
	}
}

// request is one that the debug API answers at once.
func (c *clock) request(token string, status int) error {
	u, err := c.Begin(token, admin)
	u.Answered(status)
	u.End(status)
	synctest.Wait()
	return err
}

// poll uses a token every so often, until it is refused, and returns how long that took.
func (c *clock) poll(token string, every time.Duration) time.Duration {
	c.t.Helper()
	began := time.Now()
	for c.request(token, 200) == nil {
		time.Sleep(every)
		if time.Since(began) > 100*time.Hour {
			c.t.Fatal("the token has no end")
		}
	}
	return time.Since(began)
}

// lasts returns how long it takes until a token opens nothing.
func (c *clock) lasts(token string) time.Duration {
	began := time.Now()
	for c.Valid(token, admin) {
		time.Sleep(time.Second)
	}
	return time.Since(began)
}

func within(t *testing.T, what string, got, least, most time.Duration) {
	t.Helper()
	if got < least || got > most {
		t.Errorf("%s: %s, want %s to %s", what, got, least, most)
	}
}

// TestClientThatNeverRefreshes: the existing client asks for the status every five seconds,
// always with the same token.
func TestClientThatNeverRefreshes(t *testing.T) {
	inBubble(t, func(t *testing.T, c *clock) {
		c.issue("a")
		within(t, "in use", c.poll("a", 5*time.Second), most, most+5*time.Second)
		c.login.mu.Lock()
		defer c.login.mu.Unlock()
		last := c.login.asked[0].Add(-interval)
		for _, at := range c.login.asked {
			within(t, "between two questions", at.Sub(last), interval/2, interval)
			last = at
		}
		if n := len(c.login.asked); n < 72 || n > 90 {
			t.Errorf("the login application was asked %d times in 12 hours", n)
		}
	})
}

func TestWhatDoesNotSlide(t *testing.T) {
	inBubble(t, func(t *testing.T, c *clock) {
		c.issue("unused")
		within(t, "unused", c.lasts("unused"), life, life)
		c.issue("slow")
		within(t, "used too seldom", c.poll("slow", life+time.Second), 0, life+time.Second)
		c.grant("app", Issue{Instance: "app", Expires: time.Now().Add(life), Cookie: "r"})
		began := time.Now()
		for c.Valid("app", "app") {
			u, err := c.Begin("app", "app")
			if u != nil || err != nil {
				t.Fatalf("of an ordinary application: %v, %v", u, err)
			}
			time.Sleep(time.Second)
		}
		within(t, "of an ordinary application", time.Since(began), life, life)
		for _, status := range []int{400, 401, 403, 404, 413, 499, 0} {
			c.issue("refused")
			began := time.Now()
			for c.request("refused", status) == nil {
				time.Sleep(5 * time.Second)
			}
			within(t, fmt.Sprint("answered ", status), time.Since(began), life, life)
		}
		for _, status := range []int{200, 204, 302, 500, 502, 503, 504} {
			c.issue("used")
			time.Sleep(life - time.Second)
			if err := c.request("used", status); err != nil {
				t.Fatal(err)
			}
			within(t, fmt.Sprint("answered ", status), c.lasts("used"), life, life)
		}
	})
}

// TestForgedTokensSlideNothing: neither a token that nobody has handed out, nor one of
// another application, begins a use; and they leave the real one alone.
func TestForgedTokensSlideNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, c *clock) {
		c.issue("a")
		c.grant("app", Issue{Instance: "app", Expires: time.Now().Add(10 * life)})
		sum := sumOf("a")
		began := time.Now()
		for c.Valid("a", admin) {
			for _, token := range []string{"", "A", "a ", "app", string(sum[:]), fmt.Sprintf("%x", sum), "r0-a", "r1-a"} {
				if u, err := c.Begin(token, admin); u != nil || !errors.Is(err, ErrEnded) {
					t.Fatalf("%q: %v, %v", token, u, err)
				}
			}
			if _, err := c.Begin("a", "app"); !errors.Is(err, ErrEnded) {
				t.Fatal("for another application: ", err)
			}
			time.Sleep(time.Second)
		}
		within(t, "the real token", time.Since(began), life, life)
	})
}

// TestOpenRequestIsUse: one log stream or one long upload, without any other request.
func TestOpenRequestIsUse(t *testing.T) {
	for name, status := range map[string]int{"stream": 200, "upload": 0} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, c *clock) {
				c.issue("a")
				began, cut := time.Now(), make(chan time.Duration, 1)
				u, err := c.Begin("a", admin)
				if err != nil {
					t.Fatal(err)
				}
				u.OnEnd(func() { cut <- time.Since(began) })
				u.Answered(status)
				time.Sleep(most - time.Second)
				if !c.Valid("a", admin) || c.login.count() < 70 {
					t.Errorf("valid %v, %d questions", c.Valid("a", admin), c.login.count())
				}
				within(t, "cut", <-cut, most, most+time.Minute)
				if !u.Ended() || c.Valid("a", admin) {
					t.Error("it goes on after the limit")
				}
				u.End(200)
			})
		})
	}
}

// TestRefusedWhileOpen: requests that are to be refused do not count for the moment that
// they are open.
func TestRefusedWhileOpen(t *testing.T) {
	inBubble(t, func(t *testing.T, c *clock) {
		c.issue("a")
		began := time.Now()
		for {
			u, err := c.Begin("a", admin)
			if err != nil {
				break
			}
			time.Sleep(longRequest / 2)
			u.Answered(404)
			u.End(404)
		}
		within(t, "refused", time.Since(began), life, life+longRequest)
	})
}

func TestRevocation(t *testing.T) {
	inBubble(t, func(t *testing.T, c *clock) {
		c.issue("polls")
		c.issue("follows")
		c.issue("other")
		u, err := c.Begin("follows", admin)
		if err != nil {
			t.Fatal(err)
		}
		cut := make(chan time.Time, 1)
		u.OnEnd(func() { cut <- time.Now() })
		u.Answered(200)
		time.Sleep(time.Minute)
		c.login.says(Revoked, nil)
		revoked := time.Now()
		within(t, "polling", c.poll("polls", 5*time.Second), 0, interval+time.Minute)
		within(t, "the stream", (<-cut).Sub(revoked), 0, interval+time.Minute)
		if c.Valid("follows", admin) {
			t.Error("the token is still good")
		}
		late := false
		u.OnEnd(func() { late = true })
		if !late {
			t.Error("what is set after the end is not called")
		}
		u.End(0)
		c.stop()
		c.start(most)
		for _, token := range []string{"polls", "follows"} {
			if c.Valid(token, admin) {
				t.Errorf("%s is good again after a restart", token)
			}
		}
		for _, secret := range []string{"polls", "follows", "r0-", "r1-"} {
			if strings.Contains(strings.ReplaceAll(c.log.String(), "open_requests", ""), secret) {
				t.Errorf("the log has %q:\n%s", secret, &c.log)
			}
		}
	})
}

// TestLoginApplicationIsAway: no information ends nothing before the limit, and revocations are
// noticed soon when it is back.
func TestLoginApplicationIsAway(t *testing.T) {
	for name, is := range map[string]struct {
		answer Answer
		err    error
	}{
		"down":       {Unsaid, errors.New("connection refused")},
		"cannot say": {Unsaid, nil},
		"broken":     {Revoked, errors.New("500")},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, c *clock) {
				c.login.says(is.answer, is.err)
				c.issue("a")
				within(t, "in use", c.poll("a", 5*time.Second), most, most+5*time.Second)
				if lines := strings.Count(c.log.String(), "\n"); lines != 1 {
					t.Errorf("%d lines in the log:\n%s", lines, &c.log)
				}
				c.issue("b")
				for end := time.Now().Add(2 * life); time.Now().Before(end); time.Sleep(5 * time.Second) {
					c.request("b", 200)
				}
				c.login.says(Revoked, nil)
				within(t, "after it is back", c.poll("b", 5*time.Second), 0, interval)
			})
		})
	}
}

// TestSlideOutlivesARestart in good order, and a crash while the token is used continuously.
func TestSlideOutlivesARestart(t *testing.T) {
	inBubble(t, func(t *testing.T, c *clock) {
		c.issue("a")
		began := time.Now()
		for i := range 6 {
			for end := time.Now().Add(25 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Second) {
				if err := c.request("a", 200); err != nil {
					t.Fatalf("after %s: %v", time.Since(began), err)
				}
			}
			if i%2 == 0 {
				c.stop()
				c.start(most)
				within(t, "after a restart", c.expiry("a"), life-10*time.Second, life)
				continue
			}
			crashed, err := os.ReadFile(c.path)
			if err != nil {
				t.Fatal(err)
			}
			c.stop()
			if err := os.WriteFile(c.path, crashed, 0o600); err != nil {
				t.Fatal(err)
			}
			c.start(most)
			within(t, "after a crash", c.expiry("a"), life/2-10*time.Second, life)
		}
		c.poll("a", 5*time.Second)
		within(t, "in all", time.Since(began), most-time.Second, most+5*time.Second)
	})
}

// expiry is how long a token is good without another use.
func (c *clock) expiry(token string) time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	g := c.grants[sumOf(token)]
	if g == nil {
		return 0
	}
	return time.Until(g.expires)
}

func TestSlideIsSwitchedOff(t *testing.T) {
	inBubble(t, func(t *testing.T, c *clock) {
		c.issue("before")
		c.request("before", 200)
		c.stop()
		c.start(0)
		c.issue("after")
		within(t, "issued before", c.poll("before", 5*time.Second), life-time.Second, life+5*time.Second)
		if c.Valid("after", admin) || c.login.count() > 0 {
			t.Errorf("it slides, or the login application was asked %d times", c.login.count())
		}
	})
}

// TestSignOut: where the login application says nothing, a token ends when it would have
// without more use; where it does, it is asked at once.
func TestSignOut(t *testing.T) {
	for answer, longest := range map[Answer]time.Duration{Unsaid: life, Revoked: 10 * time.Second} {
		inBubble(t, func(t *testing.T, c *clock) {
			c.login.says(answer, nil)
			c.issue("a")
			c.issue("other")
			// The page that got the token asks for the next one meanwhile.
			c.exchange("a2", "r1-a", "r2-a")
			u, err := c.Begin("a2", admin)
			if err != nil {
				t.Fatal(err)
			}
			cut := make(chan time.Time, 1)
			u.OnEnd(func() { cut <- time.Now() })
			u.Answered(200)
			began := time.Now()
			c.SignedOut("made up")
			c.SignedOut("r1-a") // a cookie of before
			c.request("a", 200)
			if c.grants[sumOf("a")].slide.life == 0 {
				t.Error("a stranger has ended the slide")
			}
			c.SignedOut("r2-a")
			c.checkStopped(2)
			if c.grants[sumOf("other")].slide.life == 0 {
				t.Error("the slide of another session has ended")
			}
			within(t, "a", c.poll("a", 5*time.Second), 0, longest+5*time.Second)
			within(t, "a2", (<-cut).Sub(began), 0, longest+time.Minute)
		})
	}
}

// checkStopped counts the grants that slide no more, on disk.
func (c *clock) checkStopped(want int) {
	c.t.Helper()
	b, err := os.ReadFile(c.path)
	if err != nil {
		c.t.Fatal(err)
	}
	stopped := 0
	for line := range strings.Lines(string(b)) {
		if w := strings.Fields(line); len(w) == 6 && w[4] == "0" {
			stopped++
		}
	}
	if stopped != want {
		c.t.Errorf("%d grants are stopped on disk, want %d:\n%s", stopped, want, b)
	}
}

// TestIssuedTwice: a login application may hand out the same token again while it is good.
func TestIssuedTwice(t *testing.T) {
	inBubble(t, func(t *testing.T, c *clock) {
		c.issue("a")
		fixed := time.Now().Add(life)
		began := time.Now()
		u, _ := c.Begin("a", admin)
		cut := make(chan time.Time, 1)
		u.OnEnd(func() { cut <- time.Now() })
		u.Answered(200)
		for range 60 {
			time.Sleep(time.Minute)
			again := fixed
			for !again.After(time.Now()) {
				again = again.Add(life)
			}
			c.grant("a", Issue{Instance: admin, Expires: again, Slides: true, Cookie: "x"})
			if err := c.request("a", 200); err != nil {
				t.Fatal(err)
			}
		}
		within(t, "without use", c.expiry("a"), life-time.Second, life)
		c.grant("a", Issue{Instance: admin, Expires: time.Now().Add(life / 2), Slides: true, Cookie: "x"})
		within(t, "said to end earlier", c.expiry("a"), life-time.Second, life)
		within(t, "the stream, in all", (<-cut).Sub(began), most, most+time.Minute)
		// For another instance it is another grant, whose owner gets nothing of this one.
		c.issue("b")
		u, _ = c.Begin("b", admin)
		c.grant("b", Issue{Instance: "app", Expires: time.Now().Add(life)})
		if !u.Ended() || c.Valid("b", admin) {
			t.Error("a request of the replaced grant goes on")
		}
	})
}

// TestSlidingIsBounded: a session that collects grants pushes out its own.
func TestSlidingIsBounded(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "tokens"), Options{MaxSlide: most})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.Now()
	put := func(token, session string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		i := Issue{Instance: admin, Expires: now.Add(life), Slides: true, Cookie: session}
		s.put(sumOf(token), s.newGrant(i, time.Now()))
	}
	put("mine", "me")
	for i := range 2 * maxSliding {
		put(fmt.Sprint(i), "greedy")
	}
	if len(s.sliding) != maxSliding || s.grants[sumOf("mine")].slide.life == 0 || s.grants[sumOf("0")].slide.life != 0 {
		t.Errorf("%d slide; mine: %s", len(s.sliding), s.grants[sumOf("mine")].slide.life)
	}
	if !s.Valid("0", admin) || len(s.grants) != 2*maxSliding+1 {
		t.Error("a token was taken away before it has expired")
	}
	s.purge(now.Add(2 * life))
	if len(s.grants) != maxSliding {
		t.Errorf("%d grants stay", len(s.grants))
	}
}

// TestWhatGaveWayIsCutAsWell: a session cannot free an open request from its end by collecting
// grants until the one that let it in slides no more.
func TestWhatGaveWayIsCutAsWell(t *testing.T) {
	inBubble(t, func(t *testing.T, c *clock) {
		c.exchange("stream", "greedy", "")
		u, err := c.Begin("stream", admin)
		if err != nil {
			t.Fatal(err)
		}
		cut := make(chan struct{})
		u.OnEnd(func() { close(cut) })
		u.Answered(200)
		time.Sleep(time.Millisecond)
		for i := range maxSliding { // at one time, so that the request counts as the oldest use
			c.exchange(fmt.Sprint(i), "greedy", "")
		}
		select {
		case <-cut:
		case <-time.After(life + 2*purgeInterval):
			t.Error("the request outlives its grant")
		}
		u.End(200)
	})
}

// TestRestartForgetsNoneInUse for those that have expired and that the file still has.
func TestRestartForgetsNoneInUse(t *testing.T) {
	now := time.Now()
	line := func(token string, expires time.Time) string {
		sl := &slide{issued: now.Add(-time.Hour), life: life, session: sumOf("session of " + token)}
		return format(sumOf(token), &grant{instance: admin, expires: expires, slide: sl})
	}
	var lines strings.Builder
	for i := range 3 * maxSliding {
		lines.WriteString(line(fmt.Sprint(i), now.Add(-time.Minute)))
	}
	used := []string{"a", "b", "c", "d", "e"}
	for _, token := range used {
		lines.WriteString(line(token, now.Add(life/2)))
	}
	path := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(path, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, Options{MaxSlide: most})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, token := range used {
		if s.sliding[sumOf(token)] == nil {
			t.Errorf("%s does not slide any more", token)
		}
	}
	if len(s.grants) != len(used) {
		t.Errorf("%d grants", len(s.grants))
	}
}

// TestClockWasSetBack: what a restart finds lasts no longer than a new grant.
func TestClockWasSetBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	year := time.Now().Add(365 * 24 * time.Hour)
	k, g := sumOf("a"), &grant{instance: admin, expires: year, slide: &slide{issued: year, life: life}}
	if err := os.WriteFile(path, []byte(format(k, g)), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, Options{MaxSlide: most})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := s.grants[k]
	within(t, "expiry", time.Until(got.expires), life-time.Minute, life)
	got.moveEnd(time.Now().Add(20*time.Hour), most)
	within(t, "limit", time.Until(got.expires), most-time.Minute, most)
}

func TestPassedByEitherClock(t *testing.T) {
	now := time.Now()
	if !passed(now, now) || passed(now.Add(time.Second), now) || !passed(now.Add(-time.Second).Round(0), now) {
		t.Error("passed is wrong")
	}
}

func FuzzParse(f *testing.F) {
	k := sumOf("a")
	f.Add(format(k, &grant{instance: admin, expires: time.Unix(9, 0)}))
	sliding := &slide{issued: time.Unix(7, 0), life: life, session: k}
	f.Add(format(k, &grant{instance: admin, expires: time.Unix(9, 0), slide: sliding}))
	f.Add(ended(k, &grant{instance: admin}))
	f.Fuzz(func(t *testing.T, line string) {
		k, g, ok := parse(line)
		if !ok {
			return
		}
		again, h, ok := parse(format(k, g))
		if !ok || again != k || h.instance != g.instance || !h.expires.Equal(g.expires) ||
			(h.slide == nil) != (g.slide == nil) {
			t.Errorf("%q is written as %q", line, format(k, g))
		}
	})
}
