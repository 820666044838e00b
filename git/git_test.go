package git_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/git"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/problem"
	"github.com/nexushub/nexushub/units"
)

// host is an agent that takes packages and says of each what the test wants.
type host struct {
	url string
	dir string // of the repositories

	mu       sync.Mutex
	packages [][]byte
	install  func(n int) api.InstallAnswer
	most     int // installations at the same time
	now      int
	full     error // why the disk has no room
	made     int   // how often the application was asked for
	never    bool  // it is refused
}

func (h *host) asked() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.made
}

func (h *host) room() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.full
}

const instance = "11111111-2222-4333-8444-555555555555"

func newHost(t *testing.T, who caller.Caller) *host {
	t.Helper()
	hooks, err := filepath.Abs("../packaging/share/git-hooks")
	if err != nil {
		t.Fatal(err)
	}
	h := &host{install: func(int) api.InstallAnswer {
		return api.InstallAnswer{Status: "running", Message: "running at https://shop/"}
	}}
	deployed := http.NewServeMux()
	deployed.HandleFunc("POST /v1/deployed", func(w http.ResponseWriter, r *http.Request) {
		if got := caller.Of(r.Context()); got.Installer != who.Installer {
			t.Errorf("asked as %v", got)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.never {
			refusal := api.ProblemOf(fmt.Errorf("shop is of root: %w", api.Conflict), "")
			if err := problem.Write(w, refusal); err != nil {
				t.Error(err)
			}
			return
		}
		h.made++
		json.NewEncoder(w).Encode(api.DebugApplication{ID: instance, AppID: "shop"})
	})
	deployed.HandleFunc("GET /v1/deployed", func(w http.ResponseWriter, _ *http.Request) {
		list := []api.DebugApplication{{ID: "22222222-2222-4333-8444-555555555555", AppID: "shoppe"}}
		if h.asked() > 0 {
			list = append(list, api.DebugApplication{ID: instance, AppID: "Shop"})
		}
		json.NewEncoder(w).Encode(list)
	})
	deployed.HandleFunc("PUT /v1/deployed/{id}/package", func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.packages = append(h.packages, data)
		w.WriteHeader(http.StatusCreated)
	})
	deployed.HandleFunc("POST /v1/deployed/{id}/install", func(w http.ResponseWriter, _ *http.Request) {
		h.mu.Lock()
		n := len(h.packages)
		h.now++
		h.most = max(h.most, h.now)
		h.mu.Unlock()
		answer := h.install(n)
		h.mu.Lock()
		h.now--
		h.mu.Unlock()
		json.NewEncoder(w).Encode(answer)
	})
	h.dir = t.TempDir()
	server := git.NewServer(git.Options{Units: here{h.dir}, Deployed: deployed, Hooks: hooks, MaxSize: 4 << 20,
		Most: 1000, Kept: config.Git{MaxSize: 5 << 20, MaxObjects: 3000}, Room: h.room,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		server.ServeHTTP(w, r.WithContext(caller.With(r.Context(), who)))
	}))
	t.Cleanup(front.Close)
	h.url = front.URL + "/git/shop"
	return h
}

var developer = caller.Caller{
	Installer: audience.Token("t"), Token: "ci", Role: api.Developer, Applications: []string{"shop"},
}

// here runs the real git as whoever runs the test, with the streams and the configuration that it has
// in its unit.
type here struct{ dir string }

