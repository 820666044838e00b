package agent

import (
	"fmt"
	"testing"
	"time"

	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/units"
)

// A unit that is gone is told by its name, and one of an application whose name ends like that of a
// part is not taken for it.
func TestPartsOfPastUnits(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "shop.test")
		h.app(instanceA, "shop.worker.2")
		h.start()
		slug, like := h.view(shop).Name, h.view(instanceA).Name
		if like != slug[:4]+"-worker-2" {
			t.Fatalf("applications %s and %s", slug, like)
		}
		past := &h.agent.observed.past
		name := func(slug, rest string) string { return units.Prefix + slug + "-" + rest + ".service" }
		for unit, owner := range map[string]string{
			name("shop", "aaaaaaaa"):                   shop,
			name("shop", "worker-2-aaaaaaaa"):          shop,
			name("shop-worker-2", "bbbbbbbb"):          instanceA,
			name("shop-worker-2", "mailer-1-bbbbbbbb"): instanceA,
		} {
			past.add(unit, owner, time.Unix(0, 0))
		}
		for unit, want := range map[string]string{
			name("shop", "aaaaaaaa"):                   "web.1",
			name("shop", "worker-2-aaaaaaaa"):          "worker.2",
			name("shop-worker-2", "bbbbbbbb"):          "web.1",
			name("shop-worker-2", "mailer-1-bbbbbbbb"): "mailer.1",
			name("gone", "worker-12-cccccccc"):         "worker.12", // nothing is known of it
			h.view(shop).Unit:                          "web.1",
			"sshd.service":                             manifest.Web + ".1",
		} {
			process, replica := h.agent.PartOf(unit)
			if got := fmt.Sprintf("%s.%d", process, replica); got != want {
				t.Errorf("%s is %s, want %s", unit, got, want)
			}
		}
	})
}
