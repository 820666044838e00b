package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
	"github.com/nexushub/nexushub/test/need"
)

const viteID = "5f0e4a4e-6f5b-4a52-9b8a-3f7f5d5f7e10"

// TestViteThroughTheProxy: a page of a development server loads in a browser, and a
// change of its source appears without a reload, over the WebSocket.
func TestViteThroughTheProxy(t *testing.T) {
	if err := need.Commands(t.Context(), "chromium=chromium", "npm=npm"); err != nil {
		t.Fatal(err)
	}
	project := viteProject(t)
	none := func(*testing.T) []application { return nil }
	onSuites(t, none, func(t *testing.T, h *host) {
		h.serveVite(t, project)
		h.deploy(t, application{name: "vite", id: viteID, config: "debug_port = 5173\n"})
		b := h.browse(t, "vite."+domain)
		say(t, project, "first")
		b.call("Page.navigate", map[string]any{"url": "https://vite." + domain + port + "/"})
		b.text("#message", is("first"))
		loaded := b.text("#loaded", func(s string) bool { return s != "" })
		say(t, project, "second")
		b.text("#message", is("second"))
		if again := b.text("#loaded", func(s string) bool { return s != "" }); again != loaded {
			t.Errorf("the page was loaded again: %s, then %s", loaded, again)
		}
	})
}

func is(want string) func(string) bool { return func(s string) bool { return s == want } }

// viteProject is a copy of examples/gallery/vite with what npm installs.
func viteProject(t *testing.T) string {
	t.Helper()
	root, err := need.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "vite.config.js", "index.html", "main.js"} {
		text, err := os.ReadFile(filepath.Join(root, "examples/gallery/vite", name))
		if err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), text, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	say(t, dir, "first")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // it asks a registry
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund")
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return dir
}

// say changes what the page shows, by one write: a server that is told of an empty file reads that, and may take the
// content that follows for the same change.
func say(t *testing.T, project, message string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(project, "message.js"), os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(f, "%-80s\n", "export const message = '"+message+"'") // as long as the text before
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func (h *host) serveVite(t *testing.T, project string) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "vite.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := h.inNetwork(t.Context(), "npm", "run", "dev")
	cmd.Dir, cmd.Stdout, cmd.Stderr = project, log, log
	start(t, cmd, log)
	lab.Within(t, soon, "Vite listens", func() error {
		c, err := h.DialContext(t.Context(), "tcp", "127.0.0.1:5173")
		if err != nil {
			return err
		}
		return c.Close()
	})
}
