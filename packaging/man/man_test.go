// Package man holds the manual pages. They are written by hand, and its tests keep
// them true: to the types of the configuration, to the help of the programs.
package man

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
)

// keys lists "table.key" for every leaf of a type that is read from TOML. Tables of
// the types in except are left out, for another page describes them.
func keys(t reflect.Type, prefix string, except ...reflect.Type) []string {
	var all []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		switch {
		case slices.Contains(except, f.Type) || name == "-":
		case f.Type.Kind() == reflect.Struct:
			all = append(all, keys(f.Type, prefix+name+".", except...)...)
		case f.Type.Kind() == reflect.Map && f.Type.Elem().Kind() == reflect.Struct:
			for member := range f.Type.Elem().Fields() { // a table in it is described where it first occurs
				key, _, _ := strings.Cut(member.Tag.Get("toml"), ",")
				all = append(all, prefix+name+".NAME."+key)
			}
		case f.Type.Kind() == reflect.Map:
			all = append(all, prefix+name+".NAME")
		default:
			all = append(all, prefix+name)
		}
	}
	return all
}

func names(all []item) []string {
	var out []string
	for _, i := range all {
		out = append(out, i.name())
	}
	return out
}

// same fails with what is in one list only.
func same(t *testing.T, page string, documented, real []string) {
	t.Helper()
	for _, d := range documented {
		if !slices.Contains(real, d) {
			t.Errorf("%s documents %s, which does not exist", page, d)
		}
	}
	for _, r := range real {
		if !slices.Contains(documented, r) {
			t.Errorf("%s does not document %s", page, r)
		}
	}
	if len(documented) != len(slices.Compact(slices.Sorted(slices.Values(documented)))) {
		t.Errorf("%s documents something twice", page)
	}
}

func TestConfigurationPageHasEveryKey(t *testing.T) {
	p := read(t, "nexushub.toml.5")
	own := reflect.TypeFor[manifest.Manifest]()
	same(t, p.name, names(items(p.section(t, "KEYS"))), keys(reflect.TypeFor[config.Config](), "", own))
	same(t, p.name+", APPLICATIONS", names(items(p.section(t, "APPLICATIONS"))),
		keys(reflect.TypeFor[config.App](), "", own))
	for _, text := range []string{`.Ss \&[defaults]`, ".Xr nexushub-manifest 5"} {
		if !strings.Contains(p.section(t, "KEYS"), text) {
			t.Errorf("%s does not lead to the keys of a manifest: no %q", p.name, text)
		}
	}
}

func TestConfigurationPageShowsTheDefaults(t *testing.T) {
	p := read(t, "nexushub.toml.5")
	got, want := load(t, document(items(p.section(t, "KEYS")))), config.Default()
	want.Root = config.Dir
	got.Proxy.TrustedProxies, got.Policy.Hosts, got.Apps = nil, config.Hosts{}, nil // [] and no list are the same
	if !reflect.DeepEqual(got, want) {
		t.Errorf("what %s shows is not the default:\n got %+v\nwant %+v", p.name, got, want)
	}
}

func load(t *testing.T, text string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "nexushub.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestManifestPageHasEveryKeyWithItsDefault(t *testing.T) {
	p := read(t, "nexushub-manifest.5")
	all := items(p.section(t, "KEYS"))
	same(t, p.name, names(all), keys(reflect.TypeFor[manifest.Manifest](), ""))
	got, err := manifest.Parse(p.name, []byte(document(all)))
	if err != nil {
		t.Fatal(err)
	}
	if want := manifest.Default(); !reflect.DeepEqual(got, want) {
		t.Errorf("what %s shows is not the default:\n got %+v\nwant %+v", p.name, got, want)
	}
}
