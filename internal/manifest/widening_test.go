package manifest

import (
	"fmt"
	"strings"
	"testing"
)

func TestWidening(t *testing.T) {
	for _, c := range []struct{ before, after, want string }{
		{``, ``, ""},
		{``, `access = "open"`, "access from areas to open"},
		{`access = "areas"`, `access = "open"`, "access from areas to open"},
		{`access = "open"`, `access = "areas"`, ""},
		{`access = "open"`, `access = "open"`, ""},
		{`access = "private"`, `access = "open"`, "access from private to open"},
		{`access = "private"`, ``, "access from private to areas"},
		{``, `access = "private"`, "access from areas to private"}, // persons come to /internal
		{`access = "open"`, `access = "private"`, ""},
		{`access = "private"`, `access = "private"`, ""},
		{private("a"), private("a", "b"), "access from private (a) to private (a, b)"},
		{private("b", "a"), private("b"), ""},
		{private("a"), private("b"), "access from private (a) to private (b)"},
		{private("a"), private(), "access from private (a) to private"},
		{private(), private("a"), ""},
		{``, `proxy_all = true`, "proxy_all from false to true"},
		{`proxy_all = true`, ``, ""},
		{`network = "guest"`, `network = "socket"`, "network from guest to socket"},
		{`network = "guest"`, ``, "network from guest to port"},
		{`network = "socket"`, `network = "port"`, "network from socket to port"},
		{``, `network = "guest"`, ""},
		{``, `sandbox = { network = true, proc = true }`,
			"sandbox.network from false to true; sandbox.proc from false to true"},
		{`sandbox.proc = true`, `sandbox = { network = true, proc = true }`, "sandbox.network from false to true"},
		{`sandbox.proc = true`, ``, ""},
		{`limits.memory = "512M"`, `limits.memory = "1G"`, "limits.memory from 512M to 1G"},
		{`limits.memory = "1G"`, `limits.memory = "512M"`, ""},
		{`limits.tasks = 10`, `limits.tasks = 11`, "limits.tasks from 10 to 11"},
		{`limits.cpu = 50`, ``, "limits.cpu from 50 to none"},
		{``, `limits.cpu = 50`, ""},
		{`limits.cpu = 50`, `limits.cpu = 100`, "limits.cpu from 50 to 100"},
		{``, `services.postgresql = true`, "services.postgresql from false to true"},
		{`services.postgresql = true`, `services.postgresql = true`, ""},
		{`exec = ["a"]`, `exec = ["b"]
env.DEBUG = "1"`, ""}, // another program, not more for it
	} {
		got := Widening(parsed(t, c.before), parsed(t, c.after))
		if text := strings.Join(got, "; "); text != c.want {
			t.Errorf("%q -> %q widens %q, want %q", c.before, c.after, text, c.want)
		}
	}
}

func private(roles ...string) string {
	text := "access = \"private\"\n"
	if len(roles) > 0 {
		text += fmt.Sprintf("roles = [\"%s\"]\n", strings.Join(roles, `", "`))
	}
	return text
}

func parsed(t *testing.T, text string) Manifest {
	t.Helper()
	m, err := Parse(FileName, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
