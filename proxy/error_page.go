package proxy

import (
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/nexushub/nexushub/internal/problem"
)

// errorPage is an answer of our own: a page for people, problem details for
// programs, or the application's own page where it has one. It says little; the
// trace id leads to the log.
type errorPage struct {
	status int
	reason string
	x      *exchange
}

var page = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Status}} {{.Title}}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem;color:#222;background:#fff}
h1{font-size:1.4rem}code{color:#666;font-size:.85rem}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}}</style></head>
<body><h1>{{.Status}} {{.Title}}</h1><p>{{.Reason}}</p><p><code>{{.Trace}}</code></p></body></html>
`))

func (e errorPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Trace-ID", e.x.trace.String())
	h.Set("Cache-Control", "no-store")
	switch e.status {
	case 401:
		h.Set("WWW-Authenticate", "Bearer")
	case 405:
		h.Set("Allow", "GET, HEAD")
	case 503:
		h.Set("Retry-After", "2")
	}
	// A page in a sandbox has an origin of its own, so that no script of this host reads its address: on some paths
	// browsers bring a refresh token.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	h.Set("Referrer-Policy", "no-referrer")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		problem.Write(w, problem.Problem{
			Status: e.status, Title: e.title(), Detail: e.reason, Instance: "urn:uuid:" + e.x.trace.String(),
		})
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	if e.own(w) {
		return
	}
	w.WriteHeader(e.status)
	page.Execute(w, map[string]any{"Status": e.status, "Title": e.title(), "Reason": e.reason, "Trace": e.x.trace})
}

func (e errorPage) title() string {
	if e.status == 499 {
		return "Client Closed Request"
	}
	return http.StatusText(e.status)
}

// own answers with STATUS.html of the application's error pages, which may have scripts: never
// where the address may have a refresh token.
func (e errorPage) own(w http.ResponseWriter) bool {
	route := e.x.decision.route
	if route == nil || route.errors == nil || route.private && e.x.decision.who == nil ||
		openArea(e.x.req.path) == areaSetToken {
		return false
	}
	body, err := route.errors.ReadFile("/" + strconv.Itoa(e.status) + ".html")
	if err != nil {
		return false
	}
	w.Header().Del("Content-Security-Policy")
	w.Header().Del("Referrer-Policy")
	w.WriteHeader(e.status)
	w.Write(body)
	return true
}
