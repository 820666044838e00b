package proxy

import "strings"

// request is what the routing rules need to know of a request, whatever protocol it
// came by.
type request struct {
	method         string
	requestURI     string // as received: path and query
	path           string // target up to '?'
	authority      string // Host or :authority as received
	sni            string
	bearer         string // of Authorization: Bearer
	applicationID  string // X-Application-Id
	upgrade        string // protocol asked for
	refreshCookies int    // cookies YRT
	signsOut       string // value of the cookie YRT of a request to log out
	entry          string // value of the entry cookie, see private.go
	foreignSite    bool   // Sec-Fetch-Site says that a page of another origin has it sent
	foreignOrigin  bool   // ... or Origin
	toldSite       bool   // Sec-Fetch-Site is there
	worker         bool   // it is for the script of a service worker
	plain          bool   // came without TLS
	plainOnTLS     bool   // ... to the port of TLS
	authorized     bool   // has Authorization
}

// addCookies counts the refresh cookies of a Cookie header, and keeps the one of a request to
// log out.
func addCookies[T []byte | string](r *request, value T) {
	n, last := refreshesIn(value)
	r.refreshCookies += n
	if n > 0 && under(r.path, logoutPath) {
		r.signsOut = string(last)
	}
	if v := entryIn(value); v != nil {
		r.entry = string(v)
	}
}

// methodName spares an allocation for common methods.
func methodName(b []byte) string {
	switch string(b) {
	case "GET":
		return "GET"
	case "HEAD":
		return "HEAD"
	case "POST":
		return "POST"
	case "PUT":
		return "PUT"
	case "DELETE":
		return "DELETE"
	case "PATCH":
		return "PATCH"
	case "OPTIONS":
		return "OPTIONS"
	}
	return string(b)
}

func pathOf(target string) string {
	path, _, _ := strings.Cut(target, "?")
	return path
}

// bearerOf returns the token of "Bearer TOKEN", or nothing.
func bearerOf(authorization string) string {
	const scheme = "bearer"
	if len(authorization) <= len(scheme) || !strings.EqualFold(authorization[:len(scheme)], scheme) ||
		strings.IndexByte(" \t", authorization[len(scheme)]) < 0 {
		return ""
	}
	return strings.TrimSpace(authorization[len(scheme):])
}
