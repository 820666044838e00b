package debug

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/publicnet"
)

// admitService takes the static service that is asked for, if one is.
func (a *application) admitService(asked string, before application, by caller.Caller) error {
	if asked == "" {
		return nil
	}
	a.PublicService = onlyPublicService(asked, before, by)
	if !a.PublicService {
		return nil
	}
	return checkPublic(asked)
}

// onlyPublicService says that a static service must be at a public address: at others there are
// applications that are not granted, and what trusts whoever reaches it. Who has a role below
// operator names those alone, unless he leaves a URL as it is. Tokens of before have no role, and
// may what they always might.
func onlyPublicService(service string, before application, by caller.Caller) bool {
	switch {
	case by.Role == "" || by.Role.Includes(api.Operator):
		return false
	case service == before.StaticServiceURL:
		return before.PublicService
	}
	return true
}

// checkPublic refuses what is seen not to be public. Where a name leads, the proxy looks when it
// connects.
func checkPublic(service string) error {
	u, err := url.Parse(service)
	if err != nil {
		return err // checked before
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	addr, err := netip.ParseAddr(host)
	if err == nil && !publicnet.Has(addr) || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return fmt.Errorf("staticServiceUrl: %s is not a public address, and what is there needs the role %s to be named: "+
			"an operator deploys the application with it: %w", u.Host, api.Operator, api.Forbidden)
	}
	return nil
}
