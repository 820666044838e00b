package proxy

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
)

// malformed holds requests that are not, or not quite, HTTP/1.1, with the answer that
// each must get. H stands for a valid Host line. 0 means: no answer, just closed.
var malformed = []struct {
	name    string
	request string
	status  int
}{
	{"plain request", "GET / HTTP/1.1\r\nH\r\n\r\n", 200},
	{"empty line before", "\r\nGET / HTTP/1.1\r\nH\r\n\r\n", 200},
	{"HTTP/1.0 with host", "GET / HTTP/1.0\r\nH\r\n\r\n", 200},
	{"HTTP/1.0 without host", "GET / HTTP/1.0\r\n\r\n", 421},
	{"lower-case header names", "GET / HTTP/1.1\r\nhost: app.yesterday.localhost\r\n\r\n", 200},
	{"host in capitals with port", "GET / HTTP/1.1\r\nHost: APP.Yesterday.LOCALHOST:8443\r\n\r\n", 200},
	{"host with trailing dot", "GET / HTTP/1.1\r\nHost: app.yesterday.localhost.\r\n\r\n", 200},
	{"absolute form", "GET https://app.yesterday.localhost/x HTTP/1.1\r\nH\r\n\r\n", 200},
	{"unknown method", "BREW / HTTP/1.1\r\nH\r\n\r\n", 200},
	{"tab after the colon", "GET / HTTP/1.1\r\nH\r\nX-A:\tb\r\n\r\n", 200},
	{"empty header value", "GET / HTTP/1.1\r\nH\r\nX-A:\r\n\r\n", 200},
	{"obs-text in a value", "GET / HTTP/1.1\r\nH\r\nX-A: \xe9\r\n\r\n", 200},
	{"chunked body", "POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200},
	{"chunk extension", "POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n", 200},
	{"trailer", "POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", 200},
	{"coding in capitals", "POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", 200},

	{"bare LF after request line", "GET / HTTP/1.1\nH\r\n\r\n", 400},
	{"bare LF after header", "GET / HTTP/1.1\r\nH\nX-A: b\r\n\r\n", 400},
	{"bare LF at the end", "GET / HTTP/1.1\r\nH\r\n\n", 400},
	{"two bare LFs", "GET / HTTP/1.1\nHost: a\n\n", 400},
	{"bare CR in a value", "GET / HTTP/1.1\r\nH\r\nX-A: b\rc\r\n\r\n", 400},
	{"bare CR in the request line", "GET /\r HTTP/1.1\r\nH\r\n\r\n", 400},
	{"NUL in a value", "GET / HTTP/1.1\r\nH\r\nX-A: b\x00c\r\n\r\n", 400},
	{"NUL in a name", "GET / HTTP/1.1\r\nH\r\nX\x00A: b\r\n\r\n", 400},
	{"DEL in a value", "GET / HTTP/1.1\r\nH\r\nX-A: \x7f\r\n\r\n", 400},
	{"folded line, space", "GET / HTTP/1.1\r\nH\r\nX-A: b\r\n c\r\n\r\n", 400},
	{"folded line, tab", "GET / HTTP/1.1\r\nH\r\nX-A: b\r\n\tc\r\n\r\n", 400},
	{"first header line folded", "GET / HTTP/1.1\r\n H\r\n\r\n", 400},
	{"space before colon", "GET / HTTP/1.1\r\nHost : app.yesterday.localhost\r\n\r\n", 400},
	{"tab before colon", "GET / HTTP/1.1\r\nH\r\nContent-Length\t: 0\r\n\r\n", 400},
	{"no colon", "GET / HTTP/1.1\r\nH\r\nX-A\r\n\r\n", 400},
	{"empty name", "GET / HTTP/1.1\r\nH\r\n: b\r\n\r\n", 400},
	{"name with space", "GET / HTTP/1.1\r\nH\r\nX A: b\r\n\r\n", 400},
	{"name with bracket", "GET / HTTP/1.1\r\nH\r\nX(A): b\r\n\r\n", 400},
	{"name beyond ASCII", "GET / HTTP/1.1\r\nH\r\nX\xe9: b\r\n\r\n", 400},
	{"no host", "GET / HTTP/1.1\r\nX-A: b\r\n\r\n", 400},
	{"empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
	{"two hosts", "GET / HTTP/1.1\r\nH\r\nH\r\n\r\n", 400},
	{"host with space", "GET / HTTP/1.1\r\nHost: app.yesterday.localhost evil\r\n\r\n", 400},
	{"host with slash", "GET / HTTP/1.1\r\nHost: app.yesterday.localhost/x\r\n\r\n", 400},
	{"host with user", "GET / HTTP/1.1\r\nHost: a@app.yesterday.localhost\r\n\r\n", 400},
	{"host with comma", "GET / HTTP/1.1\r\nHost: app.yesterday.localhost,evil\r\n\r\n", 400},
	{"authority differs from host", "GET https://evil.yesterday.localhost/ HTTP/1.1\r\nH\r\n\r\n", 400},
	{"underscore in a framing name", "POST / HTTP/1.1\r\nH\r\nContent_Length: 3\r\n\r\nabc", 400},
	{"underscore in transfer coding", "POST / HTTP/1.1\r\nH\r\nTransfer_Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"unknown host", "GET / HTTP/1.1\r\nHost: nobody.yesterday.localhost\r\n\r\n", 421},
	{"IP address as host", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 421},

	{"no version", "GET /\r\nH\r\n\r\n", 400},
	{"two spaces before target", "GET  / HTTP/1.1\r\nH\r\n\r\n", 400},
	{"space in target", "GET /a b HTTP/1.1\r\nH\r\n\r\n", 400},
	{"trailing space", "GET / HTTP/1.1 \r\nH\r\n\r\n", 400},
	{"tab for space", "GET\t/ HTTP/1.1\r\nH\r\n\r\n", 400},
	{"leading space", " GET / HTTP/1.1\r\nH\r\n\r\n", 400},
	{"method with bad character", "G@T / HTTP/1.1\r\nH\r\n\r\n", 400},
	{"method too long", strings.Repeat("A", 40) + " / HTTP/1.1\r\nH\r\n\r\n", 400},
	{"version lower case", "GET / http/1.1\r\nH\r\n\r\n", 400},
	{"version HTTP/1.10", "GET / HTTP/1.10\r\nH\r\n\r\n", 400},
	{"version HTTP/1.2", "GET / HTTP/1.2\r\nH\r\n\r\n", 505},
	{"version HTTP/2.0", "GET / HTTP/2.0\r\nH\r\n\r\n", 505},
	{"version HTTP/0.9", "GET / HTTP/0.9\r\nH\r\n\r\n", 505},
	{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", 505},
	{"TLS inside TLS", "\x16\x03\x01\x02\x00\x01\r\n\r\n", 400},
	{"target with fragment", "GET /a#b HTTP/1.1\r\nH\r\n\r\n", 400},
	{"target beyond ASCII", "GET /\xe9 HTTP/1.1\r\nH\r\n\r\n", 400},
	{"target without slash", "GET a HTTP/1.1\r\nH\r\n\r\n", 400},
	{"asterisk", "GET * HTTP/1.1\r\nH\r\n\r\n", 400},
	{"other scheme", "GET ftp://app.yesterday.localhost/ HTTP/1.1\r\nH\r\n\r\n", 400},
	{"CONNECT", "CONNECT app.yesterday.localhost:443 HTTP/1.1\r\nH\r\n\r\n", 400},
	{"CONNECT with a path", "CONNECT /x HTTP/1.1\r\nH\r\n\r\n", 400},
	{"CONNECT with a URL", "CONNECT https://app.yesterday.localhost/x HTTP/1.1\r\nH\r\n\r\n", 400},
	{"CONNECT with an asterisk", "CONNECT * HTTP/1.1\r\nH\r\n\r\n", 400},
	{"CONNECT in HTTP/1.0", "CONNECT /x HTTP/1.0\r\nH\r\n\r\n", 400},
	{"connect in lower case", "connect /x HTTP/1.1\r\nH\r\n\r\n", 400},
	{"target too long", "GET /" + strings.Repeat("a", 20<<10) + " HTTP/1.1\r\nH\r\n\r\n", 414},
	{"too many headers", "GET / HTTP/1.1\r\nH\r\n" + strings.Repeat("A: b\r\n", 200) + "\r\n", 431},
	{"header too large", "GET / HTTP/1.1\r\nH\r\nX-A: " + strings.Repeat("a", 70<<10) + "\r\n\r\n", 431},

	{"length and coding", "POST / HTTP/1.1\r\nH\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		400},
	{"coding and length", "POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
		400},
	{"two lengths that differ", "POST / HTTP/1.1\r\nH\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
	{"two lengths that agree", "POST / HTTP/1.1\r\nH\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
	{"list of lengths", "POST / HTTP/1.1\r\nH\r\nContent-Length: 3, 3\r\n\r\nabc", 400},
	{"negative length", "POST / HTTP/1.1\r\nH\r\nContent-Length: -1\r\n\r\n", 400},
	{"length with plus", "POST / HTTP/1.1\r\nH\r\nContent-Length: +3\r\n\r\nabc", 400},
	{"length in hexadecimal", "POST / HTTP/1.1\r\nH\r\nContent-Length: 0x3\r\n\r\nabc", 400},
	{"length with space", "POST / HTTP/1.1\r\nH\r\nContent-Length: 1 2\r\n\r\nabc", 400},
	{"length overflows", "POST / HTTP/1.1\r\nH\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
	{"empty length", "POST / HTTP/1.1\r\nH\r\nContent-Length:\r\n\r\n", 400},
	{"other coding", "POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
	{"gzip, chunked", "POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
	{"chunked, identity", "POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501},
	{"coding twice",
		"POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"coding with vertical tab", "POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400},
	{"quoted coding", "POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 501},
	{"coding in HTTP/1.0", "POST / HTTP/1.0\r\nH\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
	{"other expectation", "POST / HTTP/1.1\r\nH\r\nExpect: magic\r\nContent-Length: 3\r\n\r\nabc", 417},
	{"Connection names length", "POST / HTTP/1.1\r\nH\r\nConnection: Content-Length\r\nContent-Length: 3\r\n\r\nabc",
		400},
	{"two authorizations", "GET / HTTP/1.1\r\nH\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 400},
	{"two application ids", "GET / HTTP/1.1\r\nH\r\nX-Application-Id: a\r\nX-Application-Id: b\r\n\r\n", 400},
	{"application id with underscores", "GET / HTTP/1.1\r\nH\r\nX_Application_Id: a\r\n\r\n", 400},
	{"Connection names authorization", "GET / HTTP/1.1\r\nH\r\nConnection: Authorization\r\n\r\n", 400},

	{"chunk size not hexadecimal", chunked("g\r\nabc\r\n0\r\n\r\n"), 400},
	{"chunk size with 0x", chunked("0x3\r\nabc\r\n0\r\n\r\n"), 400},
	{"chunk size negative", chunked("-3\r\nabc\r\n0\r\n\r\n"), 400},
	{"chunk size with space before", chunked(" 3\r\nabc\r\n0\r\n\r\n"), 400},
	{"chunk size with space after", chunked("3 \r\nabc\r\n0\r\n\r\n"), 400},
	{"chunk size overflows", chunked("ffffffffffffffff1\r\nabc\r\n0\r\n\r\n"), 400},
	{"chunk size empty", chunked("\r\nabc\r\n0\r\n\r\n"), 400},
	{"chunk size ends with LF", chunked("3\nabc\r\n0\r\n\r\n"), 400},
	{"chunk longer than its size", chunked("3\r\nabcd\r\n0\r\n\r\n"), 400},
	{"chunk ends with LF", chunked("3\r\nabc\n0\r\n\r\n"), 400},
	{"chunk extension with LF", chunked("3;a\nb\r\nabc\r\n0\r\n\r\n"), 400},
	{"chunk extension too long", chunked("3;" + strings.Repeat("a", 300) + "\r\nabc\r\n0\r\n\r\n"), 400},
	{"trailer that frames", chunked("3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n"), 400},
	{"trailer that authorizes", chunked("3\r\nabc\r\n0\r\nAuthorization: Bearer x\r\n\r\n"), 400},
	{"trailer with bare LF", chunked("3\r\nabc\r\n0\r\nX: 1\n\r\n"), 400},
	{"trailer folded", chunked("3\r\nabc\r\n0\r\nX: 1\r\n y\r\n\r\n"), 400},
	{"too many trailers", chunked("0\r\n" + strings.Repeat("A: b\r\n", 40) + "\r\n"), 400},

	{"dot segments out of public", "GET /public/../internal/x HTTP/1.1\r\nH\r\n\r\n", 400},
	{"encoded dot segments", "GET /public/%2e%2e/internal/x HTTP/1.1\r\nH\r\n\r\n", 400},
	{"encoded slash", "GET /public/..%2finternal/x HTTP/1.1\r\nH\r\n\r\n", 400},
	{"encoded letter", "GET /%69nternal/x HTTP/1.1\r\nH\r\n\r\n", 400},
	{"other case", "GET /INTERNAL/x HTTP/1.1\r\nH\r\n\r\n", 400},
	{"two slashes", "GET //internal/x HTTP/1.1\r\nH\r\n\r\n", 400},
	{"back slash", "GET /\\internal/x HTTP/1.1\r\nH\r\n\r\n", 400},
	{"path parameter", "GET /public/..;/internal/x HTTP/1.1\r\nH\r\n\r\n", 400},
	{"path parameter behind", "GET /internal;v=1/x HTTP/1.1\r\nH\r\n\r\n", 400},
	{"dot segments encoded twice", "GET /public/%252e%252e/internal/x HTTP/1.1\r\nH\r\n\r\n", 400},
	{"letter encoded three times", "GET /%252569nternal/x HTTP/1.1\r\nH\r\n\r\n", 400},
	{"NUL encoded twice", "GET /public/%2500 HTTP/1.1\r\nH\r\n\r\n", 400},
	{"percent encoded", "GET /public/100%25 HTTP/1.1\r\nH\r\n\r\n", 400},
	{"percent encoded in the query", "GET /public/x?a=/../%252e%2f HTTP/1.1\r\nH\r\n\r\n", 200},
	{"decoded once and cleaned", "GET /public/../internal/x/%252e%252e/%252e%252e/public HTTP/1.1\r\nH\r\n\r\n", 400},
	{"absolute form, disguised", "GET https://app.yesterday.localhost/x/../internal HTTP/1.1\r\nH\r\n\r\n", 400},
	{"absolute form, backslash", "GET https://app.yesterday.localhost\\internal HTTP/1.1\r\nH\r\n\r\n", 400},
	{"absolute form, no path", "GET https://app.yesterday.localhost?/internal HTTP/1.1\r\nH\r\n\r\n", 400},
	{"authority form", "GET app.yesterday.localhost:443 HTTP/1.1\r\nH\r\n\r\n", 400},
	{"asterisk form", "OPTIONS * HTTP/1.1\r\nH\r\n\r\n", 400},
	{"fragment", "GET /public/x#/../internal HTTP/1.1\r\nH\r\n\r\n", 400},
	{"NUL in path", "GET /public/%00 HTTP/1.1\r\nH\r\n\r\n", 400},
	{"bad escape", "GET /public/%zz HTTP/1.1\r\nH\r\n\r\n", 400},
}

func chunked(body string) string {
	return "POST / HTTP/1.1\r\nH\r\nTransfer-Encoding: chunked\r\n\r\n" + body
}

func TestMalformedRequests(t *testing.T) {
	if len(malformed) < 60 {
		t.Fatal("too few cases")
	}
	f := start(t, func(o *Options) { o.AccessLog = false })
	f.apply(table(appRoute(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
	}))))
	for _, c := range malformed {
		t.Run(c.name, func(t *testing.T) {
			f.t = t
			conn := f.dial(appHost)
			raw := strings.ReplaceAll(c.request, "\r\nH\r", "\r\nHost: "+appHost+"\r")
			raw = strings.ReplaceAll(raw, "\r\nH\n", "\r\nHost: "+appHost+"\n")
			raw = strings.ReplaceAll(raw, "\nH\r", "\nHost: "+appHost+"\r")
			go io.WriteString(conn, raw)
			r, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.StatusCode != c.status {
				t.Errorf("answered %d (%s), want %d", r.StatusCode, body(t, r), c.status)
			}
			if c.status >= 400 && c.status != 421 && r.Header.Get("X-Trace-Id") == "" {
				t.Error("the error has no trace id")
			}
		})
	}
	f.t = t
}
