package proxy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"testing"
)

// foreign are values of Set-Cookie that some browser or server takes for the refresh cookie.
var foreign = []string{
	"YRT=x", "YRT=x; Path=/; Domain=yesterday.localhost", "YRT", "YRT=", "YRT;", "YRT =x", "YRT\t=x", "=YRT=x",
	" = YRT=x", "==YRT=x", "=YRT", `"YRT"=x`, `YRT="x"`, "yrt=x", "Yrt=x",
	"a=b, YRT=x", "a=b,YRT=x; Path=/", "a=b; YRT=x", "\xa0YRT=x", "YRT\u0085=x", "\ufeffYRT=x", "a=b;, =YRT=x",
	"%59RT=x", "Y%52%54=x; Path=/", "%20YRT=x", "YRT%20=x", "YRT%3D=x", "YRT%00a=x", "YRT[]=x", "YRT[a]=x",
	"%59RT%5B%5D=x", "%zYRT, %79rt=x",
}

// own are values that an application may set.
var own = []string{"a=b", "YRTX=1", "XYRT=1", "__Host-YRT=1", "a=YRT", "session=YRT%3Dx; Path=/; HttpOnly", "YRT_x=1",
	"YRT.x=1", "=a", "a", "party=1", "%2559RT=1", "a%59RT=1", "a[YRT]=1"}

func TestForeignCookies(t *testing.T) {
	for _, v := range foreign {
		if !resemblesRefresh([]byte(v)) {
			t.Errorf("%q passes", v)
		}
	}
	for _, v := range own {
		if resemblesRefresh([]byte(v)) {
			t.Errorf("%q does not pass", v)
		}
	}
}

func TestOwnData(t *testing.T) {
	for value, want := range map[string]string{
		`"cookies"`: "", `"cache", "cookies", "storage"`: `"cache", "storage"`, `"*"`: `"cache", "storage"`,
		`"COOKIES"`: "", `cookies`: "", `"cache"`: `"cache"`, "": "",
		`"executionContexts",,`: `"executionContexts"`,
	} {
		if got := string(ownData([]byte(value))); got != want {
			t.Errorf("%s became %s, want %s", value, got, want)
		}
	}
}

// stored is what a browser sends back for a Set-Cookie header (RFC 6265bis section 5.6).
func stored(set string) (pair string, ok bool) {
	for i := range len(set) {
		if set[i] < ' ' && set[i] != '\t' || set[i] == 0x7f {
			return "", false
		}
	}
	set, _, _ = strings.Cut(set, ";")
	name, value, has := strings.Cut(set, "=")
	if !has {
		name, value = "", set
	}
	name, value = strings.Trim(name, " \t"), strings.Trim(value, " \t")
	if name == "" {
		return value, value != ""
	}
	return name + "=" + value, true
}

func FuzzForeignCookie(f *testing.F) {
	for _, v := range slices.Concat(foreign, own) {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, set string) {
		pair, ok := stored(set)
		if !ok || resemblesRefresh([]byte(set)) {
			return
		}
		if n, _ := refreshesIn(pair); n > 0 || isRefresh([]byte(pair)) {
			t.Errorf("%q passes, and browsers send %q", set, pair)
		}
		r := http.Request{Header: http.Header{"Cookie": {pair}}}
		if _, err := r.Cookie(refreshCookie); err == nil {
			t.Errorf("%q passes, and net/http reads YRT in %q", set, pair)
		}
	})
}

// setsEverything sets the refresh cookie in every way that a response has.
func setsEverything(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Set-Cookie"] = []string{"YRT=x; Path=/", "mine=1", "=YRT=x"}
	w.WriteHeader(http.StatusEarlyHints)
	h["Set-Cookie2"] = []string{"YRT=x"}
	h.Set("Clear-Site-Data", `"cookies", "cache"`)
	h.Set("Trailer", "Set-Cookie, X-Sum")
	io.WriteString(w, "ok")
	h["Set-Cookie"], h["X-Sum"] = []string{"YRT=x"}, []string{"1"}
}

