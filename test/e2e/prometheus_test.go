package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// Something that nobody here wrote: Debian's prometheus as it is, from a package, with
// its data in the STATE_DIRECTORY.
func TestPrometheusIsAnApplication(t *testing.T) {
	const url = "https://prometheus.yesterday.localhost:8443"
	onEachSuite(t, func(t *testing.T, h *host) {
		h.sh("mkdir -p /srv/prometheus/bin; cp /opt/prometheus/usr/bin/prometheus /srv/prometheus/bin/")
		h.write("/srv/prometheus/prometheus.yml", `global: {scrape_interval: 1s}
scrape_configs: [{job_name: self, static_configs: [{targets: ["127.0.0.1:10000"]}]}]
`)
		h.write("/srv/prometheus/run", `#!/bin/sh
exec ./bin/prometheus --config.file=prometheus.yml --storage.tsdb.path="$STATE_DIRECTORY" --web.listen-address="127.0.0.1:$PORT"
`)
		h.sh("chmod 755 /srv/prometheus/run")
		h.app("prometheus", `instance_id = "5d2a9f4e-6d0f-4f3c-9df8-0c8d7a1b2c3d"
host_name = "prometheus.yesterday.localhost"
package = "/srv/prometheus"
exec = ["run"]
proxy_all = true
health = { path = "/-/healthy" }
`)
		h.reload()
		h.serves(url + "/-/ready")
		const query = url + "/graph"
		h.serves(query)
		samples := func() string {
			return h.sh("ls -A $(readlink -f /var/lib/nexushub-apps/5d2a9f4e-6d0f-4f3c-9df8-0c8d7a1b2c3d)/wal")
		}
		if samples() == "" {
			t.Error("no data in its state directory")
		}
		unit := h.unit("prometheus")
		h.Must(t, "nexushub", "restart", "prometheus")
		h.serves(url + "/-/ready")
		h.eventually("it replays what it had written", func() error { return h.logged("prometheus", "WAL segment loaded") })
		if out := h.Must(t, "systemctl", "show", "-p", "DynamicUser,StateDirectory", unit); !strings.Contains(out, "DynamicUser=yes") {
			t.Errorf("not sandboxed: %s", fmt.Sprint(out))
		}
	})
}
