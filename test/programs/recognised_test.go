package programs_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// recognised are the programs that run without a manifest, and what they are taken for.
var recognised = map[string]string{
	"cluster": "Node.js", "next": "Next.js", "flask": "Python, Flask", "venv": "Python, Flask",
	"gunicorn": "Python, WSGI", "uvicorn": "Python, ASGI", "django": "Python, Django", "sqlite": "Python", "git": "Python",
	"puma": "Ruby", "php": "PHP", "serve": "site of files",
}

func TestRecognised(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := lab.NewHost(t, s, debian...)
		for _, p := range programs {
			taken, ok := recognised[p.name]
			if !ok {
				continue
			}
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				a := deploy(t, h, p.name, withoutManifest(t, folder(t, p.name)))
				now := a.AwaitState(t, p.name, api.StateRunning)
				if !strings.HasPrefix(now.Recognised, taken+" (") || now.Access != "open" || now.AccessFrom != "detection" {
					t.Errorf("taken for %q, access %q by %q", now.Recognised, now.Access, now.AccessFrom)
				}
				p.is(t, a)
				a.undisturbed(t)
			})
		}
	})
}

// withoutManifest is a copy of a package without its manifest.
func withoutManifest(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	copied := exec.CommandContext(t.Context(), "sh", "-ec", `cp -a "$1/." "$2"; rm "$2/nexushub.toml"`, "copy", from, dir)
	if out, err := copied.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}
