package e2e

import (
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// Something that nobody here wrote: Debian's prometheus as it is, from a package, with
// its data in the STATE_DIRECTORY.
func TestPrometheusIsAnApplication(t *testing.T) {
	const url = "https://prometheus.yesterday.localhost:8443"
	onEachSuite(t, func(t *testing.T, h *host) {
		h.Sh(t, "mkdir -p /srv/prometheus/bin; cp /opt/prometheus/usr/bin/prometheus /srv/prometheus/bin/")
		h.Write(t, "/srv/prometheus/prometheus.yml", `global: {scrape_interval: 1s}
scrape_configs: [{job_name: self, static_configs: [{targets: ["127.0.0.1:10000"]}]}]
`)
		h.Write(t, "/srv/prometheus/bin/app", `#!/bin/sh
exec ./bin/prometheus --config.file=prometheus.yml --storage.tsdb.path="$STATE_DIRECTORY" --web.listen-address="127.0.0.1:$PORT"
`)
		h.Sh(t, "chmod 755 /srv/prometheus/bin/app")
		h.Define(t, "prometheus", `instance_id = "5d2a9f4e-6d0f-4f3c-9df8-0c8d7a1b2c3d"
host_name = "prometheus.yesterday.localhost"
package = "/srv/prometheus"
proxy_all = true
health = { path = "/-/healthy" }
`)
		h.Reload(t)
		h.AwaitServed(t, url+"/-/ready")
		h.AwaitServed(t, url+"/metrics")
		samples := func() string {
			return h.Sh(t, "ls -A $(readlink -f /var/lib/nexushub-apps/5d2a9f4e-6d0f-4f3c-9df8-0c8d7a1b2c3d)/wal")
		}
		if samples() == "" {
			t.Error("no data in its state directory")
		}
		h.Must(t, "nexushub", "restart", "prometheus")
		h.AwaitServed(t, url+"/-/ready")
		lab.Eventually(t, "Prometheus replays its write-ahead log",
			func() error { return h.logged(t, "prometheus", "WAL segment loaded") })
		if out := h.Must(t, "systemctl", "show", "-p", "DynamicUser,StateDirectory",
			h.AwaitUnit(t, "prometheus")); !strings.Contains(out, "DynamicUser=yes") {
			t.Errorf("not sandboxed: %s", out)
		}
	})
}
