package control

import (
	"errors"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
)

// withBuilds tells of the builds that are under way, too. The agent knows an application from its first
// release on: before that, the build is all that there is.
type withBuilds struct {
	Applications
	building func() []api.App
}

// Apps are those of the agent and those that wait for their first release.
func (w withBuilds) Apps() []api.App {
	apps := w.Applications.Apps()
	for _, b := range w.building() {
		if at := slices.IndexFunc(apps, func(a api.App) bool { return a.ID == b.ID }); at >= 0 {
			apps[at].Building = b.Building
		} else {
			apps = append(apps, b)
		}
	}
	return apps
}

// App is one of them.
func (w withBuilds) App(ref string) (api.App, error) {
	app, err := w.Applications.App(ref)
	for _, b := range w.building() {
		if err == nil && b.ID == app.ID {
			app.Building = b.Building
		}
		if errors.Is(err, api.NotFound) && means(ref, b) {
			return b, nil
		}
	}
	return app, err
}

// means says whether ref is a name of an application that the agent does not know.
func means(ref string, b api.App) bool {
	return ref == b.ID || strings.EqualFold(ref, b.AppID) || ref == b.Name || hostname.ASCII(ref) == b.HostName
}
