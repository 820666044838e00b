package programs_test

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// programs are the folders of this package, and what must be true of each when it runs.
var programs = []struct {
	name string
	is   func(*testing.T, app)
}{
	// The JVM derives its heap and its threads from what /proc and the control groups show.
	{"java", func(t *testing.T, a app) {
		between(t, "its heap in MiB", a.number(t, "/", "heap"), 100, 300) // of 600 MiB
		between(t, "its processors", a.number(t, "/", "processors"), 1, a.processors(t))
	}},
	// Workers of Debian 12's version set the user that they have already.
	{"gunicorn", func(t *testing.T, a app) { a.shows(t, "/", "worker ", "https") }},
	// Everything but https is redirected, so a health check must look like https.
	{"django", func(t *testing.T, a app) {
		a.shows(t, "/", "secure=True https://django."+domain, " 42")
	}},
	{"flask", func(t *testing.T, a app) { a.shows(t, "/", "flask") }},
	// As python3 -m venv makes it: its Python is a link to the host's.
	{"venv", func(t *testing.T, a app) { a.shows(t, "/", "isolated") }},
	{"uvicorn", func(t *testing.T, a app) {
		a.shows(t, "/", "scheme=https")
		a.echoes(t, "/ws")
	}},
	{"node", func(t *testing.T, a app) {
		a.shows(t, "/", `"lo"`, `"home":"/var/lib/`, `"user":"`)
		between(t, "its processors", a.number(t, "/", "processors"), 1, a.processors(t))
		between(t, "its parallelism", a.number(t, "/", "parallelism"), 1, a.processors(t))
		// The sandbox hides nothing of its limit. (On cgroup v1 Node.js 18 sees none anywhere.)
		a.shows(t, "/memory", a.Must(t, "systemd-run", "--quiet", "--wait", "--pipe", "--property=MemoryMax=300M",
			"/usr/bin/node", "/srv/node/memory.js"))
	}},
	// A program that forks a worker for each processor forks none where it sees none, and ends with status 0.
	{"cluster", func(t *testing.T, a app) { a.shows(t, "/", "worker ") }},
	// It lists the interfaces before it listens.
	{"serve", func(t *testing.T, a app) { a.shows(t, "/", "served") }},
	{"next", func(t *testing.T, a app) {
		a.shows(t, "/", "next is static")
		a.shows(t, "/isr", "rendered at")
		a.shows(t, "/now", `"proto":"https"`, "next."+domain)
	}},
	{"php", func(t *testing.T, a app) {
		a.shows(t, "/", "seen=1 words=150")
		if got := a.post(t, "/", 3<<20); got != "seen=2 words=150 got=3145728" {
			t.Errorf("it got %q", got)
		}
	}},
	{"php-fpm", func(t *testing.T, a app) {
		a.shows(t, "/", "fpm GET")
		if got := a.post(t, "/", 100<<10); got != "fpm POST got=102400" {
			t.Errorf("it got %q", got)
		}
	}},
	{"mojolicious", func(t *testing.T, a app) {
		a.shows(t, "/", "https://mojolicious."+domain)
		a.echoes(t, "/ws")
	}},
	{"backend", func(t *testing.T, a app) {
		a.shows(t, "/", "home=/var/lib/", "cache=/tmp/cache")
		between(t, "its interfaces", a.number(t, "/", "interfaces"), 1, 100)
		between(t, "its threads", a.number(t, "/", "procs"), 1, 2) // of limits.cpu = 100, Go takes 2 at least
	}},
	// When its log is full it gives the next one to the owner of the last, who is the same.
	{"caddy", func(t *testing.T, a app) {
		for range 200 { // of 6 KiB each, and a log is full after 1 MiB
			a.shows(t, "/?"+strings.Repeat("q", 6<<10), "caddy")
		}
		lab.Eventually(t, "its log was rotated", func() error {
			logs := a.Sh(t, "find "+a.state(t)+" -name 'access*.log' -size +0")
			return lab.Unless(strings.Count(logs, "\n") == 1, "it has %s", logs)
		})
	}},
	{"nginx", func(t *testing.T, a app) { a.shows(t, "/", "nginx") }},
	{"sqlite", func(t *testing.T, a app) {
		a.shows(t, "/", "starts=1")
		a.Must(t, "nexushub", "restart", "sqlite")
		a.shows(t, "/", "starts=2")
	}},
	// It wants a HOME for its configuration.
	{"git", func(t *testing.T, a app) { a.shows(t, "/", "app asked") }},
	{"elixir", func(t *testing.T, a app) {
		a.shows(t, "/", "home=/var/lib/")
		between(t, "its schedulers", a.number(t, "/", "schedulers"), 1, a.processors(t))
	}},
}

func TestPrograms(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := lab.NewHost(t, s, debian...)
		for _, p := range programs {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				a := deploy(t, h, p.name, folder(t, p.name))
				p.is(t, a)
				a.undisturbed(t)
			})
		}
	})
}
