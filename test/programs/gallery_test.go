package programs_test

import (
	"flag"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

var update = flag.Bool("update", false, "write docs/gallery.md")

// gallery are the folders of examples/gallery, and what is done with each. A use returns how to find again what it
// left behind.
var gallery = []struct {
	name string
	used string // as docs/gallery.md says it
	use  func(*testing.T, app) (kept func(*testing.T))
}{
	{"express", "its page, its `/api`; notes are kept", useNotes},
	{"verdaccio", "its page; an account is made, npm publishes a package and installs it again, also afterwards",
		useVerdaccio},
	{"flask", "its page, its `/api` on SQLite, an upload and its download; notes and files are kept", useFlask},
	{"fastapi", "its page, its `/docs`, a word over a WebSocket, an upload; what was said is kept", useFastAPI},
	{"sinatra", "its page, its `/api`; notes are kept", useNotes},
	{"dokuwiki", "a page is written in its editor, a picture uploaded; both are kept", useDokuWiki},
	{"tomcat", "a servlet, a JSP page, a WebSocket; the session is kept", useTomcat},
	{"prometheus", "its page, its `/api/v1`; what it measured before is kept", usePrometheus},
	{"radicale", "its page; a calendar and an event over CalDAV, not without the password; both are kept", useRadicale},
	{"pocketbase", "its admin page, its `/api`, a first account made by `nexushub exec`, an upload, a change seen over " +
		"server-sent events; records and files are kept", usePocketBase},
	{"vite", "its page and its script, which may be cached for ever", useVite},
	{"rclone", "files over WebDAV: PUT, PROPFIND, GET; they are kept", useRclone},
}

// Every program of the gallery is up by the commands of its README, works, and keeps its data when it is replaced and
// when the host reboots; and no hint is ever given for it.
func TestGallery(t *testing.T) {
	var seconds times
	t.Cleanup(func() { writeGallery(t, &seconds) })
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := lab.NewHost(t, s, debian...)
		var after sync.Map // by name: is everything as it was?
		t.Run("deployed", func(t *testing.T) {
			for _, e := range gallery {
				t.Run(e.name, func(t *testing.T) {
					t.Parallel()
					a := follow(t, h, e.name, seconds.of(s))
					kept := e.use(t, a)
					a.undisturbed(t)
					a.replace(t)
					kept(t)
					a.undisturbed(t)
					after.Store(e.name, func(t *testing.T) { kept(t); a.content(t) })
				})
			}
		})
		h.MustReboot(t)
		h.HTTP.CloseIdleConnections()
		for _, e := range gallery {
			t.Run(e.name+" after a reboot", func(t *testing.T) {
				still, ok := after.Load(e.name)
				if !ok {
					t.Skip("it was not deployed")
				}
				h.AwaitState(t, e.name, api.StateRunning)
				still.(func(*testing.T))(t)
			})
		}
	})
}

// follow does what the README of a program says, and notes how long deploying takes, to the first answer.
func follow(t *testing.T, h *lab.Host, name string, note func(string, time.Duration)) app {
	t.Helper()
	r := readRecipe(t, name)
	for _, p := range r.packages {
		if p != "npm" && !slices.Contains(debian, p) {
			t.Errorf("its README installs %s, which the machines of this test do not have", p)
		}
	}
	h.MustCopyIn(t, built(t, galleryFolder+"/"+name, r.registry...), "/srv/"+name)
	h.Sh(t, "cd /srv/"+name+"\n"+strings.Join(r.local, "\n"))
	begun := time.Now()
	a := visit(t, h, name, h.Must(t, "sh", "-ec", "cd /srv/"+name+"; "+r.deploy))
	if status, body := a.answer(t, http.MethodGet, "/", nil); status >= http.StatusInternalServerError {
		t.Fatalf("its first answer is %d: %s", status, body)
	}
	note(name, time.Since(begun))
	return a
}

// replace deploys a release that differs, while the program has data.
func (a app) replace(t *testing.T) {
	t.Helper()
	before := a.AwaitState(t, a.name, api.StateRunning).Release
	a.Sh(t, "cd /srv/"+a.name+"; echo >>README.md; nexushub deploy --quiet")
	if now := a.AwaitState(t, a.name, api.StateRunning).Release; now == before {
		t.Errorf("it is still %s", now)
	}
}
