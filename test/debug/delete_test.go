package debug_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/nexushub/nexushub/test/lab"
)

// Of a deleted application nothing is left: no unit, no upload, no release, no state.
func TestDeleteLeavesNothing(t *testing.T) {
	f := newFile(hello(t), 1<<20)
	onSuites(t, func(t *testing.T, h *host) {
		id := h.install(t, "gone", f)
		h.Must(t, "test", "-d", "/var/lib/private/nexushub-apps/"+id)
		h.must(t, 204, http.MethodDelete, "/"+id, "")
		for _, dir := range []string{"/var/lib/private/nexushub-apps", "/var/lib/nexushub-apps",
			"/var/lib/nexushub/uploads"} {
			if left := h.Must(t, "ls", "-A", dir); left != "" {
				t.Errorf("%s: %s", dir, left)
			}
		}
		if left := h.Must(t, "systemctl", "list-units", "--all", "--plain", "--no-legend",
			"nexushub-app-*"); left != "" {
			t.Errorf("units: %s", left)
		}
		lab.Within(t, 20*time.Second, "the releases of the deleted application are removed", func() error {
			if left := h.Sh(t, "ls -A /var/lib/nexushub/releases | grep -v '^.meta' || true"); left != "" {
				return errors.New(left)
			}
			return nil
		})
	})
}
