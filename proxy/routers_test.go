package proxy

import (
	"net/url"
	"path"
	"strings"
)

// routers are the rules by which widely used servers and frameworks read a path before
// they look for the code that answers it. Where settings or versions differ there is a
// reading for each. No reading: the router refuses the path.
var routers = map[string]func(p string) []string{
	"go":      goMux,
	"express": express,
	"flask":   flask,
	"rails":   rails,
	"spring":  spring,
	"kestrel": kestrel,
	"nginx":   nginx,
	"tomcat":  tomcat,
	"php":     php,
	"node":    node,
}

// goMux: net/http.ServeMux matches the decoded path, and others clean it first.
func goMux(p string) []string {
	u, err := url.ParseRequestURI(p)
	if err != nil {
		return nil
	}
	return []string{u.Path, path.Clean(u.Path), path.Clean(u.EscapedPath())}
}

// express: path-to-regexp takes the path as it came, without case; serve-static and
// parameters decode it once, and fail on what is not UTF-8.
func express(p string) []string {
	p, _, _ = strings.Cut(p, "#")
	d, err := url.PathUnescape(p)
	if err != nil {
		return []string{p}
	}
	return []string{p, d, path.Clean(d), path.Clean(strings.ReplaceAll(d, `\`, "/"))}
}

// flask: WSGI decodes once, keeping bad escapes; Werkzeug merges slashes. CGI-like
// servers before it also drop what is behind a semicolon.
func flask(p string) []string {
	d := lenient(p)
	noParams, _, _ := strings.Cut(d, ";")
	return []string{d, merged(d), merged(noParams), merged(strings.TrimSpace(d))}
}

// rails: Journey merges slashes, drops the last one, then decodes; Rack's static files
// decode first and then clean.
func rails(p string) []string {
	d := lenient(strings.TrimSuffix(merged(p), "/"))
	return []string{d, merged(d), cleaned(lenient(p))}
}

// spring: UrlPathHelper drops parameters, decodes, merges slashes; newer versions parse
// into segments, decode each and drop its parameters.
func spring(p string) []string {
	dropped := lenient(withoutParams(p))
	parsed := withoutParams(lenient(p))
	return []string{merged(dropped), cleaned(dropped), merged(parsed), cleaned(parsed),
		strings.TrimSuffix(merged(dropped), "/")}
}

// kestrel decodes all but %2F, then removes dot segments; its routes have no case, and
// on Windows http.sys reads %uXXXX and folds full-width forms.
func kestrel(p string) []string {
	kept := lenient(strings.NewReplacer("%2f", "%252f", "%2F", "%252F").Replace(p))
	wide := strings.Map(narrow, percentU(lenient(p)))
	return []string{cleaned(kept), cleaned(strings.ReplaceAll(kept, `\`, "/")),
		cleaned(strings.ReplaceAll(wide, `\`, "/")), trimmed(kept)}
}

// nginx decodes once, merges slashes and removes dot segments.
func nginx(p string) []string {
	p, _, _ = strings.Cut(p, "#")
	return []string{cleaned(lenient(p))}
}

// tomcat drops parameters, decodes (with a setting also %2F and backslash), cleans.
func tomcat(p string) []string {
	d := lenient(withoutParams(p))
	return []string{cleaned(d), cleaned(strings.ReplaceAll(d, `\`, "/")), cleaned(withoutParams(d))}
}

// php: the built-in server decodes and cleans; frameworks cut and trim, and some read
// a plus sign as a space.
func php(p string) []string {
	d := lenient(p)
	beforeNUL, _, _ := strings.Cut(d, "\x00")
	return []string{cleaned(d), cleaned(beforeNUL), trimmed(d), trimmed(strings.ReplaceAll(d, "+", " "))}
}

// node: new URL(req.url, base) of WHATWG drops tabs and line ends, reads a backslash as
// a slash and encoded dots as dots, and a second slash at the beginning as a host.
func node(p string) []string {
	p = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(p)
	p, _, _ = strings.Cut(p, "#")
	if rest, ok := strings.CutPrefix(p, "//"); ok {
		_, rest, _ = strings.Cut(rest, "/")
		p = "/" + rest
	}
	dots := strings.NewReplacer("%2e", ".", "%2E", ".").Replace(p)
	resolved := path.Clean(dots)
	return []string{resolved, lenient(resolved)}
}

// lenient decodes once and keeps what is no escape.
func lenient(p string) string {
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		if p[i] == '%' && i+2 < len(p) && isHex(p[i+1]) && isHex(p[i+2]) {
			b.WriteByte(unhex(p[i+1])<<4 | unhex(p[i+2]))
			i += 2
			continue
		}
		b.WriteByte(p[i])
	}
	return b.String()
}

func merged(p string) string {
	for strings.Contains(p, "//") {
		p = strings.ReplaceAll(p, "//", "/")
	}
	return p
}

// cleaned keeps a slash at the end, as servers do.
func cleaned(p string) string { return path.Clean("/" + p) }

func withoutParams(p string) string {
	segments := strings.Split(p, "/")
	for i := range segments {
		segments[i], _, _ = strings.Cut(segments[i], ";")
	}
	return strings.Join(segments, "/")
}

// trimmed reads a path as file systems do that drop dots and spaces behind a name.
func trimmed(p string) string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		if s != "." && s != ".." {
			s = strings.TrimSpace(s)
			segments[i] = strings.TrimRight(s, ". ")
			if segments[i] == "" && strings.HasPrefix(s, "..") {
				segments[i] = ".."
			}
		}
	}
	return cleaned(strings.Join(segments, "/"))
}

func percentU(p string) string {
	return strings.NewReplacer("%u002e", ".", "%u002f", "/", "%u005c", `\`, "%uff0e", ".", "%uff0f",
		"/").Replace(strings.ToLower(p))
}

func narrow(r rune) rune {
	if r >= 0xff01 && r <= 0xff5e {
		return r - 0xff01 + '!'
	}
	return r
}
