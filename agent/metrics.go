package agent

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/lastbackup"
	"github.com/nexushub/nexushub/internal/version"
	"github.com/nexushub/nexushub/units"
)

// Bus counts what went over D-Bus, see units.Manager.
type Bus interface{ Stats() units.Stats }

// Metrics tells Prometheus about the agent and its applications. Labels are names of
// applications, never of hosts, so that their number is bounded.
type Metrics struct {
	agent *Agent
	bus   Bus
}

// NewMetrics returns a collector of the agent's figures.
func NewMetrics(a *Agent, bus Bus) *Metrics { return &Metrics{agent: a, bus: bus} }

// metric describes one family.
func metric(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("nexushub_"+name, help, labels, nil)
}

var (
	metricBuild    = metric("build_info", "Version of nexushubd.", "version", "commit")
	metricUp       = metric("app_up", "1 while the application is running and healthy.", "app", "kind")
	metricState    = metric("app_state", "1 for the state that the application is in.", "app", "state")
	metricRestarts = metric("app_restarts_total",
		"Restarts of the application since its revision began, whoever made them.", "app")
	metricMemory     = metric("app_memory_bytes", "Memory of the application's cgroup.", "app")
	metricCPU        = metric("app_cpu_seconds_total", "CPU time of the application's current unit.", "app")
	metricTasksOf    = metric("app_tasks", "Tasks (threads) of the application.", "app")
	metricJobSuccess = metric("job_last_success_timestamp_seconds",
		"When the job of the application last succeeded, since 1970; 0: not since it is known.", "app", "job")
	metricJobFailures = metric("job_failures_total", "Runs of the job that failed, since it is known.", "app", "job")
	metricDeploys     = metric("deploys_total", "New revisions that began to serve, or were given up.", "result")
	metricTasks       = metric("tasks_total", "Finished tasks of the reconciler.", "action", "result")
	metricCalls       = metric("dbus_calls_total", "Calls to systemd.", "result")
	metricSignals     = metric("dbus_signals_total", "Signals received from systemd.")
	metricConnects    = metric("dbus_connects_total", "Connections made to D-Bus.")
	metricStart       = metric("start_duration_seconds", "From the start of the agent to its first reconcile; 0 before.")
	metricReplicas    = metric("app_replicas", "Replicas that a process of the application is to have.", "app", "process")
	metricDiskFree    = metric("disk_free_bytes", "What is left of the file system with the agent's state.")
	metricDiskSize    = metric("disk_size_bytes", "Size of the file system with the agent's state.")
	metricBackupAt    = metric("backup_last_success_timestamp_seconds",
		"When the backup by the clock last succeeded, since 1970; 0: never. Absent while none has run.")
	metricBackupFailed = metric("backup_failed", "1 if the last run of the backup by the clock failed.")
	metricProvider     = metric("provider_up", "1 unless the last answer of the provider was an error.", "provider")
	metricReady        = metric("app_replicas_ready", "Replicas of the process that run in good health.", "app", "process")
)

// Describe sends nothing: the metrics of applications come and go.
func (m *Metrics) Describe(chan<- *prometheus.Desc) {}

// Collect is called at every scrape.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	m.agent.loop.passes.Collect(ch)
	gauge(metricBuild, 1, version.Version, version.Commit)
	m.collectApps(gauge, counter)
	m.collectAgent(gauge, counter)
	m.collectDisk(gauge)
	m.collectBackup(gauge)
	s := m.bus.Stats()
	counter(metricCalls, float64(s.Calls-s.CallErrors), "ok")
	counter(metricCalls, float64(s.CallErrors), "error")
	counter(metricSignals, float64(s.Signals))
	counter(metricConnects, float64(s.Connects))
}

type sample func(d *prometheus.Desc, v float64, labels ...string)

func (m *Metrics) collectApps(gauge, counter sample) {
	if err := m.agent.Refresh(context.Background()); err != nil {
		m.agent.log.Warn("resource usage could not be refreshed", "error", err)
	}
	seen := map[string]bool{}
	for _, app := range m.agent.Apps() {
		name := app.Name
		if seen[name] { // two host names can have one slug
			name += "-" + plan.ShortHash(app.ID)
		}
		seen[name] = true
		gauge(metricUp, truth(app.State == api.StateRunning), name, app.Kind)
		gauge(metricState, 1, name, string(app.State))
		counter(metricRestarts, float64(app.Restarts), name)
		gauge(metricMemory, float64(app.Memory), name)
		counter(metricCPU, time.Duration(app.CPUNSec).Seconds(), name)
		gauge(metricTasksOf, float64(app.Tasks), name)
		for _, p := range app.Processes { // app_up says it all of one replica of web alone
			gauge(metricReplicas, float64(p.Wanted), name, p.Name)
			gauge(metricReady, float64(p.Ready), name, p.Name)
		}
		m.collectJobs(gauge, counter, name, app.ID)
	}
}

func (m *Metrics) collectJobs(gauge, counter sample, name, id string) {
	list, err := m.agent.Jobs(id)
	if err != nil { // gone since
		return
	}
	for _, j := range list {
		var at float64
		if j.LastSuccess != nil {
			at = float64(j.LastSuccess.UnixMilli()) / 1000
		}
		gauge(metricJobSuccess, at, name, j.Name)
		counter(metricJobFailures, float64(j.Failures), name, j.Name)
	}
}

func (m *Metrics) collectAgent(gauge, counter sample) {
	a := m.agent
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, n := range a.loop.tasks {
		counter(metricTasks, float64(n), key.action.String(), map[bool]string{true: "ok", false: "error"}[key.ok])
	}
	for _, p := range a.desired.providers() {
		gauge(metricProvider, truth(p.Error == ""), p.Name)
	}
	counter(metricDeploys, float64(a.loop.deployed), "success")
	counter(metricDeploys, float64(a.loop.rejected), "failure")
	if a.loop.first.IsZero() {
		gauge(metricStart, 0)
		return
	}
	gauge(metricStart, a.loop.first.Sub(a.started).Seconds())
}

func (m *Metrics) collectDisk(gauge sample) {
	size, free, err := space(m.agent.stateDir)
	if err != nil {
		m.agent.log.Warn("the disk could not be measured", "error", err)
		return
	}
	gauge(metricDiskFree, float64(free))
	gauge(metricDiskSize, float64(size))
}

func (m *Metrics) collectBackup(gauge sample) {
	r, err := lastbackup.Read(m.agent.stateDir)
	if err != nil {
		m.agent.log.Warn("the last backup could not be read", "error", err)
	}
	if r == nil {
		return
	}
	var at float64
	if r.LastSuccess != nil {
		at = float64(r.LastSuccess.Unix())
	}
	gauge(metricBackupAt, at)
	gauge(metricBackupFailed, truth(r.Error != ""))
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
