package accesstoken

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const shop = "shop"

func (c *clock) admit(token, user string, roles ...string) {
	c.t.Helper()
	who, err := NewIdentity(user, roles)
	if err != nil {
		c.t.Fatal(err)
	}
	c.grant(token, Issue{Instance: shop, Expires: time.Now().Add(life), Slides: true, Cookie: "r-" + token, Who: who})
}

func (c *clock) says(token string) string {
	if who := c.Who(token, shop); who != nil {
		return who.User + " " + strings.Join(who.Roles, ",")
	}
	return ""
}

// TestPersonIsAskedAboutEachMinute while he sends requests, and while one is open.
func TestPersonIsAskedAboutEachMinute(t *testing.T) {
	inBubble(t, func(t *testing.T, c *clock) {
		c.admit("t", "alice", "ops")
		cut := false
		u, err := c.Begin("t", shop)
		if err != nil {
			t.Fatal(err)
		}
		u.OnEnd(func() { cut = true })
		for range 9 {
			time.Sleep(time.Minute)
		}
		if n := c.login.count(); n < 9 || n > 12 {
			t.Errorf("asked %d times in nine minutes", n)
		}
		c.login.says(Revoked, nil)
		time.Sleep(ofPerson)
		synctest.Wait()
		if !cut || c.says("t") != "" || !u.Ended() {
			t.Errorf("a minute after the end of the session: cut %t, %q", cut, c.says("t"))
		}
		u.End(200)
	})
}

// TestGrantsOfPersonsAreRead by the next proxy, with who it is; and are asked about even where none slides.
func TestGrantsOfPersonsAreRead(t *testing.T) {
	inBubble(t, func(t *testing.T, c *clock) {
		c.admit("t", "alice@example.org", "ops", "dev", "ops")
		c.admit("none", "bob")
		c.issue("admin")
		for _, most := range []time.Duration{most, 0} {
			c.stop()
			c.start(most)
			if a, b := c.says("t"), c.says("none"); a != "alice@example.org dev,ops" || b != "bob " {
				t.Errorf("read %q and %q", a, b)
			}
			if c.Who("t", admin) != nil || c.Who("admin", admin) != nil || c.Who("", shop) != nil {
				t.Error("somebody is known where nobody was named")
			}
		}
		c.login.says(Revoked, nil)
		if u, err := c.Begin("t", shop); err != nil || u == nil {
			t.Fatal(u, err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if c.says("t") != "" || c.says("none") == "" {
			t.Errorf("after the end of a session: %q, %q", c.says("t"), c.says("none"))
		}
		c.stop()
		c.start(most)
		if c.says("t") != "" {
			t.Error("the end is forgotten")
		}
	})
}

// TestPersonsTakeNoRoomOfOthers, however many sign in.
func TestPersonsTakeNoRoomOfOthers(t *testing.T) {
	inBubble(t, func(t *testing.T, c *clock) {
		c.issue("admin")
		who, err := NewIdentity("alice", nil)
		if err != nil {
			t.Fatal(err)
		}
		c.mu.Lock()
		for i := range maxPersons + 10 { // as Grant would, without ten thousand writes
			issue := Issue{Instance: shop, Expires: time.Now().Add(life), Slides: true, Cookie: fmt.Sprint(i), Who: who}
			g := c.newGrant(issue, time.Now())
			c.put(sumOf(fmt.Sprint("t", i)), g)
		}
		n, still := len(c.sliding), c.sliding[sumOf("admin")] != nil
		c.mu.Unlock()
		if n != maxPersons+1 || !still {
			t.Errorf("%d grants slide, that of the admin application: %t", n, still)
		}
	})
}

func TestIdentityIsChecked(t *testing.T) {
	many := make([]string, maxRoles+1)
	for i := range many {
		many[i] = fmt.Sprint("r", i)
	}
	for _, c := range []struct {
		user  string
		roles []string
		ok    bool
	}{
		{"alice", nil, true}, {"alice@example.org", []string{"a.b:c@d/e+f-g_h"}, true},
		{strings.Repeat("x", maxUser), []string{strings.Repeat("x", maxRole)}, true},
		{"", nil, false}, {"a b", nil, false}, {"a\r\nX-NexusHub-Roles: admin", nil, false}, {"ä", nil, false},
		{"a\x00", nil, false}, {"a\x7f", nil, false}, {strings.Repeat("x", maxUser+1), nil, false},
		{"a", []string{""}, false}, {"a", []string{"x,admin"}, false}, {"a", []string{"x admin"}, false},
		{"a", []string{"x\nadmin"}, false}, {"a", []string{"ä"}, false}, {"a", []string{strings.Repeat("x", maxRole+1)}, false},
		{"a", many, false},
	} {
		if _, err := NewIdentity(c.user, c.roles); (err == nil) != c.ok {
			t.Errorf("%.40q %.40q: %v", c.user, c.roles, err)
		}
	}
	a, _ := NewIdentity("a", []string{"y", "x"})
	b, _ := NewIdentity("a", []string{"x", "y", "y"})
	fewer, _ := NewIdentity("a", []string{"x"})
	if !a.Is(b) || a.Is(fewer) || !a.HasOneOf(nil) || !a.HasOneOf([]string{"z", "y"}) || a.HasOneOf([]string{"z"}) {
		t.Error("identities are compared wrongly")
	}
}

// TestDamagedIdentityIsNobody: such a line is no grant, and the others are.
func TestDamagedIdentityIsNobody(t *testing.T) {
	inBubble(t, func(t *testing.T, c *clock) {
		c.admit("t", "alice", "ops")
		c.stop()
		text, err := os.ReadFile(c.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, damage := range [][2]string{{" alice ,ops", " alice ops"}, {" alice ,ops", " al\x00ice ,ops"}, {" ,ops", ""},
			{" alice ,ops", ""}, {",ops", ",ops,,"}} {
			bad := strings.Replace(string(text), damage[0], damage[1], 1)
			if bad == string(text) {
				t.Fatal(damage, bad)
			}
			if err := os.WriteFile(c.path, []byte(bad), 0o600); err != nil {
				t.Fatal(err)
			}
			c.start(most)
			if c.says("t") != "" {
				t.Errorf("%q is %s", damage[1], c.says("t"))
			}
			c.stop()
		}
		c.start(most)
	})
}
