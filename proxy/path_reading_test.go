package proxy

import (
	"strings"
	"testing"
)

// doubtful paths are refused. Some were let through once, others are of their kind.
var doubtful = []string{
	// decoded once and cleaned, they are in another area
	"/public/../internal/x/%252e%252e/%252e%252e/public", "/x/../internal/%252e%252e/y",
	"/public/%252e%252e/internal/x%25",
	// dot segments
	"/..", "/.", "/public/..", "/public/../internal", "/public/./x", "/./internal", "/public/%2e%2e/internal",
	"/public/.%2e/internal", "/public/%2E./internal",
	"/public/..;/internal", "/public/..;x=y/internal", "/.;x/internal", "/public/%2e%2e;/internal", "/public/...",
	"/public/.../internal", "/public/..%20/internal",
	"/public/%20../internal", "/public/..+/internal", "/public/..%3fx/internal", "/public/..%23/internal",
	"/public/..%c2%a0/internal",
	// empty segments
	"//", "//internal", "/public//internal", "/;/internal", "/;x/internal", "/%20/internal", "/%3fx/internal",
	"/public/%e2%80%8b/x", "/x//",
	// encoded: slash, backslash, dot, semicolon, percent sign
	"/public/..%2finternal", "/public%2F..%2Finternal", "/%2finternal", "/internal%2fx", "/public/%5c..%5cinternal",
	"/public/a%2eb", "/internal%2e", "/public/x%3b/y",
	"/internal%3bx", "/public/100%25", "/public/%2500", "/%252569nternal/x", "/%25", "/public/%252e%252e%252finternal",
	// backslash, bad escapes, control characters, bytes that are not UTF-8
	`/\internal`, `\internal`, `/public/..\internal`, `/public\..\internal`, "/%", "/%2", "/public/%zz",
	"/public/%u002e%u002e/internal", "/public/%c0%ae%c0%ae/internal",
	"/public/%c0%afinternal", "/public/%e0%80%ae", "/public/%ff", "/%ed%a0%80", "/public/%00", "/internal%00",
	"/internal%09", "/internal%0a", "/public/%0d%0ax", "/public/%7f",
	"/public/%c2%85", "/public/\x00", "/public/a b", "/public/\u00e9", "/in\tternal", "/internal\n",
	// full-width forms and other letters that fold to ASCII
	"/public/%EF%BC%8E%EF%BC%8E/internal", "/public/..%EF%BC%8Finternal", "/%EF%BC%8Finternal", "/%EF%BD%89nternal",
	"/%EF%BD%81%EF%BD%90%EF%BD%89/x", "/%EF%BC%A1PI", "/%C4%B1nternal", "/%C4%B0nternal",
	"/inte%E2%80%8Brnal", "/ap%C2%ADi", "/publ%C4%B1c/x",
	// other compatible forms: circled, mathematical, Roman, superscript; dots; with accents, in one letter and in two;
	// with a filler
	"/%E2%93%98nternal", "/%F0%9D%90%A2nternal/x", "/ap%E2%85%B0", "/%C2%AApi/x", "/i%E2%81%BFternal",
	"/interna%E2%84%93", "/public/%E2%80%A4%E2%80%A4/internal", "/public/%E2%80%A5/internal",
	"/public/%EF%B9%92%EF%B9%92/internal", "/%C3%A1pi", "/a%CC%81pi", "/api%E3%85%A4/x",
	"/%F0%9D%93%AA%F0%9D%93%B9%F0%9D%93%B2/x",
	// guarded names in disguise
	"/INTERNAL/x", "/Internal", "/API", "/Api/x", "/aPI", "/Public/x", "/public/Login", "/public/LOGOUT/x",
	"/api/SET_TOKEN", "/api/set_token/", "/api/access_token/", "/api/Access_Token",
	"/%69nternal/x", "/internal;x/y", "/internal;v=1", "/api;/x", "/api;", "/public/login;x", "/public;x/login",
	"/api/set_token;x", "/internal.", "/internal./x", "/api./x", "/internal%20",
	"/internal%20/x", "/%20internal", "/api+", "/internal+/x", "/internal%3f", "/internal%3fx/y", "/api%23/x",
	"/public/login%3fx", "/api/%73et_token", "/debug/%61pplication",
	"/Debug/application", "/debug/application;x/y", "/.internal", "/.api/x", "/%61pi.json", "/API.json",
	"/Internal.xml",
	"/.Well-Known/acme-challenge/x", "/.well-known/%61cme-challenge/x", "/.well-known/nexushub;x/y",
	// no path at all
	"", "*", "internal", "http://x/internal", "x/../internal", "?", "%2finternal",
}

