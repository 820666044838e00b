package proxy_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// shortLife makes the login application's access tokens end soon.
const shortLife = "[env]\nLOGIN_ACCESS_LIFETIME = \"8s\"\n"

// slides: a developer's client works on with the token that it began with, beyond its expiry and
// a restart of the proxy, until the session is revoked; no other token gets more time.
func slides(t *testing.T, h *host) {
	h.Write(t, "/etc/nexushub/conf.d/slide.toml", "[proxy]\nintrospect_interval = \"1s\"\n")
	h.Must(t, "systemctl", "restart", "nexushub-proxy")
	h.shortenTokens(t)
	used, cookie := exchange(t, h, "admin", logIn(t, h, "admin"))
	unused, cookie := exchange(t, h, "admin", cookie)
	web, _ := exchange(t, h, "web", logIn(t, h, "web"))
	created := do(t, h.h1, "POST", "admin", "/debug/application", `{"appId":"slides"}`,
		"Authorization", "Bearer "+used, "Content-Type", "application/json")
	var application struct{ ID string }
	if err := json.Unmarshal([]byte(created.body), &application); err != nil || created.StatusCode != http.StatusCreated {
		t.Fatalf("%s %v: %s", created.Status, err, created.body)
	}
	path := "/debug/application/" + application.ID
	status := func(token string) int {
		return do(t, h.h1, "GET", "admin", path+"/status", "", "Authorization", "Bearer "+token).StatusCode
	}
	streams := []<-chan string{h.follow(t, h.h1, path, used), h.follow(t, h.h2, path, used)}
	lab.Within(t, soon, "the tokens end that are not used on /debug", func() error {
		if s := status(used); s != http.StatusOK {
			t.Fatalf("the token in use: %d", s)
		}
		s := do(t, h.h2, "GET", "web", "/api/x", "", "Authorization", "Bearer "+web).StatusCode
		return lab.Unless(s == http.StatusUnauthorized, "the application's token: %d", s)
	})
	if s := status(unused); s != http.StatusUnauthorized {
		t.Errorf("the unused token: %d", s)
	}
	for _, s := range streams {
		select {
		case how := <-s:
			t.Errorf("a log stream in use has ended: %s", how)
		default:
		}
	}
	h.Must(t, "systemctl", "restart", "nexushub-proxy")
	if s := status(used); s != http.StatusOK {
		t.Fatalf("the token in use, after a restart of the proxy: %d", s)
	}
	streams = []<-chan string{h.follow(t, h.h1, path, used), h.follow(t, h.h2, path, used)}
	h.revoke(t, cookie)
	lab.Within(t, soon, "the token ends with its session", func() error {
		s := status(used)
		return lab.Unless(s == http.StatusUnauthorized, "status %d", s)
	})
	for _, s := range streams {
		if how := <-s; how != "ended" {
			t.Errorf("a log stream of a revoked session: %s", how)
		}
	}
	log := h.Must(t, "journalctl", "--output=json", "--unit=nexushub-proxy", "--unit=nexushubd")
	for _, secret := range []string{used, unused, web, cookie} {
		if strings.Contains(log, secret) {
			t.Error("a token is in the log")
		}
	}
}

// shortenTokens replaces the login application by a revision with shortLife.
func (h *host) shortenTokens(t *testing.T) {
	t.Helper()
	before := h.target(t, loginID)
	h.Define(t, "login", fmt.Sprintf("instance_id = %q\nhost_name = %q\npackage = \"/srv/login\"\n%s",
		loginID, "login."+domain+port, shortLife))
	h.Reload(t)
	lab.Within(t, soon, "the new login application has taken over", func() error {
		now := h.target(t, loginID)
		return lab.Unless(now != "" && now != before, "the target is %q", now)
	})
}

// follow opens a log stream, and says how it ends.
func (h *host) follow(t *testing.T, c *http.Client, path, token string) <-chan string {
	t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), "GET",
		"https://admin."+domain+port+path+"/logs?follow=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("logs: %s", resp.Status)
	}
	ended := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
		}
		if err := lines.Err(); err != nil {
			ended <- err.Error()
			return
		}
		ended <- "ended"
	}()
	return ended
}

// revoke ends a session behind the proxy's back: on the login application's own port.
func (h *host) revoke(t *testing.T, cookie string) {
	t.Helper()
	for _, r := range h.routes(t).Routes {
		if r.Instance == loginID {
			h.Must(t, "curl", "-sSf", "-X", "POST", "-H", "Cookie: YRT="+cookie, "http://"+r.Address+"/public/logout")
			return
		}
	}
	t.Fatal("no route to the login application")
}
