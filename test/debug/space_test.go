package debug_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// A full disk refuses uploads, unpacking and changes of state with 507, leaves nothing
// half-done, and what runs does not notice.
func TestDiskFull(t *testing.T) {
	f := newFile(hello(t), 1<<20)
	big := newFile(noise(24<<20), 2<<20)
	onSuites(t, func(t *testing.T, h *host) {
		h.configure(t, "[upload]\nfree_space = \"1M\"\n")
		running := h.install(t, "running", f)
		pid := h.pid(t, running)
		for _, place := range []string{"uploads", "releases", "state"} {
			t.Run(place, func(t *testing.T) { h.fillUp(t, place, f, big) })
			if now := h.pid(t, running); now != pid {
				t.Errorf("%s: process %s became %s", place, pid, now)
			}
			h.serves(t, "running.debug.yesterday.localhost")
		}
	})
}

func (h *host) configure(t *testing.T, text string) {
	t.Helper()
	h.WriteMode(t, "/etc/nexushub/conf.d/50-test.toml", []byte(text), 0o644)
	h.Must(t, "systemctl", "restart", "nexushubd")
}

// install brings an application to run.
func (h *host) install(t *testing.T, name string, f *file) (id string) {
	t.Helper()
	id = h.create(t, name)
	h.upload(t, id, f)
	if out := h.must(t, 200, http.MethodPost, "/"+id+"/install", ""); !strings.Contains(string(out), `"running"`) {
		t.Fatalf("install: %s", out)
	}
	return id
}

func (h *host) pid(t *testing.T, id string) string {
	t.Helper()
	_, rest, ok := strings.Cut(string(h.must(t, 200, http.MethodGet, "/"+id+"/status", "")), `"processId":`)
	if !ok {
		t.Fatal("no processId")
	}
	pid, _, _ := strings.Cut(rest, ",")
	return pid
}

func (h *host) serves(t *testing.T, host string) {
	t.Helper()
	res, err := h.HTTP.Get("https://" + host + ":8443/public/time")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || res.StatusCode != 200 {
		t.Errorf("%s: %d %s, %v", host, res.StatusCode, body, err)
	}
}

// fillUp replaces one folder of the agent by a small disk that is nearly full.
func (h *host) fillUp(t *testing.T, place string, f, big *file) {
	id := h.create(t, "victim")
	other := newFile(append(f.data, 0), f.size) // the same package as another file: a release of its own
	if place != "uploads" {
		h.upload(t, id, other)
	}
	dir := "/var/lib/nexushub/" + place
	h.smallDisk(t, dir, map[string]string{"uploads": "12M", "releases": "8M", "state": "64k"}[place])
	defer h.bigDisk(t, dir)
	switch place {
	case "uploads":
		h.wantNoSpace(t, id, big)
	case "releases":
		h.must(t, 507, http.MethodPost, "/"+id+"/install", "")
		if out := h.Sh(t, "ls -A "+dir+" | grep -c '^\\.unpack' || true"); out != "0" {
			t.Errorf("half a release is left: %s", h.Must(t, "ls", "-lA", dir))
		}
	case "state":
		h.Sh(t, "dd if=/dev/zero of="+dir+"/filler bs=1k 2>/dev/null || true")
		h.must(t, 507, http.MethodPost, "/"+id+"/install", "")
		h.must(t, 507, http.MethodPost, "", `{"appId":"one-more"}`)
	}
	out := h.must(t, 200, http.MethodGet, "/"+id+"/status", "")
	if !strings.Contains(string(out), `"status":"pending"`) {
		t.Errorf("the victim is installed: %s", out)
	}
}

// wantNoSpace uploads until the disk is full.
func (h *host) wantNoSpace(t *testing.T, id string, f *file) {
	t.Helper()
	for i := range f.chunks() {
		status, answer := h.send(t.Context(), h.HTTP, id, f, i)
		if status == http.StatusInsufficientStorage {
			return
		}
		if status != http.StatusOK {
			t.Fatalf("chunk %d: %d %s", i, status, answer)
		}
	}
	t.Error("everything fitted")
}

// smallDisk mounts a small file system over dir with the same content, for the agent's
// own mount namespace too, which is a slave of the machine's.
func (h *host) smallDisk(t *testing.T, dir, size string) {
	t.Helper()
	script := fmt.Sprintf(`set -e
systemctl --quiet stop nexushubd.service
cp -a %[1]s /root/saved
mount -t tmpfs -o size=%[2]s,mode=700 tmpfs %[1]s
cp -a /root/saved/. %[1]s/ || true
systemctl start nexushubd.service`, dir, size)
	if out, err := h.TrySh(t, script); err != nil {
		t.Fatal(err, out)
	}
}

func (h *host) bigDisk(t *testing.T, dir string) {
	t.Helper()
	script := fmt.Sprintf(`set -e
systemctl --quiet stop nexushubd.service
umount %[1]s
rm -rf /root/saved
systemctl start nexushubd.service`, dir)
	if out, err := h.TrySh(t, script); err != nil {
		t.Error(err, out)
	}
}
