package proxy_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
)

// browser is a headless Chromium of this host in the machine's network, driven over the
// DevTools protocol on a pair of pipes: JSON messages that end with a zero byte.
type browser struct {
	t       *testing.T
	out     io.Writer
	pipe    *os.File // what in reads
	in      *bufio.Reader
	session string
	last    int
	failed  []string // Chromium's names for why requests failed, once Network is enabled
	sent    []sent   // ... and what it has sent, redirects included
}

type sent struct{ method, url string }

// browse starts Chromium. It trusts the certificate that the machine shows for name.
func (h *host) browse(t *testing.T, name string, more ...string) *browser {
	t.Helper()
	fromUs, toBrowser := pipe(t)
	fromBrowser, toUs := pipe(t)
	log, err := os.Create(filepath.Join(t.TempDir(), "chromium.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := h.inNetwork(t.Context(), append([]string{"chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
		"--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--user-data-dir=" + t.TempDir(), "--ignore-certificate-errors-spki-list=" + h.keyHash(t, name),
		"--remote-debugging-pipe", "about:blank"}, more...)...)
	cmd.ExtraFiles = []*os.File{fromUs, toUs} // descriptors 3 and 4
	cmd.Stdout, cmd.Stderr = log, log
	start(t, cmd, log)
	fromUs.Close()
	toUs.Close()
	b := &browser{t: t, out: toBrowser, pipe: fromBrowser, in: bufio.NewReader(fromBrowser)}
	target := b.call("Target.createTarget", map[string]any{"url": "about:blank"})["targetId"]
	b.session, _ = b.call("Target.attachToTarget", map[string]any{"targetId": target, "flatten": true})["sessionId"].(string)
	return b
}

func pipe(t *testing.T) (r, w *os.File) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// inNetwork prepares a program of this host that sees the machine's network.
func (h *host) inNetwork(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{"-t", strconv.Itoa(h.PID()), "-n", "--"}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// start runs a program until the test ends; its log is shown when the test failed.
func start(t *testing.T, cmd *exec.Cmd, log *os.File) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Cancel()
		cmd.Wait()
		log.Close()
		if text, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
			t.Logf("%s:\n%s", log.Name(), text)
		}
	})
}

// keyHash names the certificate's key as Chromium wants it.
func (h *host) keyHash(t *testing.T, name string) string {
	t.Helper()
	c, err := h.handshake(t, name)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	sum := sha256.Sum256(c.ConnectionState().PeerCertificates[0].RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// call sends a command and waits for its result. Of the events before it, only requests
// are noted.
func (b *browser) call(method string, params map[string]any) map[string]any {
	b.t.Helper()
	b.last++
	message := map[string]any{"id": b.last, "method": method, "params": params}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	text, err := json.Marshal(message)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := b.pipe.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.out.Write(append(text, 0)); err != nil {
		b.t.Fatal(err)
	}
	for {
		text, err := b.in.ReadBytes(0)
		if err != nil {
			b.t.Fatalf("%s: %v", method, err)
		}
		var answer struct {
			ID     int
			Result map[string]any
			Error  any
			Method string
			Params map[string]any
		}
		if err := json.Unmarshal(text[:len(text)-1], &answer); err != nil {
			b.t.Fatalf("%s: %v: %s", method, err, text)
		}
		if failure, _ := answer.Params["errorText"].(string); answer.Method == "Network.loadingFailed" {
			b.failed = append(b.failed, failure)
		}
		if request, _ := answer.Params["request"].(map[string]any); answer.Method == "Network.requestWillBeSent" {
			b.sent = append(b.sent, sent{fmt.Sprint(request["method"]), fmt.Sprint(request["url"])})
		}
		if answer.ID != b.last {
			continue
		}
		if answer.Error != nil {
			b.t.Fatalf("%s: %v", method, answer.Error)
		}
		return answer.Result
	}
}

// text waits until the element has a text that accept likes.
func (b *browser) text(element string, accept func(string) bool) string {
	b.t.Helper()
	var got string
	lab.Within(b.t, soon, "the page shows "+element, func() error {
		got, _ = b.run(fmt.Sprintf("document.querySelector(%q)?.textContent ?? ''", element)).(string)
		if !accept(got) {
			return fmt.Errorf("text %q", got)
		}
		return nil
	})
	return got
}

// run evaluates a script and returns its value.
func (b *browser) run(script string) any {
	b.t.Helper()
	result := b.call("Runtime.evaluate", map[string]any{"expression": script})
	value, _ := result["result"].(map[string]any)
	return value["value"]
}
