package units

import (
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"
)

func sampleBuild() Build {
	return Build{
		Name: "shop", Instance: "7d9dd7f6-6d3f-4b64-9a27-0f0c9b4f7d01", Key: strings.Repeat("ab", 32),
		Command: "npm ci && echo $HOME", Work: "work-7d9dd7f6", Cache: "cache-7d9dd7f6",
		Directory: "/var/lib/nexushub/releases/abab", Hide: "/var/lib/nexushub",
		Env: map[string]string{"A": "1"}, Timeout: 10 * time.Minute, Memory: 1 << 30, Tasks: 100, CPU: 150, FileSize: 8 << 30,
		Internet: true, Networks: []netip.Prefix{netip.MustParsePrefix("10.1.2.0/24")},
		Resolvers: []netip.Addr{netip.MustParseAddr("192.168.1.1")}, ResolvConf: "/run/systemd/resolve/resolv.conf",
	}
}

// The whole of what a build gets and does not get, to be read.
func TestBuildProperties(t *testing.T) {
	const file = "testdata/build.golden"
	got := renderProperties(sampleBuild().properties(Capabilities{Version: 257, UnifiedCgroups: true}))
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("output differs (-update accepts it): %v\n%s", err, got)
	}
}

func TestBuildsThatAreNone(t *testing.T) {
	for name, change := range map[string]func(*Build){
		"no instance":         func(b *Build) { b.Instance = "x" },
		"a name with a slash": func(b *Build) { b.Name = "a/b" },
		"work elsewhere":      func(b *Build) { b.Work = "../../lib" },
		"not hidden":          func(b *Build) { b.Directory = "/srv/x" },
		"no key":              func(b *Build) { b.Key = "" },
		"a bad variable":      func(b *Build) { b.Env = map[string]string{"a b": ""} },
	} {
		b := sampleBuild()
		change(&b)
		if _, err := new(Manager).RunBuild(t.Context(), b, nil); !errors.Is(err, ErrSpec) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Offline: nothing at all, not even the host.
func TestABuildWithoutTheInternet(t *testing.T) {
	b := sampleBuild()
	b.Internet, b.Networks, b.Resolvers = false, nil, nil
	text := renderProperties(b.properties(Capabilities{Version: 252}))
	if !strings.Contains(text, "IPAddressAllow = []\n") {
		t.Errorf("it reaches something:\n%s", text)
	}
}

func renderProperties(list []Property) string {
	var b strings.Builder
	for _, p := range list {
		b.WriteString(p.Name + " = " + printed(p.Value.Value()) + "\n")
	}
	return b.String()
}
