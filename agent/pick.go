package agent

import (
	"fmt"
	"strings"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
)

// byMostExactName finds the application that a name means: by id, host name, slug or app id, the
// most exact first. Developers choose the names of debug applications. So these come
// last, and never hide an application of root's or of the admin service; where a name
// matches two of them, only the id or the whole host name tells them apart.
func byMostExactName(name string, desired []plan.Desired) (*plan.Desired, error) {
	host := hostname.ASCII(name)
	var ours, debug []*plan.Desired
	for i := range desired {
		d := &desired[i]
		switch {
		case strings.EqualFold(d.ID, name):
			return d, nil
		case d.Kind == plan.KindDebug:
			debug = append(debug, d)
		default:
			ours = append(ours, d)
		}
	}
	for _, d := range ours {
		if strings.EqualFold(d.HostName, host) {
			return d, nil
		}
	}
	for _, key := range []func(*plan.Desired) string{
		func(d *plan.Desired) string { return d.Name },
		func(d *plan.Desired) string { return d.AppID },
	} {
		for _, d := range ours {
			if strings.EqualFold(key(d), name) {
				return d, nil
			}
		}
	}
	return debugByName(name, debug)
}

func debugByName(name string, debug []*plan.Desired) (found *plan.Desired, err error) {
	for _, d := range debug {
		host := strings.EqualFold(d.HostName, hostname.ASCII(name))
		switch {
		case host && strings.Contains(name, "."):
			return d, nil
		case !host && !strings.EqualFold(d.Name, name) && !strings.EqualFold(d.AppID, name):
		case found != nil:
			err = fmt.Errorf("%q could be %s or %s: use its whole host name or its id: %w", name, found.HostName, d.HostName,
				api.Conflict)
		default:
			found = d
		}
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}
