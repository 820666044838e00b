// Package packaging holds what makes a Debian package of the built programs. The test
// keeps the annotated default configuration true.
package packaging

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/internal/config"
)

// The shipped file says nothing, and what it shows in comments is the default.
func TestShippedConfigurationShowsTheDefaults(t *testing.T) {
	shipped, err := os.ReadFile("etc/nexushub.toml")
	if err != nil {
		t.Fatal(err)
	}
	want := load(t, "")
	if got := load(t, string(shipped)); !reflect.DeepEqual(got, want) {
		t.Errorf("as shipped it is not the default:\n got %+v\nwant %+v", got, want)
	}
	shown := regexp.MustCompile(`(?m)^#([a-z_]+ = )`).ReplaceAllString(string(shipped), "$1")
	got := load(t, shown)
	want.Root = "/etc/nexushub"
	normalise(got)
	normalise(want)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("what the comments show is not the default:\n got %+v\nwant %+v", got, want)
	}
}

func TestShippedConfigurationShowsEveryKey(t *testing.T) {
	shipped, err := os.ReadFile("etc/nexushub.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys(reflect.TypeFor[config.Config](), "") {
		if strings.HasPrefix(key, "defaults.build.") { // belongs into a package alone
			continue
		}
		if !shows(string(shipped), key) {
			t.Errorf("%s is not shown", key)
		}
	}
}

// normalise makes empty and missing lists the same.
func normalise(c *config.Config) {
	hosts := &c.Policy.Hosts
	for _, list := range []*[]string{&c.Proxy.TrustedProxies, &hosts.Reserved, &hosts.Developers} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	if len(c.Defaults.Env) == 0 {
		c.Defaults.Env = nil
	}
}

func load(t *testing.T, content string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "nexushub.toml"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if c.Root == dir {
		c.Root = "/etc/nexushub"
	}
	normalise(c)
	return c
}

// keys lists "table.key" for every leaf of a configuration struct.
func keys(t reflect.Type, prefix string) []string {
	var all []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		switch {
		case name == "-" || name == "":
		case f.Type.Kind() == reflect.Struct:
			all = append(all, keys(f.Type, prefix+name+".")...)
		case f.Type.Kind() == reflect.Map && f.Type.Elem().Kind() == reflect.Struct: // of one application, never of all
		case f.Type.Kind() == reflect.Map:
			all = append(all, prefix+name+".")
		default:
			all = append(all, prefix+name)
		}
	}
	return all
}

func shows(file, key string) bool {
	dot := strings.LastIndexByte(key, '.')
	table, leaf := key[:max(dot, 0)], key[dot+1:]
	body := file
	if table != "" {
		_, after, found := strings.Cut(file, "\n["+table+"]\n")
		if !found {
			return false
		}
		body = after
	}
	if next := strings.Index(body, "\n["); next >= 0 {
		body = body[:next]
	}
	return leaf == "" || strings.Contains("\n"+body, "\n#"+leaf+" = ") || strings.Contains(body, "\n# "+leaf+" = ")
}
