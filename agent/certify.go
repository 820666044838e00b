package agent

import (
	"slices"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
)

// certify names the hosts that the proxy may ask an authority for. Of each that it may not, the
// log says so once. The caller holds mu.
func (a *Agent) certify(apps []plan.AppState) (names []string) {
	c := a.desired.config
	wanted := plan.CertNames(apps, c.Proxy.ACME)
	if !a.desired.partial[plan.KindDeployed] { // else names that are wanted would be forgotten
		in, refused := plan.Certify(a.desired.certified, wanted, c.Policy.ACME, time.Now())
		if !slices.Equal(in, a.desired.certified) {
			a.desired.certified = in
			a.saver.save(certifiedFile, in)
		}
		for _, r := range refused {
			if !slices.Contains(a.desired.uncertified, r.Name) {
				a.log.Warn(uncertified, "host", r.Name, "owner", r.Owner)
			}
		}
		a.desired.uncertified = namesOf(refused)
	}
	for _, name := range namesOf(wanted) {
		if slices.Contains(namesOf(a.desired.certified), name) {
			names = append(names, name)
		}
	}
	return names
}

func namesOf(list []plan.CertName) (names []string) {
	for _, c := range list {
		names = append(names, c.Name)
	}
	return names
}
