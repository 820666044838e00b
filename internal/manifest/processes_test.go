package manifest

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

const withProcesses = `
exec = ["bin/web"]
stop_timeout = "7s"
replicas = 2
sticky = true
[limits]
memory = "256M"
tasks = 64
[health]
path = "/up"
interval = "2s"
[processes.worker]
exec = ["bin/worker", "--queue=all"]
replicas = 3
stop_timeout = "30s"
limits.memory = "128M"
[processes.mailer]
exec = ["bin/mailer"]
replicas = 0
health.type = "notify"
[processes.metrics]
exec = ["bin/metrics"]
health.path = "/metrics"
`

func TestProcesses(t *testing.T) {
	m := parsed(t, withProcesses)
	if got := strings.Join(m.ProcessNames(), " "); got != "web mailer metrics worker" {
		t.Errorf("processes %q", got)
	}
	m = m.Over(Default())
	for process, want := range map[string]struct {
		replicas int
		exec     string
		memory   Bytes
		tasks    int
		stop     time.Duration
		health   string
	}{
		"web":     {2, "bin/web", 256 << 20, 64, 7 * time.Second, "http /up"},
		"worker":  {3, "bin/worker --queue=all", 128 << 20, 64, 30 * time.Second, "none /up"},
		"mailer":  {0, "bin/mailer", 256 << 20, 64, 7 * time.Second, "notify /up"},
		"metrics": {1, "bin/metrics", 256 << 20, 64, 7 * time.Second, "http /metrics"},
	} {
		p := m.For(process)
		if n := m.ReplicasOf(process); n != want.replicas {
			t.Errorf("%s: %d replicas, want %d", process, n, want.replicas)
		}
		got := strings.Join(p.Exec, " ")
		if got != want.exec || p.Limits.Memory != want.memory || p.Limits.Tasks != want.tasks ||
			p.StopTimeout.Std() != want.stop || p.Health.Type+" "+p.Health.Path != want.health ||
			p.Health.Interval.Std() != 2*time.Second || p.Health.Failures != 2 {
			t.Errorf("%s: %s %+v %v %+v", process, got, p.Limits, p.StopTimeout.Std(), p.Health)
		}
	}
}

// Who says nothing of processes has one replica of web, and is described as before.
func TestALoneWeb(t *testing.T) {
	m := Default()
	got, n := m.ProcessNames(), m.ReplicasOf(Web)
	if !reflect.DeepEqual(got, []string{Web}) || n != 1 || m.HasProcess("worker") {
		t.Errorf("processes %v, %d replicas", got, n)
	}
	if got := m.For(Web); !reflect.DeepEqual(got, m) {
		t.Errorf("web runs as %+v", got)
	}
}

func TestProcessesOfLayers(t *testing.T) {
	base := parsed(t, withProcesses)
	over := parsed(t, `[processes.worker]
replicas = 0
[processes.mailer]
exec = ["bin/other"]
limits.tasks = 10
[processes.new]
exec = ["bin/new"]`)
	m := over.Over(base)
	if m.ReplicasOf("worker") != 0 || m.For("worker").Exec[0] != "bin/worker" ||
		m.For("mailer").Exec[0] != "bin/other" || m.For("mailer").Limits.Tasks != 10 ||
		m.ReplicasOf("mailer") != 0 || m.ReplicasOf("new") != 1 {
		t.Errorf("laid over: %+v", m.Processes)
	}
	if base.ReplicasOf("worker") != 3 || base.HasProcess("new") {
		t.Errorf("the lower layer was changed: %+v", base.Processes)
	}
	scaled := base.Scaled(map[string]int{Web: 5, "worker": 0, "gone": 4})
	if scaled.ReplicasOf(Web) != 5 || scaled.ReplicasOf("worker") != 0 || scaled.HasProcess("gone") ||
		scaled.For("worker").Exec[0] != "bin/worker" || base.ReplicasOf("worker") != 3 {
		t.Errorf("scaled: %+v", scaled)
	}
}

func TestFaultsOfProcesses(t *testing.T) {
	for in, want := range map[string]string{
		"replicas = 0":    "nexushub.toml:1: replicas = 0: must be from 1 to 1000",
		"replicas = 1001": "nexushub.toml:1: replicas = 1001: must be from 1 to 1000",
		"[processes.web]\nexec = [\"a\"]": "nexushub.toml:1: processes.web = {...}: is the process that the top level " +
			"describes: write exec, replicas, limits and health there",
		"[processes.Worker]\nexec = [\"a\"]": "nexushub.toml:1: processes.Worker = {...}: cannot be the name of a process: " +
			"it must be a small letter and up to 15 more small letters and digits",
		"[processes.a-b]\nexec = [\"a\"]":               "cannot be the name of a process",
		"[processes.abcdefghijklmnopq]\nexec = [\"a\"]": "cannot be the name of a process",
		"[processes.1st]\nexec = [\"a\"]":               "cannot be the name of a process",
		"[processes.'']\nexec = [\"a\"]":                "cannot be the name of a process",
		"[processes.'a/../b']\nexec = [\"a\"]":          "cannot be the name of a process",
		"[processes.w]\nexec = []":                      "nexushub.toml:2: processes.w.exec = []: must name a command",
		"[processes.w]\nexec = \"a\"":                   "nexushub.toml:2: processes.w.exec = \"a\": must be a list",
		"[processes.w]\nreplicas = -1":                  "nexushub.toml:2: processes.w.replicas = -1: must be from 0 to 1000",
		"[processes.w]\nreplica = 1":                    `nexushub.toml:2: processes.w.replica = 1: unknown key (did you mean "replicas"?)`,
		"[processes.w.limits]\nmemory = \"1M\"":         "nexushub.toml:2: processes.w.limits.memory = \"1M\": must be at least 4M",
		"[processes.w.health]\ntype = \"udp\"":          "nexushub.toml:2: processes.w.health.type = \"udp\": must be one of",
		"[processes.w.health]\npath = \"up\"":           "nexushub.toml:2: processes.w.health.path = \"up\": must begin with '/'",
		"processes.w.stop_timeout = \"2h\"":             "nexushub.toml:1: processes.w.stop_timeout = \"2h\": must be from",
		"env.NEXUSHUB_PROCESS = \"x\"":                  "is set by NexusHub and cannot be changed",
		"[processes]\n" + manyProcesses():               "nexushub.toml:1: processes = {...}: must not hold more than 100 processes",
	} {
		_, err := Parse(FileName, []byte(in))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v\nwant %s", in, err, want)
		}
	}
}