func TestOnlyLoginSetsTheRefreshCookie(t *testing.T) {
	f := start(t)
	h := http.HandlerFunc(setsEverything)
	app, login := appRoute(t, h), routeTo(t, loginID, "login.yesterday.localhost", h)
	dev, service := routeTo(t, "dev", "dev.yesterday.localhost", h),
		routeTo(t, "service", "service.yesterday.localhost", h)
	dev.DevServer, service.StaticService = dev.Target.Address, "http://"+service.Target.Address
	f.apply(table(app, login, dev, service))
	both(t, f, func(t *testing.T, c *http.Client) {
		for url, want := range map[string]int{appHost + "/x": 1, appHost + "/public/x": 1,
			"dev.yesterday.localhost/x": 1, "service.yesterday.localhost/x": 1, appHost + "/public/login": 3,
			"login.yesterday.localhost/public/x": 3} {
			early := 0
			trace := &httptrace.ClientTrace{Got1xxResponse: func(_ int,
				h textproto.MIMEHeader) error {
				early += len(h["Set-Cookie"])
				return nil
			}}
			r := httptest.NewRequest("GET", "https://"+url,
				nil).WithContext(httptrace.WithClientTrace(t.Context(), trace))
			r.RequestURI = ""
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body(t, resp)
			clear := map[int]string{1: `"cache"`, 3: `"cookies", "cache"`}[want]
			if len(resp.Header["Set-Cookie"]) != want || early != want || resp.Header.Get("Clear-Site-Data") != clear ||
				(want == 1 && resp.Header["Set-Cookie2"] != nil) {
				t.Errorf("%s: %d early, %v", url, early, resp.Header)
			}
			if len(resp.Trailer["Set-Cookie"]) > 0 || resp.Trailer.Get("X-Sum") != "1" {
				t.Errorf("%s: trailers %v", url, resp.Trailer)
			}
		}
	})
}

// TestOneRefreshCookie: of two, one may have been set by somebody else; neither counts.
func TestOneRefreshCookie(t *testing.T) {
	f := start(t)
	var seen []string
	login := routeTo(t, loginID, "login.yesterday.localhost",
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen = append(seen, strings.Join(r.Header["Cookie"], "|"))
			w.WriteHeader(401)
		}))
	f.apply(table(login, appRoute(t, http.NotFoundHandler())))
	both(t, f, func(t *testing.T, c *http.Client) {
		ask := func(method, path string, cookies ...string) *http.Response {
			r, _ := http.NewRequest(method, "https://"+appHost+path, nil)
			r.Header["Cookie"] = cookies
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			return resp
		}
		for _, cookies := range [][]string{{"YRT=a; YRT=b"}, {"YRT=a", "YRT=b"}, {"YRT=a; x=y; YRT=a"}, {"YRT=a; YRT"},
			{"YRT =a; YRT=b"}} {
			seen = nil
			resp := ask("POST", "/api/access_token", cookies...)
			if text := body(t, resp); !strings.Contains(text, "login_url") || len(seen) > 0 {
				t.Errorf("%q: %s %s, login saw %q", cookies, resp.Status, text, seen)
			}
			for _, want := range []string{"YRT=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None",
				"YRT=; Path=/; Domain=" + appHost + "; Max-Age=0; HttpOnly; Secure; SameSite=None",
				"YRT=; Path=/api; Domain=yesterday.localhost; Max-Age=0; HttpOnly; Secure; SameSite=None"} {
				if !slices.Contains(resp.Header["Set-Cookie"], want) {
					t.Errorf("%q: no %q in %q", cookies, want, resp.Header["Set-Cookie"])
				}
			}
			ask("GET", "/public/login", append(cookies, "a=b")...).Body.Close()
			if len(seen) != 1 || strings.Contains(seen[0], "YRT") || !strings.Contains(seen[0], "a=b") {
				t.Errorf("%q: login sees %q", cookies, seen)
			}
		}
		seen = nil
		ask("GET", "/public/login", "a=b; YRT=1; yrt=2; \"YRT\"=3; %59RT=4; YRT[]=5; p=100%").Body.Close()
		if len(seen) != 1 || seen[0] != "a=b; YRT=1; p=100%" {
			t.Errorf("login sees %q", seen)
		}
	})
}

// TestLoginWithFilesGetsItsCookie: where there is no file, the login application is asked, and
// its cookie is its own there, too.
func TestLoginWithFilesGetsItsCookie(t *testing.T) {
	f := start(t)
	cookie := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, strings.Join(r.Header["Cookie"], "|"))
	})
	login, app := routeTo(t, loginID, "login.yesterday.localhost", cookie), appRoute(t, cookie)
	login.StaticDir, login.ProxyAll, app.StaticDir, app.ProxyAll = t.TempDir(), true, t.TempDir(), true
	f.apply(table(login, app))
	both(t, f, func(t *testing.T, c *http.Client) {
		for host, want := range map[string]string{"login.yesterday.localhost": "a=b; YRT=1", appHost: "a=b"} {
			r, _ := http.NewRequest("GET", "https://"+host+"/account", nil)
			r.Header.Set("Cookie", "a=b; YRT=1")
			resp, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			if got := body(t, resp); got != want {
				t.Errorf("%s sees %q, want %q", host, got, want)
			}
		}
	})
}
