package plan

import (
	"slices"
	"testing"

	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/proxyctl"
)

func TestHostsOfARoute(t *testing.T) {
	in := Instance{HostName: "x.org", Hosts: []hostname.Host{
		{Name: "x.org"}, {Name: "y.org"}, {Name: "*.x.org"}, {Name: "x.org", Prefix: "/a", Strip: true},
		{Name: "www.x.org", Redirect: true},
	}}
	for name, c := range map[string]struct {
		in    Instance
		taken map[string]string
		hosts []string
		sites []proxyctl.Site
	}{
		"one": {Instance{HostName: "x.org"}, nil, []string{"x.org"}, nil},
		"many": {in, nil, []string{"x.org", "y.org"}, []proxyctl.Site{{Name: "*.x.org"},
			{Name: "x.org", Prefix: "/a", Strip: true}, {Name: "www.x.org", RedirectTo: "x.org"}}},
		"some are somebody else's": {in, map[string]string{"y.org": "is taken", "x.org/a": "is taken"}, []string{"x.org"},
			[]proxyctl.Site{{Name: "*.x.org"}, {Name: "www.x.org", RedirectTo: "x.org"}}},
		"no alias leads to somebody else": {in, map[string]string{"x.org": "is taken"}, []string{"y.org"},
			[]proxyctl.Site{{Name: "*.x.org"}, {Name: "x.org", Prefix: "/a", Strip: true}}},
	} {
		var r proxyctl.Route
		c.in.Taken = c.taken
		if c.in.setHosts(&r); !slices.Equal(r.Hosts, c.hosts) || !slices.Equal(r.Sites, c.sites) {
			t.Errorf("%s: %q %+v", name, r.Hosts, r.Sites)
		}
	}
}

// Another host is no other revision, and who deploys an application names it.
func TestNameAndHosts(t *testing.T) {
	for want, in := range map[string]Instance{
		"shop":     {Kind: KindDeployed, AppID: "Shop", HostName: "www.example.org"},
		"trial":    {Kind: KindDeployed, UnitKind: KindDebug, AppID: "shop", HostName: "trial.d.org"},
		"web":      {Kind: KindStatic, AppID: "shop", HostName: "web.d.org"},
		"web-docs": {Kind: KindStatic, HostName: "web.d.org", Hosts: []hostname.Host{{Name: "web.d.org", Prefix: "/docs"}}},
	} {
		if got := in.Slug("d.org"); got != want {
			t.Errorf("%+v is %q, want %q", in, got, want)
		}
	}
}

// A folder that a package names, or that was recognised, may hold more than pages: ".env" is none.
func TestOnlyPagesOfANamedFolderAreServed(t *testing.T) {
	for folder, hides := range map[string]bool{"": false, ".": true, "dist": true} {
		s := AppState{Desired: &Desired{Instance: Instance{HostName: "x.org"}}}
		if s.Manifest.Static.Folder = folder; s.route().HideDots != hides {
			t.Errorf("folder %q: names that begin with a dot are hidden: %v", folder, !hides)
		}
	}
}