func manyProcesses() string {
	var b strings.Builder
	for i := range 101 {
		b.WriteString("p" + strings.Repeat("a", i/10) + string(rune('0'+i%10)) + ".exec = [\"a\"]\n")
	}
	return b.String()
}

// What one layer leaves out, another can say: only of all together it is a fault.
func TestIncompleteProcesses(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"[processes.w]\nexec = [\"a\"]": "",
		"[processes.w]\nreplicas = 2":   `f: processes.w.exec: is missing: name the command that the process runs, such as ["bin/w"]`,
		"network = \"socket\"\n[processes.w]\nexec = [\"a\"]\nhealth.type = \"tcp\"": "f: processes.w.health.type: " +
			`asks over the network, which nobody but web is reached by where network = "socket": must be "notify" or "none"`,
		"network = \"socket\"\n[processes.w]\nexec = [\"a\"]\nhealth.path = \"/\"":      "processes.w.health.type",
		"network = \"socket\"\n[processes.w]\nexec = [\"a\"]\nhealth.type = \"notify\"": "",
		"network = \"guest\"\n[processes.w]\nexec = [\"a\"]\nhealth.type = \"tcp\"":     "",
	} {
		got := parsed(t, text).Incomplete("f")
		if (len(got) == 0) != (want == "") || !strings.Contains(got.Error(), want) {
			t.Errorf("%q: %v, want %q", text, got, want)
		}
	}
}

func TestProcessesAndTheCeiling(t *testing.T) {
	most := Ceiling{Memory: 1 << 30, Tasks: 100, StopTimeout: Duration(time.Minute), Replicas: 4}
	for text, want := range map[string]string{
		"replicas = 4": "",
		"replicas = 5": "replicas: asks for 5 replicas in all, and 4 is the most",
		"replicas = 2\n[processes.w]\nexec = [\"a\"]\nreplicas = 2": "",
		"replicas = 2\n[processes.w]\nexec = [\"a\"]\nreplicas = 3": "processes: asks for 5 replicas in all, and 4 is the most",
		"[processes.w]\nlimits.memory = \"2G\"":                     "processes.w.limits.memory: asks for 2G, and 1G is the most",
		"[processes.w]\nlimits.tasks = 101":                         "processes.w.limits.tasks",
		"[processes.w]\nstop_timeout = \"2m\"":                      "processes.w.stop_timeout",
	} {
		got := most.Excesses("nexushub.toml", parsed(t, text))
		if (len(got) == 0) != (want == "") || !strings.Contains(got.Error(), want) {
			t.Errorf("%q: %v, want %q", text, got, want)
		}
	}
	if got := most.Lower(Manifest{Replicas: 9}).Replicas; got != 4 {
		t.Errorf("9 replicas are lowered to %d", got)
	}
}

func TestProcessesWiden(t *testing.T) {
	worker := "[processes.w]\nexec = [\"a\"]\n"
	for _, c := range []struct{ before, after, want string }{
		{"", "replicas = 1", ""},
		{"", "replicas = 3", "replicas from 1 to 3"},
		{"replicas = 3", "", ""},
		{"", worker, "processes.w.replicas from 0 to 1"},
		{worker, "", ""},
		{worker, worker + "replicas = 0", ""},
		{worker + "replicas = 0", worker + "replicas = 2", "processes.w.replicas from 0 to 2"},
		{"limits.memory = \"64M\"\n" + worker, "limits.memory = \"128M\"\n" + worker, "limits.memory from 64M to 128M"},
		{worker + "limits.memory = \"64M\"", worker + "limits.memory = \"128M\"", "processes.w.limits.memory from 64M to 128M"},
		{"limits.memory = \"128M\"\n" + worker + "limits.memory = \"64M\"", "limits.memory = \"128M\"\n" + worker,
			"processes.w.limits.memory from 64M to 128M"},
		{"limits.memory = \"128M\"\n" + worker, "limits.memory = \"128M\"\n" + worker + "limits.memory = \"64M\"", ""},
	} {
		if got := strings.Join(Widening(parsed(t, c.before), parsed(t, c.after)), "; "); got != c.want {
			t.Errorf("%q -> %q widens %q, want %q", c.before, c.after, got, c.want)
		}
	}
}
