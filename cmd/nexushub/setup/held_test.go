package setup

import (
	"slices"
	"testing"

	"github.com/nexushub/nexushub/api"
)

func TestHeld(t *testing.T) {
	app := func(id string, hosts ...string) (a api.App) {
		a.ID, a.Name = id, id
		for _, h := range hosts {
			a.Hosts = append(a.Hosts, api.AppHost{Host: h})
		}
		return a
	}
	got := Held([]api.App{
		app("console", "admin.example.org"),
		app("shop", "shop.example.org", "admin.example.org"),
		app("docs", "internal.example.org/docs"),
		app("blog", "*.example.org", "admin.example.net", "admin.blog.example.org", "badmin.example.org"),
	}, "example.org", "console")
	const is = ", where the API of this host is with the domain example.org: take it away: nexushub hosts remove "
	want := []string{
		"application shop has admin.example.org" + is + "shop admin.example.org",
		"application docs has internal.example.org/docs" + is + "docs internal.example.org/docs",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
