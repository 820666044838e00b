package config

import (
	"slices"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/nexushub/nexushub/internal/hostname"
)

func TestHosts(t *testing.T) {
	dir, _ := unpack(t, txtar.Parse([]byte(`
-- nexushub.toml --
-- site/index.html --
-- apps.d/shop.toml --
instance_id = "1f0c9b3e-7d55-4a0e-9f0e-0c5d1a2b3c4d"
host_name = "Shop.Example.org/de/"
hosts = ["*.shop.example.org", "example.org/shop"]
aliases = ["www.shop.example.org:443", "example.org/store"]
strip_prefix = true
static_path = "site"
`)))
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []hostname.Host{
		{Name: "shop.example.org", Prefix: "/de", Strip: true},
		{Name: "*.shop.example.org"},
		{Name: "example.org", Prefix: "/shop", Strip: true},
		{Name: "www.shop.example.org", Redirect: true},
		{Name: "example.org", Prefix: "/store", Redirect: true},
	}
	if app := c.Apps[0]; app.HostName != "shop.example.org" || !slices.Equal(app.Hosts, want) {
		t.Errorf("%q %+v", app.HostName, app.Hosts)
	}
}
