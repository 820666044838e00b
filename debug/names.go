package debug

import (
	"fmt"
	"strings"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/shell"
)

// admitName refuses a permanent application the name of one of another kind: commands would mean
// that one, or nobody would know which. Debug applications are free to share names.
func (s *Server) admitName(a application, o api.App) error {
	is := func(name string) bool { return strings.EqualFold(name, a.AppID) }
	switch {
	case s.o.Kind.replaces || o.ID == string(a.ID):
		return nil
	case o.Kind == plan.KindStatic && (is(o.Name) || is(o.AppID)):
		return fmt.Errorf("%q is an application of this host's configuration (%s): change its file in "+
			"/etc/nexushub/apps.d, or choose another name: %w",
			a.AppID, o.HostName, api.Conflict)
	case o.Kind == plan.KindDynamic && (is(o.Name) || is(o.AppID)):
		try := shell.Command("nexushub deploy --temporary --name="+shell.Quote(o.AppID), "FOLDER")
		return fmt.Errorf("%q is an application of the admin service (%s): %s installs a release for it; "+
			"or choose another name: %w", a.AppID, o.HostName, try, api.Conflict)
	case o.Kind == plan.KindDebug && is(o.AppID):
		return fmt.Errorf("%q is a debug application already (%s): %s makes it permanent, %s removes it: %w", a.AppID,
			o.HostName, shell.Command("nexushub keep", o.AppID), shell.Command("nexushub remove", o.AppID), api.Conflict)
	}
	return nil
}
