package proxy

import (
	"net/url"
	"path"
	"strings"
)

// area is the part of an instance's path space that decides who may go there.
type area uint8

const (
	areaOther area = iota
	areaPublic
	areaAPI
	areaInternal
	areaDebug // /debug/application
	areaLogin // /public/login, /public/logout
)

// areaOf classifies a path. Applications may decode, fold case or clean a path
// before they route by it, so a path whose most suspicious reading lies in another
// area than its plain one is ambiguous and must be refused.
func areaOf(p string) (a area, ambiguous bool) {
	a = plainArea(p)
	if !suspicious(p) {
		return a, false
	}
	worst, ok := worstPath(p)
	return a, !ok || plainArea(worst) != a
}

func plainArea(p string) area {
	switch {
	case under(p, "/api"):
		return areaAPI
	case under(p, "/public/login"), under(p, "/public/logout"):
		return areaLogin
	case under(p, "/public"):
		return areaPublic
	case under(p, "/internal"):
		return areaInternal
	case under(p, "/debug/application"):
		return areaDebug
	}
	return areaOther
}

// under says that p is dir or lies below it.
func under(p, dir string) bool {
	return strings.HasPrefix(p, dir) && (len(p) == len(dir) || p[len(dir)] == '/')
}

// suspicious says that p can be read in more than one way.
func suspicious(p string) bool {
	for i := range len(p) {
		switch c := p[i]; {
		case c == '%' || c == '\\' || c == ';' || (c >= 'A' && c <= 'Z'):
			return true
		case c == '/' && i+1 < len(p) && (p[i+1] == '/' || p[i+1] == '.'):
			return true
		}
	}
	return false
}

// worstPath reads p as the most obliging application would: decoded as often as that
// changes something, back slashes as slashes, without ;parameters, without case,
// cleaned. It fails when p holds a NUL or cannot be decoded.
func worstPath(p string) (string, bool) {
	d, err := url.PathUnescape(p)
	if err != nil {
		return "", false
	}
	for again, err := url.PathUnescape(d); err == nil && again != d; again, err = url.PathUnescape(d) {
		d = again
	}
	if strings.IndexByte(d, 0) >= 0 {
		return "", false
	}
	segments := strings.Split(strings.ReplaceAll(d, `\`, "/"), "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, ";")
	}
	return path.Clean(strings.ToLower(strings.Join(segments, "/"))), true
}
