package build_test

import (
	"archive/zip"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// tools are the packages of Debian that build the sources of this package.
var tools = []string{"cargo", "golang-go", "npm", "python3-venv"}

// sources are the folders of testdata, and what each answers when it was built and runs.
var sources = []struct{ name, answer, command string }{
	{"go", "made by go", "go build -trimpath -o bin/server ."},
	{"rust", "made by rust", "cargo build --locked --release"},
	{"npm", `number=true pruned=true made={"odd":true}`, "npm ci --no-audit --no-fund && npm run build && npm prune"},
	// Its paths are those of where it runs.
	{"python", "from a wheel prefix=", "pip install --no-input --require-hashes -r requirements.txt"},
}

func TestBuilds(t *testing.T) {
	lab.EachSuite(t, func(t *testing.T, s lab.Suite) {
		h := lab.NewHost(t, s, tools...)
		registry(t, h, "127.0.0.1:4873")
		for _, src := range sources {
			t.Run(src.name, func(t *testing.T) {
				h.MustCopyIn(t, source(t, src.name), "/srv/"+src.name)
				out := h.Sh(t, "nexushub deploy /srv/"+src.name+" 2>&1")
				if !strings.Contains(out, "is built by") || !strings.Contains(out, src.command) {
					t.Errorf("deploy says %s", out)
				}
				answers(t, h, src.name, src.answer)
				if src.name == "python" {
					isolated(t, h)
				}
			})
		}
		t.Run("the same is not built twice", func(t *testing.T) { notTwice(t, h) })
		t.Run("what fails changes nothing", func(t *testing.T) { fails(t, h) })
		t.Run("what is missing is named", func(t *testing.T) { missing(t, h) })
		t.Run("the last wins", func(t *testing.T) { superseded(t, h) })
		t.Run("an agent that is killed", func(t *testing.T) { killed(t, h) })
		t.Run("hostile", func(t *testing.T) { hostile(t, h) })
	})
}

// source is a folder of testdata, with what cannot be written down.
func source(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	if name == "python" {
		sum := wheel(t, filepath.Join(dir, "shoplib-1.0-py3-none-any.whl"))
		text := fmt.Sprintf("--no-index\n--find-links .\nshoplib==1.0 --hash=sha256:%s\n", sum)
		write(t, filepath.Join(dir, "requirements.txt"), text)
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// wheel makes the smallest package that pip installs, and returns its hash.
func wheel(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for _, file := range [][2]string{
		{"shoplib.py", "WORD = 'from a wheel'\n"},
		{"shoplib-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: shoplib\nVersion: 1.0\n"},
		{"shoplib-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{"shoplib-1.0.dist-info/RECORD", "shoplib.py,,\nshoplib-1.0.dist-info/METADATA,,\n" +
			"shoplib-1.0.dist-info/WHEEL,,\nshoplib-1.0.dist-info/RECORD,,\n"},
	} {
		w, err := z.Create(file[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, file[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

// registry is npm's, reached from inside the machine, which has no network of its own.
func registry(t *testing.T, h *lab.Host, at string) {
	t.Helper()
	real := &url.URL{Scheme: "https", Host: "registry.npmjs.org"}
	forward := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(real) },
		ModifyResponse: func(r *http.Response) error {
			r.Header.Del("Strict-Transport-Security")
			return nil
		},
	}
	l, err := h.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: forward}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // until it is closed
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
}

func page(h *lab.Host, name string) (string, error) {
	resp, err := h.HTTP.Get("https://" + name + ".yesterday.localhost:8443/")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return string(data), err
}

func answers(t *testing.T, h *lab.Host, name, want string) {
	t.Helper()
	h.AwaitState(t, name, api.StateRunning)
	lab.Eventually(t, name+" answers", func() error {
		got, err := page(h, name)
		return lab.Unless(err == nil && strings.Contains(got, want), "%q (%v), want %q", got, err, want)
	})
}

// isolated: the environment knows itself where the release lies.
func isolated(t *testing.T, h *lab.Host) {
	t.Helper()
	got, err := page(h, "python")
	_, prefix, _ := strings.Cut(got, "prefix=")
	prefix, here, _ := strings.Cut(prefix, " here=")
	if err != nil || prefix == "" || prefix != here || !strings.HasPrefix(prefix, "/var/lib/nexushub/releases/") {
		t.Errorf("it answers %q (%v)", got, err)
	}
	pip := "head -1 " + prefix + "/bin/pip"
	if got := h.Sh(t, pip); strings.TrimSpace(got) != "#!"+prefix+"/bin/python3" {
		t.Errorf("pip begins with %q", got)
	}
}

// builds counts those that have begun.
func builds(t *testing.T, h *lab.Host, name string) int {
	t.Helper()
	return strings.Count(h.Sh(t, "journalctl -q -u nexushubd -g 'build started.* app="+name+" ' || true"), "build started")
}

func notTwice(t *testing.T, h *lab.Host) {
	before := builds(t, h, "go")
	h.Sh(t, "nexushub deploy /srv/go 2>&1")
	if now := builds(t, h, "go"); before != 1 || now != 1 {
		t.Errorf("%d builds, then %d", before, now)
	}
	h.Sh(t, "sed -i 's/made by go/made again/' /srv/go/main.go && nexushub deploy /srv/go 2>&1")
	answers(t, h, "go", "made again")
	if now := builds(t, h, "go"); now != 2 {
		t.Errorf("%d builds of two sources", now)
	}
}

func fails(t *testing.T, h *lab.Host) {
	releases := h.Sh(t, "ls /var/lib/nexushub/releases")
	h.Sh(t, "sed -i 's/made again/\"/' /srv/go/main.go")
	out, err := h.TrySh(t, "nexushub deploy /srv/go 2>&1")
	if err == nil || !strings.Contains(out, "go was not built: the build failed: exit status") ||
		!strings.Contains(out, "./main.go:11") || !strings.Contains(out, "the previous release keeps serving") {
		t.Errorf("%v: %s", err, out)
	}
	answers(t, h, "go", "made again")
	if now := h.Sh(t, "ls /var/lib/nexushub/releases"); now != releases {
		t.Errorf("releases were %s and are %s", releases, now)
	}
	if log := h.Sh(t, "nexushub logs --build go"); !strings.Contains(log, "./main.go:11") {
		t.Errorf("the log of the build is %s", log)
	}
	if log := h.Sh(t, "nexushub logs go; nexushub logs"); strings.Contains(log, "./main.go:11") {
		t.Errorf("the log of the application has that of its build: %s", log)
	}
	h.Sh(t, "sed -i 's/, \"\")/, \"made again\")/' /srv/go/main.go")
}

func missing(t *testing.T, h *lab.Host) {
	before := builds(t, h, "java")
	h.MustCopyIn(t, "../../examples/gallery/maven", "/srv/java")
	out, err := h.TrySh(t, "nexushub deploy /srv/java 2>&1")
	if err == nil || !strings.Contains(out, "lacks what the build needs: javac, mvn, libgoogle-gson-java, ") ||
		!strings.Contains(out, "run apt install default-jdk-headless maven libgoogle-gson-java ") {
		t.Errorf("%v: %s", err, out)
	}
	define(t, h, "headers", "make", `packages = ["npm", "libfoo-dev"]`)
	out, err = h.TrySh(t, "nexushub deploy /srv/headers 2>&1")
	if err == nil || !strings.Contains(out, "needs: libfoo-dev; run apt install libfoo-dev") {
		t.Errorf("%v: %s", err, out)
	}
	if now := builds(t, h, "java") + builds(t, h, "headers"); now != before {
		t.Errorf("%d builds have begun", now-before)
	}
}

// define makes a site of what a command leaves in its folder.
func define(t *testing.T, h *lab.Host, name, command string, more ...string) {
	t.Helper()
	h.Write(t, "/srv/"+name+"/index.html", "made by hand")
	h.Write(t, "/srv/"+name+"/nexushub.toml", fmt.Sprintf("access = \"open\"\nstatic.folder = \".\"\n[build]\ncommand = '''%s'''\n%s\n",
		command, strings.Join(more, "\n")))
}

func superseded(t *testing.T, h *lab.Host) {
	define(t, h, "twice", "echo begun; sleep 500")
	h.Sh(t, "cp -r /srv/twice /srv/slow; nohup nexushub deploy --name twice /srv/slow >/tmp/slow.log 2>&1 &")
	lab.Eventually(t, "the first build runs", func() error {
		n := builds(t, h, "twice")
		return lab.Unless(n == 1, "%d builds", n)
	})
	define(t, h, "twice", "echo made later > index.html")
	h.Sh(t, "nexushub deploy /srv/twice 2>&1")
	lab.Eventually(t, "the later one is served", func() error {
		got, err := page(h, "twice")
		return lab.Unless(strings.Contains(got, "made later"), "%q (%v)", got, err)
	})
	lab.Eventually(t, "the first client is told", func() error {
		log := h.Sh(t, "cat /tmp/slow.log")
		return lab.Unless(strings.Contains(log, "superseded by a newer installation"), "%s", log)
	})
	define(t, h, "twice", "echo begun; sleep 501")
	h.Sh(t, "nohup nexushub deploy /srv/twice >/tmp/removed.log 2>&1 &")
	lab.Eventually(t, "a build runs", func() error {
		n := builds(t, h, "twice")
		return lab.Unless(n == 3, "%d builds", n)
	})
	h.Sh(t, "nexushub remove --yes twice 2>&1")
	leavesNothing(t, h)
	if left := h.Sh(t, "ls -d /var/cache/private/nexushub-builds/cache-* | wc -l; nexushub list --json | grep -c '\"id\"'"); left != "" {
		lines := strings.Fields(left)
		if lines[0] > lines[1] {
			t.Errorf("%s caches of %s applications", lines[0], lines[1])
		}
	}
}

// killed: what the first build has put into its cache is there for the next.
func killed(t *testing.T, h *lab.Host) {
	define(t, h, "again", `if [ -e $HOME/x ]; then echo made from the cache > index.html; else touch $HOME/x; sleep 502; fi`)
	h.Sh(t, "nohup nexushub deploy /srv/again >/tmp/again.log 2>&1 &")
	lab.Eventually(t, "the build runs", func() error {
		out, err := h.TrySh(t, "ls /var/cache/private/nexushub-builds/cache-*/x")
		return lab.Unless(err == nil, "%s", out)
	})
	h.Sh(t, "systemctl kill --signal=SIGKILL nexushubd")
	lab.Eventually(t, "the client has come back", func() error {
		got, err := page(h, "again")
		return lab.Unless(strings.Contains(got, "made from the cache"), "%q (%v): %s", got, err, h.Sh(t, "cat /tmp/again.log"))
	})
	leavesNothing(t, h)
}

// leavesNothing: no unit, no process, no folder.
func leavesNothing(t *testing.T, h *lab.Host) {
	t.Helper()
	const look = `systemctl list-units --all --no-legend 'nexushub-build-*' || true
find /var/cache/private/nexushub-builds /var/cache/nexushub-builds -maxdepth 1 -name 'work-*'
find /var/lib/nexushub/releases -maxdepth 1 -name '.unpack*' -o -maxdepth 1 -name '.trash*'
find /sys/fs/cgroup -path '*nexushub-build-*' -name cgroup.procs -exec cat {} + || true`
	lab.Eventually(t, "nothing of the build is left", func() error {
		left := h.Sh(t, look)
		return lab.Unless(left == "", "%s", left)
	})
}
