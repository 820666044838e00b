package agent

import (
	"errors"
	"maps"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/agent/release"
)

// installed notes that a release runs well under its app id: dynamic applications of
// that app id take it from there. Only debug applications count, which are there to try a
// release. A deployed one is an application of its own: who may deploy a name decides
// nothing about what the admin service lists under the same name. The caller holds mu.
func (a *Agent) installed(s *plan.AppState) {
	next := plan.Installed{Release: s.Release.Hash, By: s.Installer()}
	if s.Kind != plan.KindDebug || s.Release.Hash == "" ||
		a.desired.installed[s.AppID] == next {
		return
	}
	if err := a.admit(Admission{Kind: s.Kind, AppID: s.AppID, By: next.By}); err != nil {
		if i := a.observed.instance(s.ID); i.refused != next {
			i.refused = next
			a.log.Warn("dynamic application keeps its release", "app_id", s.AppID, "error", err)
		}
		return
	}
	a.desired.installed[s.AppID] = next
	a.saver.save(installedFile, maps.Clone(a.desired.installed))
	a.desired.version++
	a.requestResolve()
}

// takeInstalled gives a dynamic application what is installed under its app id.
func (r *resolved) takeInstalled(installed map[string]plan.Installed) {
	if r.Kind == plan.KindDynamic && r.Package == "" && r.Release == "" {
		in := installed[r.AppID]
		r.Release, r.InstalledBy, r.byAppID = in.Release, in.By, true
	}
}

// notInstalled is the problem of a dynamic application without a package. Where something
// runs it keeps running: that no package is known is no wish to stop it.
func (r *resolved) notInstalled(err error, runs bool) error {
	if !r.byAppID {
		return err
	}
	if errors.Is(err, release.ErrNotFound) {
		r.gone, r.Release, err = r.Release, "", nil
	}
	if r.Release == "" && runs {
		return errors.New(plan.NotInstalled(r.AppID))
	}
	return err
}

// forgetSwept forgets releases that are not there any more, as when they were swept while
// the admin application was not followed. The caller holds mu.
func (a *Agent) forgetSwept(list []resolved) {
	before := len(a.desired.installed)
	for _, r := range list {
		if r.gone != "" && a.desired.installed[r.AppID].Release == r.gone {
			delete(a.desired.installed, r.AppID)
			a.log.Warn("the release installed under an app id is gone and forgotten", "app_id", r.AppID, "release", r.gone)
		}
	}
	if len(a.desired.installed) != before {
		a.saver.save(installedFile, maps.Clone(a.desired.installed))
	}
}
