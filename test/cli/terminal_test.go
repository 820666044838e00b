package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// terminal is a real one, tmux's, with a program in it.
type terminal struct {
	t   *testing.T
	dir string // of tmux's socket
}

// inTerminal runs the client in the machine with a terminal of its own. Around it a
// shell, which no key ends, tells the settings of the terminal before and after.
func inTerminal(t *testing.T, h *lab.Host, args ...string) *terminal {
	t.Helper()
	return runInTerminal(t, h, "env", append([]string{"TERM=xterm", "nexushub"}, args...)...)
}

func runInTerminal(t *testing.T, h *lab.Host, name string, args ...string) *terminal {
	t.Helper()
	x := &terminal{t, t.TempDir()}
	cmd := h.Terminal(context.Background(), name, args...)
	line := make([]string, len(cmd.Args))
	for i, arg := range cmd.Args {
		line[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
	}
	script := `trap "" INT QUIT; echo "before $(stty -g)"; ` + strings.Join(line, " ") +
		`; echo "left with $?"; echo "after $(stty -g)"; exec sleep infinity`
	t.Cleanup(func() { _ = x.tmux("kill-server").Run() })
	if out, err := x.tmux("-f", "/dev/null", "new-session", "-d", "-x", "140", "-y", "40",
		script).CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v: %s", err, out)
	}
	return x
}

