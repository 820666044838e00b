package programs_test

import (
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// builders are the packages of a machine that builds.
var builders = []string{
	"cargo",
	"default-jdk-headless",
	"git",
	"golang-go",
	"libgoogle-gson-java",
	"libmaven-compiler-plugin-java",
	"libmaven-jar-plugin-java",
	"libmaven-resources-plugin-java",
	"librust-serde-json-dev",
	"librust-tiny-http-dev",
	"libsurefire-java",
	"maven",
	"nodejs",
	"npm",
}

// builtThere are programs that the host makes of source, with what registries have.
var builtThere = []entry{
	{"next", "its page, rendered on the server, a script of its build, its `/api`; notes are kept", useNext},
	{"go", "its page, its `/api`; notes are kept", useNotes},
	{"rust", "its page, its `/api`; notes are kept", useNotes},
	{"maven", "its page, its `/api`; notes are kept", useNotes},
}

// registries are there, and who pushes is known to git.
func registries(t *testing.T, h *lab.Host) {
	internet(t, h, "registry.npmjs.org", "proxy.golang.org")
	h.Write(t, "/root/.gitconfig", "[user]\nname = Ann\nemail = ann@example.org\n")
}

func useNext(t *testing.T, a app) func(*testing.T) {
	notes := useNotes(t, a)
	return keeps(t, func(t *testing.T) {
		notes(t)
		a.shows(t, "/", "<li>kept</li>", "rendered on the server, at ")
		a.shows(t, match(t, a.page(t, "/"), `src="(/_next/static/[^"]+\.js)"`), "webpack")
	})
}
