package control

import (
	"testing"

	"github.com/nexushub/nexushub/api"
)

// The local authority certifies all names of a domain at once: what it stands in for is named.
func TestUncertified(t *testing.T) {
	host := func(name, why string) api.AppHost { return api.AppHost{Host: name, Uncertified: why} }
	apps := []api.App{
		{Hosts: []api.AppHost{host("a.example.org", ""), host("b.example.org", "too many"), host("b.example.org/docs", "too many")}},
		{Hosts: []api.AppHost{host("c.example.org", "too many"), host("x.example.net", "too many")}},
	}
	for host, want := range map[string]string{
		"*.example.org": "b.example.org, c.example.org: too many", "x.example.net": "x.example.net: too many",
		"a.example.org": "", "*.a.example.org": "", "example.org": "",
	} {
		if got := uncertified(apps, []string{host}); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}
