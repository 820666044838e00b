package debug_test

import (
	"net/http"
	"testing"
	"time"
)

// Of a deleted application nothing is left: no unit, no upload, no release, no state.
func TestDeleteLeavesNothing(t *testing.T) {
	f := newFile(hello(t), 1<<20)
	onSuites(t, func(t *testing.T, h *host) {
		id := h.install(t, "gone", f)
		h.Must(t, "test", "-d", "/var/lib/private/nexushub-apps/"+id)
		h.must(t, 204, http.MethodDelete, "/"+id, "")
		for _, dir := range []string{"/var/lib/private/nexushub-apps", "/var/lib/nexushub-apps", "/var/lib/nexushub/uploads"} {
			if left := h.Must(t, "ls", "-A", dir); left != "" {
				t.Errorf("%s: %s", dir, left)
			}
		}
		if left := h.Must(t, "systemctl", "list-units", "--all", "--plain", "--no-legend", "nexushub-app-*"); left != "" {
			t.Errorf("units: %s", left)
		}
		const releases = "ls -A /var/lib/nexushub/releases | grep -v '^.meta' || true"
		for deadline := time.Now().Add(20 * time.Second); h.Must(t, "sh", "-c", releases) != ""; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("releases: %s", h.Must(t, "sh", "-c", releases))
			}
		}
	})
}
