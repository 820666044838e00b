package main

import (
	"slices"
	"testing"

	"github.com/nexushub/nexushub/internal/certfile"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/hostname"
)

func TestUncoveredHosts(t *testing.T) {
	app := func(acme bool, names ...string) config.App {
		a := config.App{File: "a.toml", ACME: acme}
		for _, name := range names {
			h, err := hostname.ParseHost(name)
			if err != nil {
				t.Fatal(err)
			}
			a.Hosts = append(a.Hosts, h)
		}
		return a
	}
	own := []*certfile.Pair{{Hosts: []string{"x.org", "*.x.org"}}}
	const local = "no certificate of yours names it: it gets one of the local authority"
	for name, c := range map[string]struct {
		app   config.App
		pairs []*certfile.Pair
		want  []string
	}{
		"covered":           {app(false, "x.org", "*.x.org", "a.x.org", "x.org/docs"), own, nil},
		"local names":       {app(false, "a.localhost", "*.a.localhost"), own, nil},
		"no certificates":   {app(false, "y.org", "*.y.org"), nil, nil},
		"others":            {app(false, "y.org", "a.b.x.org", "*.a.x.org"), own, []string{"a.toml: *.a.x.org: " + local, "a.toml: a.b.x.org: " + local, "a.toml: y.org: " + local}},
		"ACME":              {app(true, "y.org", "a.y.org"), own, nil},
		"ACME and wildcard": {app(true, "y.org", "*.y.org"), nil, []string{"a.toml: *.y.org: no certificate of yours names it, and ACME certifies no wildcard: it gets one of the local authority"}},
	} {
		if got := uncovered([]config.App{c.app}, c.pairs); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
