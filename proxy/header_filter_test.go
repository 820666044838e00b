package proxy

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/proxy/accesstoken"
)

// echoHeaders answers with the request headers as JSON.
func echoHeaders(w http.ResponseWriter, r *http.Request) {
	r.Header.Set("Host", r.Host)
	w.Header().Set("Connection", "X-Hop")
	w.Header().Set("X-Hop", "1")
	w.Header().Set("X-Kept", "1")
	w.Header().Set("X-Trace-Id", "forged")
	json.NewEncoder(w).Encode(r.Header)
}

func TestHeaderFilter(t *testing.T) {
	f := start(t)
	f.apply(table(appRoute(t, http.HandlerFunc(echoHeaders)),
		routeTo(t, loginID, "login.yesterday.localhost", http.HandlerFunc(echoHeaders))))
	if err := f.server.grants.Grant("app-token", accesstoken.Issue{Instance: appID, Expires: farFuture}); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, path string
		send       map[string]string
		want       map[string]string // "" : must be absent
	}{
		{"identity is ours", "/x", map[string]string{
			"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil",
			"X-Forwarded-Port": "1", "Forwarded": "for=6.6.6.6",
			"X-Real-Ip": "6.6.6.6", "X-Nexushub-Access": "admin", "X-Nexushub-Other": "1", "X-Trace-Id": "mine",
		}, map[string]string{
			"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": appHost,
			"X-Forwarded-Port": "", "Forwarded": "",
			"X-Real-Ip": "", "X-Nexushub-Access": "", "X-Nexushub-Other": "", "Host": appHost,
		}},
		{"... under every name", "/x", map[string]string{
			"X-Forwarded-Scheme": "http", "X-Forwarded-Ssl": "off", "X-Forwarded-User": "root",
			"X-Forwarded-Client-Cert": "Subject=root", "X_Forwarded_Groups": "wheel", "X-Original-For": "6.6.6.6",
			"X-Original-Host": "evil",
			"Client-Ip":       "6.6.6.6", "True-Client-Ip": "6.6.6.6", "X-Client-Ip": "6.6.6.6",
			"X-Cluster-Client-Ip": "6.6.6.6", "Cf-Connecting-Ip": "6.6.6.6", "X-Remote-User": "root",
			"X-Url-Scheme": "http", "X-Forward": "1",
		}, map[string]string{
			"X-Forwarded-Scheme": "", "X-Forwarded-Ssl": "", "X-Forwarded-User": "", "X-Forwarded-Client-Cert": "",
			"X_Forwarded_Groups": "", "X_forwarded_groups": "", "X-Original-For": "", "X-Original-Host": "",
			"Client-Ip": "", "True-Client-Ip": "", "X-Client-Ip": "", "X-Cluster-Client-Ip": "", "Cf-Connecting-Ip": "",
			"X-Remote-User": "", "X-Url-Scheme": "", "X-Forward": "1",
		}},
		{"the path is in the request line alone", "/public/internal/x",
			map[string]string{"X-Original-Url": "/internal/x", "X-Rewrite-Url": "/internal/x",
				"X-Original-Uri":     "/internal/x",
				"X-Forwarded-Prefix": "/public", "X-Forwarded-Path": "/internal", "Script-Name": "/public",
				"SCRIPT_NAME": "/public", "Path_Info": "/internal/x", "X-Script-Name": "/public",
				"Request-Uri": "/internal", "X-Override-Url": "/internal", "X-Http-Destinationurl": "/internal",
				"X-Sendfile-Type": "X-Accel-Redirect", "X-Accel-Mapping": "/=/internal/"}, map[string]string{
				"X-Original-Url": "", "X-Rewrite-Url": "", "X-Original-Uri": "", "X-Forwarded-Prefix": "",
				"X-Forwarded-Path": "", "Script-Name": "", "SCRIPT_NAME": "", "Script_name": "", "Path_info": "",
				"Path_Info": "", "X-Script-Name": "",
				"Request-Uri": "", "X-Override-Url": "", "X-Http-Destinationurl": "", "X-Sendfile-Type": "",
				"X-Accel-Mapping": ""}},
		{"underscores are dashes", "/x", map[string]string{"X_Forwarded_For": "6.6.6.6", "X_NexusHub_Access": "admin"},
			map[string]string{"X_forwarded_for": "", "X_nexushub_access": "", "X_Forwarded_For": "",
				"X_NexusHub_Access": ""}},
		{"refresh token stays here", "/public/x", map[string]string{"Cookie": "a=b; YRT=refresh; c=d"},
			map[string]string{"Cookie": "a=b; c=d"}},
		{"only the refresh token", "/public/x", map[string]string{"Cookie": "YRT=refresh"},
			map[string]string{"Cookie": ""}},
		{"a cookie with a longer name", "/public/x", map[string]string{"Cookie": "XYRT=1; YRTX=2"},
			map[string]string{"Cookie": "XYRT=1; YRTX=2"}},
		{"login sees the refresh token", "/public/logout", map[string]string{"Cookie": "a=b; YRT=refresh"},
			map[string]string{"Cookie": "a=b; YRT=refresh"}},
		{"secret is hidden in public", "/public/x", map[string]string{"Authorization": "Bearer " + secret,
			"X-Internal-Secret": secret}, map[string]string{"Authorization": "", "X-Internal-Secret": ""}},
		{"secret is hidden elsewhere", "/x", map[string]string{"Authorization": "bearer  " + secret},
			map[string]string{"Authorization": ""}},
		{"secret is hidden behind a tab", "/x", map[string]string{"Authorization": "Bearer\t" + secret},
			map[string]string{"Authorization": ""}},
		{"secret passes in internal", "/internal/x", map[string]string{"Authorization": "Bearer " + secret,
			"X-Internal-Secret": secret},
			map[string]string{"Authorization": "Bearer " + secret, "X-Internal-Secret": secret}},
		{"token passes in api", "/api/x", map[string]string{"Authorization": "Bearer app-token",
			"X-Internal-Secret": "guess"},
			map[string]string{"Authorization": "Bearer app-token", "X-Internal-Secret": ""}},
		{"token is hidden elsewhere", "/x", map[string]string{"Authorization": "Bearer app-token"},
			map[string]string{"Authorization": ""}},
		{"the application's own authorization", "/x", map[string]string{"Authorization": "Basic dTpw"},
			map[string]string{"Authorization": "Basic dTpw"}},
		{"application id, entitled", "/api/x", map[string]string{"Authorization": "Bearer app-token",
			"X-Application-Id": appID}, map[string]string{"X-Application-Id": appID}},
		{"a proxy of the client's", "/x", map[string]string{"Proxy": "http://evil", "proxy": "http://evil",
			"PROXY": "http://evil"}, map[string]string{"Proxy": ""}},
		{"hop by hop", "/x", map[string]string{"Te": "gzip", "Keep-Alive": "1", "Proxy-Authorization": "x",
			"Proxy-Connection": "x"},
			map[string]string{"Te": "", "Keep-Alive": "", "Proxy-Authorization": "", "Proxy-Connection": ""}},
	}
	for _, c := range cases {
		for _, http2 := range []bool{false, true} {
			if http2 && c.send["Te"] != "" {
				continue // net/http's client refuses to send them
			}
			r, _ := http.NewRequest("GET", "https://"+appHost+c.path, nil)
			for k, v := range c.send {
				r.Header[k] = []string{v}
			}
			resp, err := f.http(http2).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			var got http.Header
			text := body(t, resp)
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatalf("%s: %s %q", c.name, resp.Status, text)
			}
			for k, want := range c.want {
				if s := strings.Join(got[k], "|"); s != want {
					t.Errorf("%s, http2 %v: %s is %q, want %q", c.name, http2, k, s, want)
				}
			}
			if len(got["X-Trace-Id"]) != 1 || got["X-Trace-Id"][0] != resp.Header.Get("X-Trace-Id") ||
				len(got["X-Trace-Id"][0]) != 36 {
				t.Errorf("%s: trace id %q, answered %q", c.name, got["X-Trace-Id"], resp.Header["X-Trace-Id"])
			}
			if resp.Header.Get("X-Hop") != "" || resp.Header.Get("X-Kept") == "" {
				t.Errorf("%s: response headers %v", c.name, resp.Header)
			}
		}
	}
}