func (h here) StartGit(_ context.Context, g units.Git) error {
	dir := filepath.Join(h.dir, g.Instance)
	if g.Scratch {
		dir = filepath.Join(h.dir, "scratch-"+g.Run)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", "-c", g.Script)
	cmd.Dir, cmd.Env = dir, append(g.Environment(), "PATH="+os.Getenv("PATH"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = g.Stdin, g.Stdout, g.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	go cmd.Wait() // it ends with its streams
	return nil
}

func (h here) StopGit(context.Context, units.Git) {}

// work is somebody's repository.
type work struct {
	t   *testing.T
	dir string
}

func newWork(t *testing.T) work {
	t.Helper()
	w := work{t, t.TempDir()}
	w.do("git init -q -b main && git config user.email a@example.org && git config user.name A && git config commit.gpgsign false")
	w.do("echo one >file && chmod +x file && ln -s file link && mkdir bin && echo two >bin/app && git add . && git commit -qm one")
	return w
}

func (w work) try(script string) (string, error) {
	cmd := exec.Command("/bin/sh", "-ec", script)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_GLOBAL=/dev/null", "HOME="+w.dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (w work) do(script string) string {
	w.t.Helper()
	out, err := w.try(script)
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return out
}

func (w work) refused(script string, parts ...string) {
	w.t.Helper()
	out, err := w.try(script)
	if err == nil {
		w.t.Errorf("%s: is taken\n%s", script, out)
	}
	for _, part := range parts {
		if !strings.Contains(out, part) {
			w.t.Errorf("%s: got\n%s\nwant %q", script, out, part)
		}
	}
}

func TestPush(t *testing.T) {
	h, w := newHost(t, developer), newWork(t)
	if out := w.do("git push " + h.url + " main 2>&1"); !strings.Contains(out, "remote: running at https://shop/") {
		t.Errorf("got\n%s", out)
	}
	z, err := zip.NewReader(bytes.NewReader(h.packages[0]), int64(len(h.packages[0])))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range z.File {
		got = append(got, fmt.Sprint(f.Mode(), " ", f.Name))
	}
	want := "drwxr-xr-x bin/\n-rw-r--r-- bin/app\n-rwxr-xr-x file\nLrwxr-xr-x link"
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
	if out := w.do("git push " + h.url + ".git main 2>&1"); !strings.Contains(out, "Everything up-to-date") {
		t.Errorf("got\n%s", out)
	}
	w.do("git checkout -q --orphan other && git commit -qm again && git push -f " + h.url + " HEAD:main 2>&1") // as people do
	if len(h.packages) != 2 {
		t.Errorf("%d packages, want 2", len(h.packages))
	}
}

// TestRefusedPush leaves the branch where it was: the next push of the same commit deploys.
func TestRefusedPush(t *testing.T) {
	h, w := newHost(t, developer), newWork(t)
	h.install = func(n int) api.InstallAnswer {
		if n == 1 {
			return api.InstallAnswer{Status: "installed_not_started", Message: "npm ERR! line one\nline two",
				Hints: []api.Hint{{Means: "it means this", Write: "that"}}}
		}
		return api.InstallAnswer{Status: "running", Message: "running"}
	}
	w.refused("git push "+h.url+" main", "remote: npm ERR! line one", "remote: line two", "remote: hint: it means this: that",
		"remote: the branch stays where it was", "pre-receive hook declined")
	w.do("git push " + h.url + " main")
	if len(h.packages) != 2 {
		t.Errorf("%d packages, want 2", len(h.packages))
	}
}

// TestPushesAreOrdered: of two at once one waits for the other, and then starts from an old state.
func TestPushesAreOrdered(t *testing.T) {
	h, one, two := newHost(t, developer), newWork(t), newWork(t)
	inHand, goOn := make(chan struct{}), make(chan struct{})
	h.install = func(n int) api.InstallAnswer {
		if n == 1 {
			close(inHand)
			<-goOn
		}
		return api.InstallAnswer{Status: "running", Message: "running"}
	}
	ended := make(chan string)
	go func() {
		out, err := one.try("git push " + h.url + " main")
		ended <- fmt.Sprint(out, err)
	}()
	<-inHand
	two.do("echo other >file && git commit -qam other")
	cmd := exec.Command("git", "push", h.url, "main")
	cmd.Dir = two.dir
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for buf := make([]byte, 256); !strings.Contains(text.String(), "waiting for the push before this one"); {
		n, err := said.Read(buf)
		if text.Write(buf[:n]); err != nil {
			t.Fatalf("%v\n%s", err, text.String())
		}
	}
	close(goOn)
	if out := <-ended; !strings.Contains(out, "running") {
		t.Errorf("the first: %s", out)
	}
	rest, _ := io.ReadAll(said)
	if err := cmd.Wait(); err == nil || !strings.Contains(string(rest), "another push came first") {
		t.Errorf("the second: %v\n%s", err, rest)
	}
	if h.most != 1 || len(h.packages) != 1 {
		t.Errorf("%d at once, %d packages", h.most, len(h.packages))
	}
}

func TestWhatIsNotTaken(t *testing.T) {
	h, w := newHost(t, developer), newWork(t)
	w.refused("git push "+h.url+" main:feature", "only the branch main (or master) is deployed")
	w.refused("git push "+h.url+" main main:feature", "push one branch at a time")
	w.refused("git clone "+h.url+" copy", "nothing can be fetched or cloned")
	w.do("git push " + h.url + " main")
	w.refused("git push "+h.url+" :main", "the branch stays")
	w.do("git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub && git commit -qm sub")
	w.refused("git push "+h.url+" main", "it has submodules")
	w.do("git reset -q --hard HEAD~1 && head -c 5000000 /dev/urandom >big && git add big && git commit -qm big")
	w.refused("git push "+h.url+" main", "pack exceeds maximum allowed size")
	w.do("git reset -q --hard HEAD~1 && head -c 9000000 /dev/zero >big && git add big && git commit -qm bomb")
	w.refused("git push "+h.url+" main", "larger than a package may be")
	w.do("git reset -q --hard HEAD~1")
	bomb := func(blob, depth string) string { // each folder has the one below it a hundred times
		return `tree=$(printf '100644 blob %s\tfile\n' $(` + blob + ` | git hash-object -w --stdin) | git mktree)
			for depth in ` + depth + `; do
				tree=$(for i in $(seq 100); do printf '040000 tree %s\t%s\n' $tree $i; done | git mktree)
			done; git push ` + h.url + ` $(git commit-tree -p HEAD -m bomb $tree):refs/heads/main`
	}
	w.refused(bomb("echo", "1 2"), "more files, folders and links than a package may have")
	w.refused(bomb("head -c 1000000 /dev/zero", "1"), "its files could not be read")
	w.do(`blob=$(git hash-object -w file) &&
		tree=$(printf '100644 blob %s\t.git\n' $blob | git -c core.protectNTFS=false mktree) &&
		git push ` + h.url + ` $(git commit-tree -p HEAD -m hostile $tree):refs/heads/main 2>&1 | grep hasDotgit`)
	if len(h.packages) != 1 {
		t.Errorf("%d packages, want 1", len(h.packages))
	}
}

// post sends what git would send.
func (h *host) post(body io.Reader, length int64) (status int, text string) {
	r, err := http.NewRequest(http.MethodPost, h.url+"/git-receive-pack", body)
	if err != nil {
		return 0, err.Error()
	}
	r.ContentLength = length
	r.Header.Set("Content-Type", "application/x-git-receive-pack-request")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(said)
}

// Who only looks makes no application: neither git ls-remote, nor a push that only tries, nor the
// question before a large one.
func TestOnlyAPushMakesAnApplication(t *testing.T) {
	h, w := newHost(t, developer), newWork(t)
	w.refused("git ls-remote "+h.url, "nothing can be fetched or cloned")
	if out := w.do("git push --dry-run " + h.url + " main 2>&1"); !strings.Contains(out, "[new branch]") {
		t.Errorf("got\n%s", out)
	}
	for _, body := range []string{"", "0000"} {
		if status, text := h.post(strings.NewReader(body), int64(len(body))); status != http.StatusOK || text != "" {
			t.Errorf("nothing is answered by %d %q", status, text)
		}
	}
	if n := h.asked(); n != 0 {
		t.Errorf("asked for %d times", n)
	}
	h.never = true
	w.refused("git push "+h.url+" main", "remote: shop is of root")
	h.never = false
	w.do("git push " + h.url + " main")
	if out := w.do("git push " + h.url + " main 2>&1"); !strings.Contains(out, "up-to-date") || h.asked() != 1 {
		t.Errorf("asked for %d times\n%s", h.asked(), out)
	}
}

// A repository keeps a bounded history, and nothing that a forced push has replaced.
func TestARepositoryIsBounded(t *testing.T) {
	h, w := newHost(t, developer), newWork(t)
	kept := func() (kib int) {
		out := w.do("du -sk " + filepath.Join(h.dir, instance, "repository", "objects"))
		if _, err := fmt.Sscan(out, &kib); err != nil {
			t.Fatal(err)
		}
		return kib
	}
	push := "git push " + h.url + " main"
	w.do("head -c 3000000 /dev/urandom >big && git add big && git commit -qm big && " + push)
	w.do("head -c 3000000 /dev/urandom >big && git commit -qam bigger")
	w.refused(push, "remote: its history has 5 MiB, and a repository keeps 5 MiB at most (git.max_size in nexushub.toml)",
		"remote: git push --force REMOTE $(git commit-tree -m start ")
	if before := kept(); before > 4000 {
		t.Errorf("what was refused is kept: %d KiB", before)
	}
	stale := filepath.Join(h.dir, instance, "repository", "objects", "tmp_objdir-incoming-x")
	w.do("mkdir " + stale + " && head -c 3000000 /dev/urandom >" + stale + "/pack && touch -d '2 hours ago' " + stale)
	w.do("git push --force " + h.url + " $(git commit-tree -m start HEAD^{tree}):refs/heads/main")
	if after := kept(); after > 4000 {
		t.Errorf("what was replaced is kept: %d KiB", after)
	}
	w.do("git reset -q --hard HEAD~2 && mkdir many && for i in $(seq 3000); do echo $i >many/$i; done && git add . && git commit -qm many")
	w.refused("git push --force "+h.url+" main", "remote: its history has more objects, and a repository keeps 3000 at most")
	w.do("git reset -q --hard HEAD~1 && git push --force " + h.url + " main && git push " + h.url + " main:master")
	if after := kept(); after > 1000 {
		t.Errorf("what was replaced is kept: %d KiB", after)
	}
}

// Who begins pushes and does not go on holds no more of the host than a few.
func TestPushesAreFew(t *testing.T) {
	h, w := newHost(t, developer), newWork(t)
	answers := make(chan string)
	var bodies []io.WriteCloser
	for range 5 {
		body, rest := io.Pipe()
		bodies = append(bodies, rest)
		go func() {
			_, text := h.post(body, 1<<20)
			answers <- text
		}()
		go io.WriteString(rest, "00b8")
	}
	if got := <-answers; !strings.Contains(got, "\x034 pushes to shop are under way; push again when one of them has ended") {
		t.Errorf("the first answer of five is %q", got)
	}
	for _, body := range bodies {
		body.Close()
	}
	for range 4 {
		<-answers
	}
	out, err := w.try("git push " + h.url + " main")
	for err != nil && strings.Contains(out, "remote: 4 pushes to shop are under way") { // the server has not noticed yet
		out, err = w.try("git push " + h.url + " main")
	}
	if err != nil {
		t.Errorf("afterwards: %v\n%s", err, out)
	}
	h.mu.Lock()
	h.full = errors.New("nothing is free")
	h.mu.Unlock()
	w.do("git commit -q --allow-empty -m more")
	w.refused("git push "+h.url+" main", "remote: ", "nothing is free", "507")
}

func TestWhoMayPush(t *testing.T) {
	w := newWork(t)
	for name, c := range map[string]struct {
		who  caller.Caller
		want string
	}{
		"viewer": {caller.Caller{Installer: audience.Token("t"), Token: "eyes", Role: api.Viewer, Applications: []string{"shop"}},
			"this needs the role developer"},
		"no role": {caller.Caller{Installer: audience.Token("t"), Token: "old"}, "has no role"},
		"nobody":  {caller.Caller{}, "unknown caller"},
		"not his": {caller.Caller{Installer: audience.Token("t"), Token: "ci", Role: api.Developer, Applications: []string{"blog"}},
			"is not among them"},
	} {
		h := newHost(t, c.who)
		w.refused("git push "+h.url+" main", "remote: ", c.want, "403")
		if len(h.packages) != 0 {
			t.Errorf("%s: deployed", name)
		}
	}
}
