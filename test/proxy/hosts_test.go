package proxy_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// manyHosts are two applications with wildcards, paths of one host, and aliases.
func manyHosts(t *testing.T) []application {
	open := func(label string) string { return "access = \"open\"\nenv = { LABEL = \"" + label + "\" }\n" }
	return []application{
		{name: "web", id: webID, pkg: appPackage(t, open("web"), nil), config: `
hosts = ["*.web.test", "web.test", "web.test/plain"]
aliases = ["www.web.test"]
`},
		{name: "docs", id: otherID, pkg: appPackage(t, open("docs"), map[string]string{
			"static/index.html": "<h1>docs</h1>", "static/a.txt": "a"}), config: `
hosts = ["web.test/docs"]
aliases = ["docs.test"]
strip_prefix = true
`},
	}
}

// curled is what curl says of a URL: the status, the version of HTTP, where it is led, and what it got.
type curled struct {
	status, version, led, body string
}

func (h *host) curled(t *testing.T, url string, options ...string) curled {
	t.Helper()
	at := "8443"
	if strings.HasPrefix(url, "http:") {
		at = "80"
	}
	args := append([]string{"-sS", "--path-as-is", "--cacert", "/var/lib/nexushub-proxy/ca/root.crt",
		"--connect-to", "::127.0.0.1:" + at, "-w", `\n%{http_code} %{http_version} %header{location}`, url}, options...)
	out, err := h.Try(t, "curl", args...)
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	end := strings.LastIndexByte(out, '\n')
	words := append(strings.Fields(out[end+1:]), "", "", "")
	return curled{words[0], words[1], words[2], out[:end]}
}

// wantHost asks for a URL and compares who answered and what he saw, or where it led.
func (h *host) wantHost(t *testing.T, url, want string, options ...string) {
	t.Helper()
	got := h.curled(t, url, options...)
	says := strings.TrimSpace(got.status + " " + got.led)
	var e struct {
		Label, Host, URI string
		Header           map[string][]string
	}
	switch {
	case json.Unmarshal([]byte(got.body), &e) == nil && e.Label != "":
		words := append([]string{e.Label, e.Host, e.URI}, e.Header["X-Forwarded-Prefix"]...)
		says = strings.Join(words, " ")
	case got.status == "200":
		says = strings.TrimSpace(got.body)
	}
	if says != want {
		t.Errorf("%s: %s, want %s", url, says, want)
	}
}

// TestHosts: names, wildcards, paths and aliases as clients of their own see them.
func TestHosts(t *testing.T) {
	onSuitesAtOnce(t, manyHosts, func(t *testing.T, h *host) {
		t.Run("served", func(t *testing.T) { hostsServed(t, h) })
		t.Run("certificates", func(t *testing.T) { hostsCertified(t, h) })
		t.Run("in the clear", func(t *testing.T) { hostsInTheClear(t, h) })
		t.Run("conflicts", func(t *testing.T) { hostsInConflict(t, h) })
		t.Run("by command", func(t *testing.T) { hostsByCommand(t, h) })
	})
}