func TestTrustedProxyIsBelieved(t *testing.T) {
	f := start(t, func(o *Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	f.apply(table(appRoute(t, http.HandlerFunc(echoHeaders))))
	for name, c := range map[string]struct{ send, want http.Header }{
		"all": {
			http.Header{"X-Forwarded-For": {"9.9.9.9"}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Host": {"outside"},
				"X-Forwarded-User": {"jane"}, "X-Nexushub-Access": {"admin"}},
			http.Header{"X-Forwarded-For": {"9.9.9.9, 127.0.0.1"}, "X-Forwarded-Proto": {"http"},
				"X-Forwarded-Host": {"outside"}, "X-Forwarded-User": {"jane"}, "X-Nexushub-Access": nil},
		},
		"a chain in two lines": {
			http.Header{"X-Forwarded-For": {"6.6.6.6", "9.9.9.9"}},
			http.Header{"X-Forwarded-For": {"6.6.6.6, 9.9.9.9, 127.0.0.1"}, "X-Forwarded-Proto": {"https"},
				"X-Forwarded-Host": {appHost}},
		},
		"nothing": {nil, http.Header{"X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-Proto": {"https"},
			"X-Forwarded-Host": {appHost}}},
	} {
		both(t, f, func(t *testing.T, client *http.Client) {
			r, _ := http.NewRequest("GET", "https://"+appHost+"/x", nil)
			r.Header = c.send.Clone()
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			var got http.Header
			if err := json.Unmarshal([]byte(body(t, resp)), &got); err != nil {
				t.Fatal(err)
			}
			for k, want := range c.want {
				if !slices.Equal(got[k], want) {
					t.Errorf("%s: %s is %q, want %q", name, k, got[k], want)
				}
			}
		})
	}
}
