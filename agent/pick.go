package agent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
)

// byMostExactName finds the application that a name means: by id, host name, slug or app id, the
// most exact first. Who deploys chooses the name. So deployed applications come after those
// of root and of the admin service, debug ones last, and none hides what comes before it; where
// a name matches two of one kind, or one of the admin service's and a deployed one, only the id or
// the whole host name tells them apart.
func byMostExactName(name string, desired []plan.Desired) (*plan.Desired, error) {
	host := hostname.ASCII(name)
	var ours, deployed, debug []*plan.Desired
	for i := range desired {
		d := &desired[i]
		switch {
		case strings.EqualFold(d.ID, name):
			return d, nil
		case d.Kind == plan.KindDeployed:
			deployed = append(deployed, d)
		case d.Kind == plan.KindDebug:
			debug = append(debug, d)
		default:
			ours = append(ours, d)
		}
	}
	for _, d := range ours {
		if d.Named(host) {
			return d, nil
		}
	}
	for _, key := range []func(*plan.Desired) string{
		func(d *plan.Desired) string { return d.Name },
		func(d *plan.Desired) string { return d.AppID },
	} {
		for _, d := range ours {
			if strings.EqualFold(key(d), name) {
				return unambiguous(name, d, deployed)
			}
		}
	}
	for _, d := range slices.Concat(deployed, debug) {
		if strings.Contains(name, ".") && d.Named(host) {
			return d, nil
		}
	}
	if found, err := byOneName(name, deployed); found != nil || err != nil {
		return found, err
	}
	return byOneName(name, debug)
}

// unambiguous: the admin service lists what it likes, also under the name of a deployed application
// that was there before. A secret set by that name must not go to either by chance.
func unambiguous(name string, d *plan.Desired, deployed []*plan.Desired) (*plan.Desired, error) {
	if d.Kind != plan.KindDynamic {
		return d, nil
	}
	return byOneName(name, append([]*plan.Desired{d}, deployed...))
}

func byOneName(name string, list []*plan.Desired) (found *plan.Desired, err error) {
	for _, d := range list {
		host := d.Named(hostname.ASCII(name))
		switch {
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