// certain are everyday paths, with their area.
var certain = map[string]area{
	"/": areaOther, "/index.html": areaOther, "/a/b/": areaOther, "/users/jane.doe": areaOther,
	"/.well-known/acme-challenge/x-Y_z": areaProxy, "/.well-known/nexushub": areaProxy, "/.well-known/nexushubs": areaOther, "/.well-known/security.txt": areaOther,
	"/assets/index-BxYz12.js": areaOther, "/public/logo@2x.png": areaPublic, "/public/a%20b.pdf": areaPublic,
	"/public/a+b": areaPublic, "/c++": areaOther, "/+": areaOther,
	"/~user/x": areaOther, "/wiki/Foo_(bar)": areaOther, "/hi!": areaOther, "/a,b": areaOther, "/x:y": areaOther,
	"/@vite/client": areaOther, "/@fs/root/x.js": areaOther, "/node_modules/.vite/deps/a.js": areaOther,
	"/public/M%C3%BCller": areaPublic, "/%E6%97%A5%E6%9C%AC%E8%AA%9E/%EF%BC%88x%EF%BC%89": areaOther,
	"/public/AC%EF%BC%8FDC": areaPublic, "/%F0%9F%91%A8%E2%80%8D%F0%9F%91%A9": areaOther,
	"/public/a;b/c": areaPublic, "/public/a;b=c;d/e": areaPublic, "/x;jsessionid=1": areaOther, "/a%5B0%5D": areaOther,
	"/[id]/x": areaOther, "/a%3Ab%40c": areaOther, "/what%3F": areaOther, "/c%23": areaOther,
	"/%C3%A1pis": areaOther, "/caf%C3%A9/%E2%84%9D/%C2%BD": areaOther, "/a%3Db%26c%2Cd": areaOther,
	"/public/..x": areaPublic, "/public/x..": areaPublic, "/a..b/...c": areaOther, "/Dr./x": areaOther, "/public/%61": areaPublic, "/a%2Bb": areaOther, "/a|b^{c}\"<>`": areaOther,
	"/api": areaAPI, "/api/": areaAPI, "/api/x.json": areaAPI, "/api/v1/A%20b;c=d": areaAPI, "/apix": areaOther, "/api-docs": areaOther, "/API-docs": areaOther, "/apis/x": areaOther,
	"/api/set_token": areaSetToken, "/api/access_token": areaAccessToken, "/api/set_tokens": areaAPI, "/api/set_token/x": areaAPI,
	"/internal": areaInternal, "/internal/x": areaInternal, "/internals": areaOther, "/public": areaPublic, "/public/": areaPublic, "/publicity": areaOther,
	"/public/login": areaLogin, "/public/login/x.css": areaLogin, "/public/logout": areaLogin, "/public/logins": areaPublic, "/debug/application": areaDebug, "/debug/applications": areaOther,
	"/debug/openapi.json": areaDebug, "/debug/openapi.json/x": areaOther,
	"/api.json": areaFormat, "/internal.json;x": areaFormat, "/internal.html": areaFormat, "/api.v1/x": areaOther, "/public.css": areaOther, "/" + strings.Repeat("abcdefgh/", 800): areaOther,
	"/public/" + strings.Repeat("%C3%BC", 1000): areaPublic,
}

func TestPathsWithOneReading(t *testing.T) {
	for p, want := range certain {
		if a, doubt := areaOf(p); a != want || doubt != "" {
			t.Errorf("%.80q: area %d, want %d; doubt %q", p, a, want, doubt)
		}
	}
	for _, p := range doubtful {
		if a, doubt := areaOf(p); doubt == "" {
			t.Errorf("%q is taken for area %d", p, a)
		}
	}
}

// TestDoubtIsNamed: who is refused learns what to change.
func TestDoubtIsNamed(t *testing.T) {
	for p, want := range map[string]string{
		"/a%2Fb": "an encoded slash (%2F)", "/a/../b": "a dot segment", "/a//b": "an empty segment",
		"/%zz": "a percent sign without", `/a\b`: "a backslash",
		"/API": "Write it as /api,", "/API/v1/users": "Write it as /api,", "/Api.json": "Write it as /api,",
		"/%69nternal/x": "could take it for /internal,", "/Public/x": "Write it as /public,",
		"/public/Login": "Write it as /public/login,", "/api/SET_TOKEN": "Write it as /api/set_token,",
		"/api/set_token/": "Write it as /api/set_token,", "/Debug/application/x": "Write it as /debug/application,",
	} {
		d := testSnapshot(t).decide(&request{authority: "all.yesterday.localhost", path: p}, someGrants{})
		if d.status != 400 || !strings.Contains(d.reason, want) {
			t.Errorf("%s: %d %s", p, d.status, d.reason)
		}
	}
}

// readings are all that two routers behind each other can make of a path.
func readings(p string) map[string]string {
	all := map[string]string{}
	for one, first := range routers {
		for _, r := range first(p) {
			all[r] = one
			for two, second := range routers {
				for _, rr := range second(r) {
					all[rr] = one + ", then " + two
				}
			}
		}
	}
	return all
}

// checkReadings: what has one reading is in one area for every router, whether or not
// it minds case.
func checkReadings(t *testing.T, p string) {
	t.Helper()
	a, doubt := areaOf(p)
	if doubt != "" || a == areaFormat {
		return
	}
	for r, by := range readings(p) {
		if got := plainArea(strings.ToLower(strings.TrimSuffix(r, "/"))); got != a {
			t.Errorf("%q is in area %d, but %s reads it as %q, which is in area %d", p, a, by, r, got)
		}
	}
}

func FuzzReadings(f *testing.F) {
	for p := range certain {
		f.Add(p)
	}
	for _, p := range doubtful {
		f.Add(p)
	}
	f.Fuzz(checkReadings)
}

// TestRoutersAreDeceived makes sure that the routers above are the ones to fear: each
// leads at least one of the doubtful paths into a guarded area.
func TestRoutersAreDeceived(t *testing.T) {
	for name, router := range routers {
		deceived := 0
		for _, p := range doubtful {
			if under(p, "/internal") || under(p, "/api") {
				continue
			}
			for _, r := range router(p) {
				if r = strings.ToLower(r); under(r, "/internal") || under(r, "/api") {
					deceived++
				}
			}
		}
		if deceived == 0 {
			t.Errorf("%s sees through everything, so its rules here are not the real ones", name)
		}
	}
}