func hostsServed(t *testing.T, h *host) {
	for url, want := range map[string]string{
		"https://web.test/x?y=/z":          "web web.test /x?y=/z",
		"https://a.web.test/x":             "web a.web.test /x", // its certificate is checked
		"https://B-2.WEB.test/":            "web B-2.WEB.test /",
		"https://web.test/docs":            "308 /docs/",
		"https://web.test/docs/":           "<h1>docs</h1>",
		"https://web.test/docs/a.txt":      "a",
		"https://web.test/docs/x?y":        "docs web.test /x?y /docs",
		"https://web.test/docsx":           "web web.test /docsx",
		"https://web.test/plain/x":         "web web.test /plain/x",
		"https://www.web.test/a//b?c=d":    "308 https://web." + domain + "/a//b?c=d",
		"https://docs.test/x":              "308 https://docs." + domain + "/x",
		"https://web.test/Docs/x":          "400",
		"https://web.test/%64ocs/x":        "400",
		"https://web.test/docs/..%2fx":     "400",
		"https://web.test/docs/../x":       "400",
		"https://web.test//docs/x":         "400",
		"https://web.test/docs//evil.test": "400",
		"https://web.test/api/set_token":   "404",
	} {
		h.wantHost(t, url, want, "--http1.1")
		h.wantHost(t, url, want, "--http2")
	}
	if got := h.curled(t, "https://a.web.test/"); got.version != "2" {
		t.Errorf("HTTP/%s", got.version)
	}
	if out, err := h.Try(t, "curl", "-sS", "--cacert", "/var/lib/nexushub-proxy/ca/root.crt", "--connect-to", "::127.0.0.1:8443",
		"https://a.b.web.test/"); err == nil {
		t.Errorf("a name of two labels is served: %s", out)
	}
	h.wantHost(t, "https://a.web.test/", "421", "-H", "Host: a.b.web.test")
	// A connection that has a wildcard's certificate may be used for its other names.
	h.wantHost(t, "https://a.web.test/", "web other.web.test /", "-H", "Host: other.web.test", "--http2")
	certs := h.Must(t, "nexushub", "cert")
	if !strings.Contains(certs, "*.web.test") || strings.Contains(certs, "a.web.test") {
		t.Errorf("certificates:\n%s", certs)
	}
	routes := h.Must(t, "nexushub", "routes")
	for _, want := range []string{"*.web.test", "web.test/docs", "redirects to web." + domain} {
		if !strings.Contains(routes, want) {
			t.Errorf("%s is missing:\n%s", want, routes)
		}
	}
}

// hostsCertified: a file for a wildcard goes before the local authority, and comes and goes.
func hostsCertified(t *testing.T, h *host) {
	before := h.presented(t, "a.web.test")
	crt, key := pair(t, "wild", "*.web.test")
	h.certificate(t, crt, key)
	presents := func(want string) {
		lab.Within(t, soon, "a.web.test has the certificate of "+want, func() error {
			got := h.presented(t, "a.web.test")
			return lab.Unless(got == want, "it has that of %s", got)
		})
	}
	presents("wild")
	if got := h.presented(t, "web.test"); got != before {
		t.Errorf("web.test has the certificate of %s", got)
	}
	if out := h.Sh(t, "nexushub verify 2>&1 || :"); !strings.Contains(out, "web.test: no certificate of yours names it") ||
		strings.Contains(out, "*.web.test: no") {
		t.Errorf("verify:\n%s", out)
	}
	h.Sh(t, "rm /etc/nexushub/certs/web.*")
	presents(before)
}

func hostsInTheClear(t *testing.T, h *host) {
	h.Must(t, "systemctl", "enable", "-q", "nexushub-proxy-http.socket")
	h.Sh(t, "systemctl stop nexushub-proxy && systemctl start nexushub-proxy-http.socket nexushub-proxy")
	for url, want := range map[string]string{
		"http://a.web.test/x?y":     "308 https://a.web.test:8443/x?y",
		"http://www.web.test/a?b":   "308 https://web." + domain + ":8443/a?b",
		"http://web.test/docs/x":    "308 https://web.test:8443/docs/x",
		"http://a.b.web.test/":      "421",
		"http://web.test/docs/../x": "400",
	} {
		h.wantHost(t, url, want)
	}
}

func hostsInConflict(t *testing.T, h *host) {
	h.Define(t, "thief", fmt.Sprintf("instance_id = %q\nhost_name = \"thief.%s\"\nhosts = [\"web.test/docs\"]\nstatic_path = \"/srv\"\n",
		siteID, domain))
	out, err := h.TrySh(t, "! nexushub verify 2>&1")
	if err != nil || !strings.Contains(out, "web.test/docs is used by") || !strings.Contains(out, "docs.toml already") {
		t.Errorf("verify: %v\n%s", err, out)
	}
	h.Must(t, "rm", "/etc/nexushub/apps.d/thief.toml")
	if out := h.Sh(t, "! nexushub hosts add web a.test 2>&1"); !strings.Contains(out, "/etc/nexushub/apps.d/web.toml") {
		t.Errorf("hosts of a static application: %s", out)
	}
}

