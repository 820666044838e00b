package proxy

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/proxy/h1"
)

// refreshCookie holds the refresh token; only the login instance may see and set it.
// An application that could set it for the whole domain would log its visitors in as
// somebody else.
const refreshCookie = "YRT"

// mentions says that the name of the refresh cookie may be in a header, so that the
// others need no closer look.
func mentions[T []byte | string](value T) bool {
	for i := 0; i+len(refreshCookie) <= len(value); i++ {
		if value[i]|0x20 == 'y' && value[i+1]|0x20 == 'r' && value[i+2]|0x20 == 't' {
			return true
		}
	}
	return false
}

// isRefresh says that a browser takes a pair of a Cookie header for the refresh cookie.
func isRefresh(pair []byte) bool {
	name, _, _ := bytes.Cut(pair, []byte{'='})
	return string(bytes.Trim(name, " \t")) == refreshCookie
}

// resemblesRefresh says that some browser or server may take a cookie for the refresh
// cookie: without a name of its own (browsers send "=YRT=x" as "YRT=x"), behind a
// comma, in quotes, in other letters, encoded (PHP and Rack decode names), as a list
// (PHP reads "YRT[]" as YRT), with anything invisible around it.
func resemblesRefresh(cookie []byte) bool {
	if !mentions(cookie) && bytes.IndexByte(cookie, '%') < 0 {
		return false
	}
	for piece := range bytes.FieldsFuncSeq(cookie, func(r rune) bool { return r == ',' || r == ';' }) {
		name, _, _ := bytes.Cut(bytes.TrimLeftFunc(piece, aroundName), []byte{'='})
		if namesRefresh(name) {
			return true
		}
	}
	return false
}

func namesRefresh(name []byte) bool {
	if n, err := url.PathUnescape(string(name)); err == nil {
		name = bytes.TrimLeftFunc([]byte(n), aroundName)
	}
	if i := bytes.IndexAny(name, "[=\x00"); i >= 0 {
		name = name[:i]
	}
	return strings.EqualFold(string(bytes.TrimRightFunc(name, aroundName)), refreshCookie)
}

func aroundName(r rune) bool { return r <= ' ' || r >= 0x7f || r == '=' || r == '"' || r == '\'' }

// refreshesIn counts the refresh cookies in a Cookie header, and returns the value of the last.
func refreshesIn[T []byte | string](value T) (n int, last []byte) {
	if !mentions(value) {
		return 0, nil
	}
	for pair := range bytes.SplitSeq([]byte(value), []byte{';'}) {
		if isRefresh(pair) {
			_, last, _ = bytes.Cut(pair, []byte{'='})
			n++
		}
	}
	return n, bytes.Trim(last, " \t")
}

// appendCookie writes a Cookie header, without the refresh token unless the target is
// entitled to it. Of several, any may be the one that somebody else has set: none passes. Nor
// do the cookies of sticky and of private applications, which are between the browser and the proxy.
func (x *exchange) appendCookie(dst, value []byte) []byte {
	ours := x.decision.targets.stickiness()
	if !mentions(value) && bytes.IndexByte(value, '%') < 0 && !ours.mayName(value) && entryIn(value) == nil {
		return appendField(dst, []byte("Cookie"), value)
	}
	start := len(dst)
	dst = append(dst, "Cookie: "...)
	first := true
	for pair := range bytes.SplitSeq(value, []byte{';'}) {
		pair = bytes.Trim(pair, " \t")
		mayPass := x.decision.keepRefresh && x.req.refreshCookies == 1 && isRefresh(pair)
		if len(pair) == 0 || (!mayPass && resemblesRefresh(pair)) || ours.names(pair) || isEntry(pair) {
			continue
		}
		if !first {
			dst = append(dst, "; "...)
		}
		dst, first = append(dst, pair...), false
	}
	if first {
		return dst[:start]
	}
	return append(dst, "\r\n"...)
}

// forgetCookies has the browser drop every refresh cookie that it may have sent, so that
// one which somebody else has set does not keep its user out for ever.
func (x *exchange) forgetCookies(w http.ResponseWriter) {
	host := x.req.host()
	for _, domain := range append([]string{""}, x.snap.above(host)...) {
		for _, path := range []string{"/", "/api", "/api/", "/api/access_token"} {
			http.SetCookie(w, &http.Cookie{
				Name: refreshCookie, Path: path, Domain: domain, MaxAge: -1,
				HttpOnly: true, Secure: true, SameSite: http.SameSiteNoneMode,
			})
		}
	}
}

// above are the domains that a cookie for a host may be set for.
func (s *snapshot) above(host string) []string {
	list := []string{host}
	for rest := host; inDomain(rest, s.table.Domain) && rest != s.table.Domain; {
		_, rest, _ = strings.Cut(rest, ".")
		list = append(list, rest)
	}
	return list
}

// filterResponse takes out of a response what is the login application's alone to say.
func (x *exchange) filterResponse(h *h1.Head) {
	if x.decision.route != nil && x.decision.route == x.snap.login {
		x.withholdToken(h)
		return
	}
	for i := range h.Fields {
		if f := &h.Fields[i]; f.ID == h1.ClearSiteData {
			f.Value = ownData(f.Value)
		}
	}
	h.Fields = slices.DeleteFunc(h.Fields, func(f h1.Field) bool {
		switch f.ID {
		case h1.SetCookie:
			return resemblesRefresh(f.Value)
		case h1.ClearSiteData:
			return len(f.Value) == 0
		}
		return f.ID == h1.SetCookie2 // which nobody sends any more, and few read as the same
	})
}

// ownData leaves of a Clear-Site-Data header what is the application's own. "cookies"
// means those of the whole domain, the refresh cookies of all its hosts among them.
func ownData(value []byte) []byte {
	var kept []string
	for item := range strings.SplitSeq(string(value), ",") {
		switch item = strings.TrimSpace(item); {
		case strings.Contains(item, "*"):
			kept = append(kept, `"cache"`, `"storage"`)
		case item != "" && !strings.Contains(strings.ToLower(item), "cookies"):
			kept = append(kept, item)
		}
	}
	return []byte(strings.Join(kept, ", "))
}
