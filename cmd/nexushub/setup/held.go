package setup

import (
	"fmt"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/shell"
)

// Held names the applications that have what becomes the host of the API: they would be sent what
// is meant for it, tokens among it. The rest of admin.DOMAIN is the admin application's.
func Held(apps []api.App, domain, admin string) (problems []string) {
	for _, a := range apps {
		for _, is := range a.Hosts {
			h, err := hostname.ParseHost(is.Host)
			if err != nil || h.Name != "admin."+domain && h.Name != "internal."+domain || a.ID == admin {
				continue
			}
			problems = append(problems, fmt.Sprintf("application %s has %s, where the API of this host is with the domain %s: "+
				"take it away: %s", a.Name, h, domain, shell.Command("nexushub hosts remove", a.Name, h.String())))
		}
	}
	return problems
}
