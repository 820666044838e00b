package build

import (
	"maps"
	"net/netip"
	"testing"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/manifest"
)

func TestVersionsIn(t *testing.T) {
	got := versionsIn("installed npm 9.2.0~ds1-1\nnot-installed gone \nconfig-files left 1.0\ninstalled libfoo-dev 1:2-3\n\nhalf\n")
	if want := map[string]string{"npm": "9.2.0~ds1-1", "libfoo-dev": "1:2-3"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestInstalled(t *testing.T) {
	got, err := installed(t.Context(), []string{"dpkg", "there-is-no-such-package"})
	if err != nil || len(got) != 1 || got["dpkg"] == "" {
		t.Errorf("got %v (%v)", got, err)
	}
}

func TestToolsThatAreMissing(t *testing.T) {
	var p present
	p.tool("sh", "/bin/sh")
	p.tool("mvn", "")
	p.tool("uv", "")
	p.tool("/usr/lib/python3*/ensurepip/__init__.py", "")
	p.aPackage("libfoo-dev", "")
	p.aPackage("npm", "9")
	const want = "this host lacks what the build needs: mvn, uv, python3-venv, libfoo-dev; " +
		"run apt install maven python3-venv libfoo-dev on it and deploy again"
	if got := p.fault(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(p.versions) != 2 {
		t.Errorf("versions %q", p.versions)
	}
}

func TestKey(t *testing.T) {
	base := detect.Build{Build: manifest.Build{Command: "make", Output: "."}}
	root := Order{Instance: instance, By: audience.Root}
	key := keyOf(root, "source", base, []string{"a 1", "b 2"})
	same := base
	same.Timeout, same.Limits.Memory, same.Tools = 5, 6, []string{"a"}
	if keyOf(root, "source", same, []string{"b 2", "a 1"}) != key {
		t.Error("what does not change the result makes another key")
	}
	other := base
	other.Command = "make all"
	for _, k := range []string{
		keyOf(root, "other", base, []string{"a 1", "b 2"}), keyOf(root, "source", other, []string{"a 1", "b 2"}),
		keyOf(root, "source", base, []string{"a 1", "b 3"}),
		keyOf(Order{Instance: "another", By: audience.Root}, "source", base, []string{"a 1", "b 2"}),
		keyOf(Order{Instance: instance, By: audience.Token("a")}, "source", base, []string{"a 1", "b 2"}),
	} {
		if k == key {
			t.Error("another application, source, command, tool or who deploys has the same key")
		}
	}
}

// What the kernel lets bind is this host.
func TestIsThisHost(t *testing.T) {
	for text, want := range map[string]bool{"127.0.0.53": true, "192.0.2.1": false, "2001:db8::1": false} {
		if got := isThisHost(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestNameServersOfBuilds(t *testing.T) {
	for text, want := range map[string]bool{
		"nameserver 192.168.1.1\n":                       true,
		"nameserver 127.0.0.53\n":                        false,
		"nameserver 1.1.1.1\nnameserver ::1\n":           false,
		"# none\n":                                       true,
		"nameserver 169.254.169.254\nnameserver 9.9.9.9": true,
		"nameserver 192.168.1.5\n":                       false, // this host, on its network
	} {
		servers, ok := usable(text, func(a netip.Addr) bool { return a.String() == "192.168.1.5" })
		if ok != want {
			t.Errorf("%q: %v", text, servers)
		}
		for _, s := range servers {
			if s.IsLinkLocalUnicast() {
				t.Errorf("%q opens %s", text, s)
			}
		}
	}
}
