package programs_test

import (
	"encoding/json"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// monitoring is where the package has the scrape configuration, the rules and the dashboard.
const monitoring = "/usr/share/doc/nexushub/monitoring/"

// What monitoring has is used as it is by a real Prometheus: its rules are right, it reaches agent and proxy, every
// metric that a rule or a panel names is there, every panel shows something, and an alert is raised for what happens.
func TestMonitoring(t *testing.T) {
	h := lab.NewHost(t, lab.Bookworm, debian...)
	t.Run("rules", func(t *testing.T) { rules(t, h) })
	watched(t, h)
	p := prometheus{h}
	lab.Eventually(t, "Prometheus reaches agent and proxy", func() error {
		up := p.query(t, `up{job=~"nexushub|nexushub-proxy"} == 1`)
		return lab.Unless(len(up) == 2, "%d are up", len(up))
	})
	board := dashboard(t, h)
	t.Run("every metric is there", func(t *testing.T) {
		names := metricNames(string(h.Must(t, "cat", monitoring+"nexushub.rules.yml")) + strings.Join(board, "\n"))
		lab.Eventually(t, "every metric is there", func() error {
			missing := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return len(p.query(t, name)) > 0 })
			return lab.Unless(len(missing) == 0, "missing: %q", missing)
		})
	})
	t.Run("every panel shows something", func(t *testing.T) {
		for _, expression := range board {
			lab.Eventually(t, expression, func() error {
				return lab.Unless(len(p.query(t, expression)) > 0, "it is empty")
			})
		}
	})
	t.Run("alerts", func(t *testing.T) {
		h.TrySh(t, "nexushub run shop nightly") // which fails
		for _, alert := range []string{
			`ALERTS{alertname="NexusHubCrashLoop", app="loop"}`,
			`ALERTS{alertname="NexusHubJobFailed", app="shop", exported_job="nightly", alertstate="firing"}`,
		} {
			lab.Eventually(t, alert, func() error { return lab.Unless(len(p.query(t, alert)) > 0, "it is not raised") })
		}
		if wrong := p.query(t, `ALERTS{app="shop", alertname!="NexusHubJobFailed"}`); len(wrong) > 0 {
			t.Errorf("raised for an application that is well: %s", wrong)
		}
	})
}

// rules asks Debian's own promtool; each alert has a unit test in which it is raised.
func rules(t *testing.T, h *lab.Host) {
	const tests = "nexushub.rules_test.yml"
	text, err := os.ReadFile("testdata/" + tests)
	if err != nil {
		t.Fatal(err)
	}
	h.Sh(t, "cp -r "+monitoring+" /tmp/rules")
	h.Write(t, "/tmp/rules/"+tests, string(text))
	h.Sh(t, "cd /tmp/rules && promtool check config prometheus.yml && promtool test rules "+tests)
	shipped := h.Must(t, "cat", monitoring+"nexushub.rules.yml")
	alerts := regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(shipped, -1)
	if len(alerts) < 10 {
		t.Errorf("only %d alerts found: the search is broken", len(alerts))
	}
	for _, a := range alerts {
		if !regexp.MustCompile(`alertname: ` + a[1] + `\s+exp_alerts: \[\{`).Match(text) {
			t.Errorf("no test raises %s", a[1])
		}
	}
}

// watched has one application that is well, with replicas, a job and requests, and one that is not; and Debian's
// Prometheus, which is told of nothing but what the package has. It asks more often than it would, to be done sooner.
func watched(t *testing.T, h *lab.Host) {
	t.Helper()
	h.Write(t, "/etc/nexushub/conf.d/50-metrics.toml", "[metrics]\nlisten = \"127.0.0.1:9180\"\n")
	h.Write(t, "/srv/shop/Procfile", "web: python3 -m http.server --bind 127.0.0.1 $PORT\n")
	h.Write(t, "/srv/shop/nexushub.toml", "replicas = 2\n[jobs.nightly]\nschedule = \"*-*-* 03:00\"\nexec = [\"false\"]\n"+
		"[jobs.hourly]\nschedule = \"hourly\"\nexec = [\"true\"]\n")
	h.Write(t, "/srv/loop/Procfile", "web: exit 1\n")
	h.Sh(t, `systemctl restart nexushubd
nexushub deploy --quiet /srv/shop
nexushub run shop hourly
! nexushub deploy --quiet /srv/loop
cp `+monitoring+`nexushub.rules.yml `+monitoring+`prometheus.yml /etc/prometheus
sed -i 's/_interval: 15s/_interval: 1s/' /etc/prometheus/prometheus.yml
systemctl start prometheus`)
	h.Sh(t, "mkdir -m 700 -p /var/backups/nexushub; systemctl start nexushub-backup.service")
	h.AwaitState(t, "shop", api.StateRunning)
	h.AwaitServed(t, "https://shop."+domain+":8443/")
}

// prometheus is the one of the machine.
type prometheus struct{ *lab.Host }

// query returns the series of an expression. Before it listens there are none.
func (p prometheus) query(t *testing.T, expression string) (series []map[string]string) {
	t.Helper()
	answer, err := p.Try(t, "curl", "-sS", "--max-time", "10",
		"http://127.0.0.1:9090/api/v1/query?query="+url.QueryEscape(expression))
	if err != nil {
		return nil
	}
	var a struct {
		Error string
		Data  struct {
			Result []struct{ Metric map[string]string }
		}
	}
	if err := json.Unmarshal([]byte(answer), &a); err != nil {
		return nil // it is starting
	}
	if a.Error != "" {
		t.Fatalf("%s: %s", expression, a.Error)
	}
	for _, r := range a.Data.Result {
		series = append(series, r.Metric)
	}
	return series
}

// dashboard returns the expressions of the dashboard as Grafana sends them when everything is chosen.
func dashboard(t *testing.T, h *lab.Host) (expressions []string) {
	t.Helper()
	var d struct {
		Panels []struct {
			Title, Type string
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(h.Must(t, "cat", monitoring+"nexushub.dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	filled := strings.NewReplacer("$instance", ".*", "$app", ".*", "$__rate_interval", "30s")
	for _, p := range d.Panels {
		if len(p.Targets) == 0 && p.Type != "row" {
			t.Errorf("the panel %q asks nothing", p.Title)
		}
		for _, target := range p.Targets {
			expressions = append(expressions, filled.Replace(target.Expr))
		}
	}
	if len(expressions) < 20 {
		t.Fatalf("only %d expressions found: the search is broken", len(expressions))
	}
	return expressions
}

// metricNames are those that a text names.
func metricNames(text string) []string {
	names := regexp.MustCompile(`\b(nexushub|process|go)_\w+`).FindAllString(text, -1)
	slices.Sort(names)
	return slices.Compact(names)
}
