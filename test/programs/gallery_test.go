package programs_test

import (
	"flag"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

var (
	all    = flag.Bool("all", false, "run all of the gallery on every Debian release, not each program on one of them")
	update = flag.Bool("update", false, "write docs/gallery.md, with the times of what ran; implies -all")
)

// entry is a folder of examples/gallery, and what is done with it. A use returns how to find again what it left behind.
type entry struct {
	name string
	used string // as docs/gallery.md says it
	use  func(*testing.T, app) (kept func(*testing.T))
}

// stand is a machine for some of the gallery.
type stand struct {
	name     string
	packages []string                    // of Debian
	prepare  func(*testing.T, *lab.Host) // nil: it is ready
	entries  []entry
}

var gallery = []stand{
	{"plain", debian, nil, asItIs},
	{"database", databasePackages, withDatabase, withPostgreSQL},
	{"built", builders, registries, builtThere},
}

// entries are those of all stands.
func entries() (list []entry) {
	for _, s := range gallery {
		list = append(list, s.entries...)
	}
	return list
}

// on are the entries that run on a suite: without -all each runs on one, and its neighbours on the other.
func (s stand) on(suite lab.Suite) (list []entry) {
	for i, e := range s.entries {
		if *all || *update || lab.Suites[i%len(lab.Suites)] == suite {
			list = append(list, e)
		}
	}
	return list
}

// Every program of the gallery is up by the commands of its README, works, and keeps its data when it is replaced and
// when the host reboots; and no hint is ever given for it.
func TestGallery(t *testing.T) {
	var seconds times
	t.Cleanup(func() { writeGallery(t, &seconds) })
	lab.EachSuiteAtOnce(t, func(t *testing.T, suite lab.Suite) {
		for _, s := range gallery {
			t.Run(s.name, func(t *testing.T) { s.show(t, suite, seconds.of(suite)) })
		}
	})
}

func (s stand) show(t *testing.T, suite lab.Suite, note func(string, time.Duration)) {
	h := lab.NewHost(t, suite, s.packages...)
	if s.prepare != nil {
		s.prepare(t, h)
	}
	var after sync.Map // by name: is everything as it was?
	t.Run("deployed", func(t *testing.T) {
		for _, e := range s.on(suite) {
			t.Run(e.name, func(t *testing.T) {
				t.Parallel()
				r := readRecipe(t, e.name)
				a := s.follow(t, h, r, note)
				kept := e.use(t, a)
				a.undisturbed(t)
				a.replace(t, r)
				kept(t)
				a.undisturbed(t)
				after.Store(e.name, func(t *testing.T) { kept(t); a.content(t) })
			})
		}
	})
	h.MustReboot(t)
	h.HTTP.CloseIdleConnections()
	for _, e := range s.on(suite) {
		t.Run(e.name+" after a reboot", func(t *testing.T) {
			still, ok := after.Load(e.name)
			if !ok {
				t.Skip("it was not deployed")
			}
			h.AwaitState(t, e.name, api.StateRunning)
			still.(func(*testing.T))(t)
		})
	}
}

// follow does what the README of a program says, and notes how long deploying takes, to the first answer.
func (s stand) follow(t *testing.T, h *lab.Host, r recipe, note func(string, time.Duration)) app {
	t.Helper()
	for _, p := range r.packages {
		if p != "npm" && !slices.Contains(s.packages, p) {
			t.Errorf("its README installs %s, which the machine %q does not have", p, s.name)
		}
	}
	h.MustCopyIn(t, built(t, galleryFolder+"/"+r.name, r.registry...), r.folder())
	h.Sh(t, r.in(r.local...))
	if r.token != "" {
		h.WriteMode(t, r.askPass(), []byte("#!/bin/sh\necho "+h.Sh(t, r.in(r.token+" --quiet"))), 0o700)
	}
	begun := time.Now()
	out := h.Sh(t, r.in(r.deploy+""))
	a := visit(t, h, r.name, match(t, out, "(https://"+regexp.QuoteMeta(r.name+"."+domain)+`\S*)`))
	if status, body := a.answer(t, http.MethodGet, "/", nil); status >= http.StatusInternalServerError {
		t.Fatalf("its first answer is %d: %s", status, body)
	}
	note(r.name, time.Since(begun))
	return a
}

// replace deploys a release that differs, while the program has data.
func (a app) replace(t *testing.T, r recipe) {
	t.Helper()
	before := a.AwaitState(t, a.name, api.StateRunning).Release
	a.Sh(t, r.in("echo >>README.md", r.again))
	if now := a.AwaitState(t, a.name, api.StateRunning).Release; now == before {
		t.Errorf("it is still %s", now)
	}
}
