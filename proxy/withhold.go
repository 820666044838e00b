package proxy

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/proxy/h1"
)

// elsewhere takes an absolute address apart as browsers do: into authority and path.
var elsewhere = regexp.MustCompile(`^[\x00-\x20]*(?i:https?:)?[/\\]{2,}(?:[^/\\?#]*@)?([^/\\?#]*)([^?#]*)`)

// withholdToken cuts off the refresh token with which the login application is about to send a
// browser to an open application. That this would be answered 404 is not enough: a service
// worker of the application sees the address before any request leaves the browser.
func (x *exchange) withholdToken(h *h1.Head) {
	for i := range h.Fields {
		if f := &h.Fields[i]; bytes.EqualFold(f.Name, []byte("Location")) {
			f.Value = x.snap.withoutToken(f.Value)
		}
	}
}

func (s *snapshot) withoutToken(location []byte) []byte {
	to := strings.ReplaceAll(string(location), "\t", "") // as browsers do
	parts := elsewhere.FindStringSubmatch(to)
	if parts == nil || openArea(parts[2]) != areaSetToken {
		return location
	}
	host, err := hostname.Parse(parts[1])
	if site := s.lookup(host); err == nil && (site == nil || !site.match(parts[2]).route.isOpen() ||
		site.match(parts[2]).route.private) {
		return location
	}
	return []byte(parts[0]) // without query
}