func (x *terminal) tmux(args ...string) *exec.Cmd {
	cmd := exec.Command("tmux", append([]string{"-u", "-S", filepath.Join(x.dir, "s")}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TMUX=")
	return cmd
}

// text is what is and was on the screen.
func (x *terminal) text() string { return x.capture() }

func (x *terminal) capture(options ...string) string {
	x.t.Helper()
	out, err := x.tmux(append([]string{"capture-pane", "-p", "-J", "-S", "-"}, options...)...).CombinedOutput()
	if err != nil {
		x.t.Fatalf("tmux: %v: %s", err, out)
	}
	return string(out)
}

// await waits for a pattern to appear and returns its groups.
func (x *terminal) await(pattern string) (groups []string) {
	x.t.Helper()
	re := regexp.MustCompile("(?s)" + pattern)
	lab.Within(x.t, 90*time.Second, fmt.Sprintf("the terminal shows %q", pattern), func() error {
		text := x.text()
		groups = re.FindStringSubmatch(text)
		return lab.Unless(groups != nil, "\n%s", text)
	})
	return groups
}

// press sends keys by tmux's names.
func (x *terminal) press(key string) {
	x.t.Helper()
	if out, err := x.tmux("send-keys", key).CombinedOutput(); err != nil {
		x.t.Fatalf("tmux: %v: %s", err, out)
	}
}

// leaves waits for the end of the client: its exit code, and the terminal as it was.
func (x *terminal) leaves(code int) {
	x.t.Helper()
	found := x.await(`before (\S+)\n.*left with (\d+)\nafter (\S+)\n`)
	if found[2] != strconv.Itoa(code) {
		x.t.Errorf("exit code %s, not %d:\n%s", found[2], code, x.text())
	}
	if found[1] != found[3] {
		x.t.Errorf("the terminal is not as it was: %s, not %s", found[3], found[1])
	}
}

const loop = "#!/bin/sh\nwhile :; do echo tick; sleep 1; done\n"

// hostWithApp has a folder to deploy.
func hostWithApp(t *testing.T) *lab.Host {
	t.Helper()
	h := lab.NewHost(t, lab.Bookworm)
	h.WriteMode(t, "/srv/app/bin/app", []byte(loop), 0o755)
	h.Write(t, "/srv/app/nexushub.toml", "[health]\ntype = \"none\"\n")
	return h
}

// Everything that a terminal makes different.
func TestTerminal(t *testing.T) {
	h := hostWithApp(t)
	t.Run("keys", func(t *testing.T) { devTakesKeys(t, h) })
	t.Run("ends", func(t *testing.T) { devEnds(t, h) })
	t.Run("colours", func(t *testing.T) { colours(t, h) })
	t.Run("upload", func(t *testing.T) { uploadGoesOn(t, h) })
	t.Run("top", func(t *testing.T) { topLeaves(t, h) })
	t.Run("exec", func(t *testing.T) { execHasATerminal(t, h) })
	t.Run("secret", func(t *testing.T) { secretsAreNotShown(t, h) })
	t.Run("remove", func(t *testing.T) { removeAsks(t, h) })
}

// In a terminal dev takes keys, at any time, and leaves the terminal as it was.
func devTakesKeys(t *testing.T, h *lab.Host) {
	x := inTerminal(t, h, "dev", "/srv/app", "--build", "echo built")
	x.await(`built.*running.*R: rebuild and redeploy, Q: stop.* tick`)
	x.press("r")
	x.await(`built.*R: rebuild.*built.*R: rebuild`)
	x.press("q")
	x.await("removed application app-dev")
	x.leaves(0)

	x = inTerminal(t, h, "dev", "/srv/app", "--build", "echo building; sleep 1000")
	x.await(`\nbuilding`)
	x.press("Q")
	x.leaves(0)
	if out, err := h.Try(t, "pgrep", "-xa", "sleep"); strings.Contains(out, "1000") {
		t.Errorf("the build is still running: %s (%v)", out, err)
	}

	x = inTerminal(t, h, "dev", "/srv/app", "--build", "echo no; exit 3")
	x.await(`exit status 3.*R: rebuild`)
	x.press("q")
	x.leaves(0)
}

// Ctrl-C, signals and the loss of the terminal end dev as Q does, with the exit code of
// an interrupted command.
func devEnds(t *testing.T, h *lab.Host) {
	for _, how := range []func(*terminal){
		func(x *terminal) { x.press("C-c") },
		func(*terminal) { h.Must(t, "pkill", "-TERM", "-x", "nexushub") },
	} {
		x := inTerminal(t, h, "dev", "/srv/app")
		x.await(`R: rebuild.* tick`)
		how(x)
		x.await("removed application app-dev")
		x.leaves(130)
	}
	x := inTerminal(t, h, "dev", "/srv/app")
	x.await(`R: rebuild.* tick`)
	if out, err := x.tmux("kill-server").CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v: %s", err, out)
	}
	h.Must(t, "timeout", "60", "sh", "-c", "while pgrep -x nexushub; do sleep 0.1; done")
	if out := h.Must(t, "nexushub", "list"); strings.Contains(out, "app-dev") {
		t.Errorf("it is still there:\n%s", out)
	}
}

// top draws until Q.
func topLeaves(t *testing.T, h *lab.Host) {
	x := inTerminal(t, h, "top", "--every", "200ms")
	x.await(`NAME +STATE +CPU`)
	x.press("q")
	x.leaves(0)
}

// Colours are for a terminal that may have some.
func colours(t *testing.T, h *lab.Host) {
	h.Must(t, "nexushub", "token", "create", "colour")
	for _, c := range []struct {
		env  string
		want bool
	}{{"TERM=xterm", true}, {"NO_COLOR=1", false}, {"TERM=dumb", false}} {
		x := runInTerminal(t, h, "env", "TERM=xterm", c.env, "nexushub", "token", "list")
		x.leaves(0)
		if got := strings.Contains(x.capture("-e"), "\x1b["); got != c.want {
			t.Errorf("%s: coloured %v, want %v:\n%q", c.env, got, c.want, x.capture("-e"))
		}
	}
}

// An upload of some size shows how far it is, how fast, and how long it takes, in one
// line. After Ctrl-C, and after the client or the agent is killed, it resumes where
// it was. The agent is slowed down, so that there is something to interrupt.
func uploadGoesOn(t *testing.T, h *lab.Host) {
	h.Must(t, "dd", "if=/dev/urandom", "of=/srv/app/ballast.gz", "bs=1M", "count=200", "status=none")
	slow := func(quota string) {
		h.Must(t, "systemctl", "set-property", "--runtime", "nexushubd.service", "CPUQuota="+quota)
	}
	slow("10%")
	x := inTerminal(t, h, "deploy", "/srv/app")
	x.await(`uploading +[1-9][0-9]?%[^\n]*\([0-9.]+/[0-9.]+ MiB, [0-9.]+ [KM]iB/s\) \[[0-9hms]+:[0-9hms]+\]`)
	x.press("C-c")
	x.await("uploaded; run the same command to resume")
	x.leaves(130)
	if n := strings.Count(x.text(), "uploading"); n != 1 {
		t.Errorf("the bar fills %d lines:\n%s", n, x.text())
	}

	first := chunks(t, h)
	x = inTerminal(t, h, "deploy", "/srv/app")
	x.await(`already uploaded.*uploading +[1-9][0-9]?%`)
	second := chunks(t, h)
	h.Must(t, "pkill", "-KILL", "-x", "nexushub")
	x.leaves(137)

	x = inTerminal(t, h, "deploy", "/srv/app")
	there, err := strconv.ParseFloat(x.await(`resuming: ([0-9.]+) MiB of [0-9.]+ MiB already uploaded.*uploading`)[1], 64)
	if err != nil || first == 0 || second <= first || int(there) < 2*second {
		t.Errorf("%d chunks of 2 MiB had arrived, then %d, but it resumes at %v MiB (%v)", first, second, there, err)
	}
	h.Must(t, "systemctl", "kill", "--kill-whom=main", "--signal=KILL", "nexushubd")
	slow("")
	x.await(`https://app\.yesterday\.localhost:8443/`)
	x.leaves(0)
	if left := h.Must(t, "find", "/tmp", "-name", "nexushub-*.zip"); left != "" {
		t.Errorf("left behind: %s", left)
	}
}

// A command in the application's sandbox gets the terminal, and its end is ours.
func execHasATerminal(t *testing.T, h *lab.Host) {
	x := inTerminal(t, h, "exec", "app", "--", "sh")
	x.await(`\n\$ ?\n`)
	x.press("test -t 0 -a -t 1 && echo on a terminal of $(id -un | cut -c1-3); exit 7")
	x.press("Enter")
	x.await(`\non a terminal of nh-`)
	x.leaves(7)
}

// A secret that is typed is not shown; Ctrl-C leaves at once, with the terminal as it was.
func secretsAreNotShown(t *testing.T, h *lab.Host) {
	x := inTerminal(t, h, "secret", "set", "app", "KEY")
	x.await(`value of KEY: `)
	x.press("C-c")
	x.leaves(130)

	x = inTerminal(t, h, "secret", "set", "app", "KEY")
	x.await(`value of KEY: `)
	x.press("hush")
	x.press("Enter")
	x.await(`set KEY of app`)
	x.leaves(0)
	if strings.Contains(x.text(), "hush") {
		t.Errorf("it was shown:\n%s", x.text())
	}
}

// What is permanent is removed when somebody says yes, and by nothing else.
func removeAsks(t *testing.T, h *lab.Host) {
	for _, answer := range []string{"Enter", "C-d", "C-c"} {
		x := inTerminal(t, h, "remove", "app")
		x.await(`Remove app with what it has stored, its secrets and its releases\? \[y/N\]`)
		x.press(answer)
		x.leaves(map[string]int{"Enter": 1, "C-d": 1, "C-c": 130}[answer])
	}
	h.AwaitState(t, "app", api.StateRunning)
	x := inTerminal(t, h, "remove", "app")
	x.await(`\[y/N\]`)
	x.press("y")
	x.press("Enter")
	x.await("removed application app")
	x.leaves(0)
}

// chunks is how many of the application's upload have arrived.
func chunks(t *testing.T, h *lab.Host) int {
	t.Helper()
	out := h.Must(t, "sh", "-c",
		`id=$(curl -s --unix-socket /run/nexushub/api.sock http://agent/v1/deployed | sed 's/.*"id":"\([^"]*\)".*/\1/'); curl -s --unix-socket /run/nexushub/api.sock http://agent/v1/deployed/$id/upload/status`)
	var n int
	if _, rest, ok := strings.Cut(out, `"receivedChunks":`); ok {
		fmt.Sscan(rest, &n)
	}
	return n
}
