package programs_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// folders have no manifest, and each path of theirs answers so: a status and a text.
var folders = []struct {
	name  string
	files map[string]string
	pages map[string]string
}{
	{"procfile", map[string]string{
		"Procfile": "web: PAGE=hello python3 serve.py --port $PORT\nworker: python3 work.py\n",
		"serve.py": `import http.server, os, sys

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{os.environ['PAGE']} pid={os.getpid()} {sys.argv[2] == os.environ['PORT']}".encode())

http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Page).serve_forever()
`,
		"work.py": "import signal\nprint('working', flush=True)\nsignal.pause()\n",
	}, map[string]string{"/": "200 hello pid=", "/api/x": "200 True", "/internal/x": "200 True"}},
	{"well-known", wellKnown("health.interval = \"500ms\"\n"), map[string]string{"/healthz": "200", "/health": "404"}},
	{"well-known-guest", wellKnown("network = \"guest\"\n"), map[string]string{"/healthz": "200", "/health": "404"}},
	{"site", map[string]string{"index.html": "<p>home", "a/index.html": "<p>a", ".env": "SECRET", ".git/config": "SECRET",
		"nexushub.toml": "idle_timeout = \"1m\"\n", ".well-known/x.txt": "known"},
		map[string]string{"/": "200 home", "/a/": "200 a", "/.env": "404", "/%2eenv": "404", "/nexushub.toml": "404",
			"/.git/config": "404", "/.well-known/x.txt": "200 known", "/none": "404"}},
	{"spa", map[string]string{"dist/index.html": `<script type="module" src="/x.js"></script>`, "dist/x.js": "1",
		"package.json": `{"scripts":{"build":"vite build"},"devDependencies":{"vite":"6"}}`},
		map[string]string{"/": "200 module", "/x.js": "200 1", "/some/page": "200 module", "/none.js": "404",
			"/package.json": "404"}},
	{"php-site", map[string]string{
		"index.php": `<?php
$where = "global";
function where() { global $where; return $where; }
echo "index ", where(), " ", $_SERVER["SCRIPT_NAME"], " ", $_SERVER["REQUEST_URI"];`,
		"info.php":             `<?php echo "info ", $_SERVER["PATH_INFO"] ?? "";`,
		"style.css":            "p {}",
		"sub/index.php":        `<?php echo "sub";`,
		".env":                 "SECRET",
		"data/.htaccess":       "Require all denied\n",
		"data/users.php":       `<?php echo "SECRET";`,
		"data/deep/x.txt":      "SECRET",
		"files/.htaccess":      "<Files *.php>\nDeny from all\n</Files>\n",
		"files/x.txt":          "file",
		"app.sqlite":           "SECRET",
		"vendor/tool/eval.php": `<?php echo "SECRET";`,
		"composer.json":        `{"require":{"php":">=8"}}`,
	}, map[string]string{
		"/":               "200 index global /index.php",
		"/pretty/url?a=1": "200 index global /index.php /pretty/url?a=1", "/a.b": "200 index",
		"/info.php/x": "200 info /x", "/style.css": "200 p {}", "/sub/": "200 sub", "/files/x.txt": "200 file",
		"/.env": "404", "/%2eenv": "404", "/data/users.php": "404", "/data/deep/x.txt": "404", "/sub/../data/users.php": "404",
		"/data//users.php": "404", "/app.sqlite": "404", "/vendor/tool/eval.php": "404", "/composer.json": "404",
		"//.env": "404", "/data%2fusers.php": "404", "/DATA/../.env": "404",
	}},
}

// wellKnown is a program that answers at /healthz, and says there that it is ill after a POST.
func wellKnown(manifest string) map[string]string {
	return map[string]string{"nexushub.toml": manifest, "Procfile": "web: python3 serve.py\n",
		"serve.py": `import http.server, os

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = self.path in ("/", "/healthz")
        self.send_response(503 if self.path == "/healthz" and self.server.sick else 200 if known else 404)
        self.end_headers()
    def do_POST(self):
        self.server.sick = True
        self.send_response(204)
        self.end_headers()

server = http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page)
server.sick = False
server.serve_forever()
`}
}

func TestRecognisedFolders(t *testing.T) {
	lab.EachSuiteAtOnce(t, func(t *testing.T, s lab.Suite) {
		h := lab.NewHost(t, s, debian...)
		for _, f := range folders {
			t.Run(f.name, func(t *testing.T) {
				a := deploy(t, h, f.name, made(t, f.files))
				for path, want := range f.pages {
					status, body := a.answer(t, http.MethodGet, path, nil)
					code, text, _ := strings.Cut(want, " ")
					if strconv.Itoa(status) != code || !strings.Contains(body, text) || strings.Contains(body, "SECRET") {
						t.Errorf("%s: %d %s, want %s", path, status, body, want)
					}
				}
				a.undisturbed(t)
			})
		}
		t.Run("the shell makes room", func(t *testing.T) {
			a := visit(t, h, "procfile", "https://procfile."+domain+":8443")
			pid := a.AwaitState(t, "procfile", api.StateRunning).PID
			if got := a.number(t, "/", "pid"); got != pid {
				t.Errorf("the program is %d, the unit's process %d", got, pid)
			}
		})
		t.Run("a well-known path is its health check", func(t *testing.T) {
			a := visit(t, h, "well-known", "https://well-known."+domain+":8443")
			now := func(name string) api.App {
				app, err := a.API().App(t.Context(), name)
				if err != nil {
					t.Fatal(err)
				}
				return app
			}
			found := func(name string) (app api.App) {
				lab.Eventually(t, "the path of "+name+" is found", func() error {
					app = now(name)
					return lab.Unless(app.Health.Found && app.Health.Path == "/healthz", "health %+v", app.Health)
				})
				return app
			}
			found("well-known-guest")
			before := found("well-known")
			if said := h.Must(t, "nexushub", "status", "well-known"); !strings.Contains(said, "GET /healthz (found)") {
				t.Error(said)
			}
			h.Must(t, "systemctl", "restart", "nexushubd")
			if after := found("well-known"); after.PID != before.PID || after.Revision != before.Revision {
				t.Errorf("was %+v, is %+v", before, after)
			}
			a.answer(t, http.MethodPost, "/", nil)
			lab.Eventually(t, "it was restarted", func() error {
				app := now("well-known")
				return lab.Unless(app.Restarts > 0 && strings.Contains(app.LastExit, "GET /healthz: answered 503"), "%+v", app)
			})
			found("well-known")
		})
		t.Run("a missing step", func(t *testing.T) {
			h.MustCopyIn(t, made(t, map[string]string{"go.mod": "module x\n", "main.go": "package main\n"}), "/srv/source")
			out, err := h.Shell(t.Context(), "nexushub deploy /srv/source 2>&1")
			if err == nil || !strings.Contains(out, "is built by CGO_ENABLED=0 go build -trimpath -o bin/server .") ||
				!strings.Contains(out, "lacks what the build needs: go; run apt install golang-go") {
				t.Errorf("%v: %s", err, out)
			}
		})
	})
}

func made(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
