package proxy

import "strings"

// methodName spares an allocation for the methods of every day.
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
	if len(authorization) <= len(scheme) || !strings.EqualFold(authorization[:len(scheme)], scheme) || strings.IndexByte(" \t", authorization[len(scheme)]) < 0 {
		return ""
	}
	return strings.TrimSpace(authorization[len(scheme):])
}
