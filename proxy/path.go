package proxy

import "strings"

// area is the part of an instance's path space that decides who may go there.
type area uint8

const (
	areaOther area = iota
	areaPublic
	areaAPI
	areaInternal
	areaDebug       // /debug/application, and what describes it
	areaLogin       // /public/login, /public/logout
	areaSetToken    // /api/set_token
	areaAccessToken // /api/access_token
	areaProxy       // /.well-known/nexushub and ACME's: the proxy answers for the host, whatever its application
	areaFormat      // /api.EXT, /internal.EXT: some routers read EXT as the format that is asked for
)

// logoutPath is where the login application ends a session.
const logoutPath = "/public/logout"

// areaOf classifies a path, or says in words why it can be read in more than one way, one of
// which may lie in another area, and how to write it instead. It holds for applications with
// areas; where no path is special, paths need not be asked.
func areaOf(p string) (a area, doubt string) {
	a = plainArea(p)
	reading := p
	if !isUnambiguous(p) {
		if reading, doubt = readLeniently(p); doubt != "" {
			return a, "The path can be read in more than one way, because of " + doubt +
				". Write the path without it; only the query may contain any character."
		}
	}
	reading = strings.ToLower(strings.TrimSuffix(reading, "/"))
	if plainArea(reading) != a {
		name := guardedName(reading, p)
		return a, "The path is written so that an application could take it for " + name +
			", which has rules of its own. Write it as " + name + ", or choose another name."
	}
	return a, ""
}

// guardedName is the name of the area that one of the paths is in.
func guardedName(paths ...string) string {
	for _, p := range paths {
		for _, name := range []string{"/api/set_token", "/api/access_token", "/api", "/public/login", "/public/logout",
			"/public", "/internal", "/debug/application"} {
			if under(p, name) || isFormat(p, name) {
				return name
			}
		}
	}
	return "a path under /api, /internal or /public"
}

func plainArea(p string) area {
	switch {
	case p == "/api/set_token":
		return areaSetToken
	case p == "/api/access_token":
		return areaAccessToken
	case under(p, "/api"):
		return areaAPI
	case under(p, "/public/login"), under(p, logoutPath):
		return areaLogin
	case under(p, "/public"):
		return areaPublic
	case under(p, "/internal"):
		return areaInternal
	case under(p, "/debug/application"), p == "/debug/openapi.json":
		return areaDebug
	case isWellKnown(p):
		return areaProxy
	case isFormat(p, "/api"), isFormat(p, "/internal"):
		return areaFormat
	}
	return areaOther
}

// isWellKnown also takes a reading, which has no dots around names.
func isWellKnown(p string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(strings.TrimPrefix(p, "/"), "."), "well-known")
	return ok && strings.HasPrefix(p, "/") && (under(rest, "/nexushub") || under(rest, "/acme-challenge"))
}

// under says that p is dir or lies below it.
func under(p, dir string) bool {
	return strings.HasPrefix(p, dir) && (len(p) == len(dir) || p[len(dir)] == '/')
}

func isFormat(p, dir string) bool {
	rest, ok := strings.CutPrefix(p, dir+".")
	return ok && !strings.Contains(rest, "/")
}