// hostsByCommand gives a deployed application names, under load and without a restart.
func hostsByCommand(t *testing.T, h *host) {
	h.MustCopyIn(t, appPackage(t, "access = \"open\"\nenv = { LABEL = \"shop\" }\n", nil), "/srv/shop")
	h.Must(t, "nexushub", "deploy", "-q", "/srv/shop")
	unit := h.AwaitUnit(t, "shop")
	before := h.Identity(t, unit)
	h.UnderLoad(t, "https://shop."+domain+port+"/", 100, func() {
		for _, args := range []string{"shop.test", "'*.shop.test'", "www.shop.test --redirect", "web.test/shop --strip"} {
			h.Sh(t, "nexushub hosts add shop "+args)
		}
		h.wantHost(t, "https://shop.test/x", "shop shop.test /x")
		h.wantHost(t, "https://any.shop.test/x", "shop any.shop.test /x")
		h.wantHost(t, "https://web.test/shop/x", "shop web.test /x /shop")
		h.wantHost(t, "https://www.shop.test/x", "308 https://shop."+domain+"/x")
		if after := h.Identity(t, unit); after != before {
			t.Errorf("it was restarted: %s, before %s", after, before)
		}
		h.Sh(t, "nexushub hosts add shop shop.test --first")
		h.wantHost(t, "https://www.shop.test/x", "308 https://shop.test/x")
		env := h.Must(t, "systemctl", "show", "-p", "Environment", h.AwaitUnit(t, "shop"))
		if !strings.Contains(env, "NEXUSHUB_HOST=shop.test") {
			t.Errorf("its host is another: %s", env)
		}
	})
	for args, says := range map[string]string{
		"add shop web.test":        "host name web.test is taken by application web",
		"add shop login." + domain: "taken by NexusHub itself",
		"remove shop shop.test":    "hosts add --first shop HOST",
		"add shop https://a.test":  "without https://",
		"add shop *.web.test":      "taken by application web",
		"add shop web.test/docs":   "web.test/docs is taken by application docs",
		"remove shop nobody.test":  "no host nobody.test",
		"add shop a.test --strip":  "needs a path",
	} {
		if out, err := h.TrySh(t, "set -f; ! nexushub hosts "+args+" 2>&1"); err != nil || !strings.Contains(out, says) {
			t.Errorf("hosts %s: %v, %s", args, err, out)
		}
	}
	names := h.Must(t, "nexushub", "hosts", "list", "shop")
	h.Sh(t, "echo more >/srv/shop/more.txt; nexushub deploy -q /srv/shop; nexushub rollback shop; systemctl restart nexushubd nexushub-proxy")
	lab.Within(t, soon, "the names are those of before", func() error {
		now, err := h.Try(t, "nexushub", "hosts", "list", "shop")
		return lab.Unless(err == nil && now == names, "%v: %s\nwant %s", err, now, names)
	})
	h.AwaitServed(t, "https://shop."+domain+port+"/")
	h.wantHost(t, "https://shop.test/x", "shop shop.test /x")
	h.Sh(t, "nexushub hosts remove shop '*.shop.test'")
	h.wantHost(t, "https://shop.test/", "421", "-H", "Host: any.shop.test")
	h.Must(t, "nexushub", "access", "shop", "areas")
	h.wantHost(t, "https://web.test/shop/x", "404")
	if out := h.Sh(t, "nexushub status shop"); !strings.Contains(out, "below a path") {
		t.Errorf("status says nothing of the path that is not served:\n%s", out)
	}
	h.Must(t, "nexushub", "remove", "--yes", "shop")
	h.wantHost(t, "https://web.test/shop/x", "web web.test /shop/x")
}
