package units

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden is the input half of a golden file; the other half is what comes out of it.
type golden struct {
	Spec      Spec         `json:"spec"`
	Placement Placement    `json:"placement"`
	Host      Capabilities `json:"host"`
	Once      *Once        `json:"once"` // with Spec, instead of it
}

// TestProperties: adding a case means adding a file with its input.json and -update.
func TestProperties(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("golden files: %v, %v", files, err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txtar"), func(t *testing.T) { checkGolden(t, f) })
	}
}

func checkGolden(t *testing.T, file string) {
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	in := readGolden(t, ar)
	got := render(in)
	if *update {
		ar.Files = append(ar.Files[:1], txtar.File{Name: "output", Data: []byte(got)})
		if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want := string(ar.Files[len(ar.Files)-1].Data); got != want {
		t.Errorf("output differs (-update accepts it):\n--- got\n%s--- want\n%s", got, want)
	}
}

func readGolden(t *testing.T, ar *txtar.Archive) golden {
	t.Helper()
	var in golden
	d := json.NewDecoder(strings.NewReader(string(ar.Files[0].Data)))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		t.Fatalf("%s: %v", ar.Files[0].Name, err)
	}
	return in
}

// render prints the units side by side with the properties they get.
func render(in golden) string {
	set, err := compose(in.Spec, in.Placement, in.Host)
	if in.Once != nil {
		in.Once.Spec = in.Spec
		var p []Property
		p, err = in.Once.properties(in.Host)
		set = []unit{{in.Once.UnitName(), p}}
		if in.Once.Schedule != "" {
			set = append(set, in.Once.timer(in.Host))
		}
	}
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var b strings.Builder
	for _, u := range set {
		fmt.Fprintf(&b, "[%s]\n", u.Name)
		for _, p := range u.Properties {
			fmt.Fprintf(&b, "%s %s = %s\n", p.Name, p.Value.Signature(), printed(p.Value.Value()))
		}
	}
	return b.String()
}

func printed(v any) string {
	if list, ok := v.([][]byte); ok {
		return fmt.Sprintf("%q", list)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// hello is a Spec with everything that has no default.
func hello() Spec {
	return Spec{
		Instance: "11111111-2222-4333-8444-555555555555", Name: "hello", Kind: "static",
		HostName: "hello.yesterday.localhost", Release: strings.Repeat("ab", 32),
		Directory: "/var/lib/nexushub/releases/x", Exec: []string{"bin/app"},
		Network: "port", Domain: "yesterday.localhost", StartSec: 60, StopSec: 5,
		State: "nexushub-apps/11111111-2222-4333-8444-555555555555", MemoryMax: 512 << 20, TasksMax: 512,
	}
}

// TestTrap07UnknownProperty: nothing younger than the systemd that is asked.
func TestTrap07UnknownProperty(t *testing.T) {
	for version := 252; version <= 258; version++ {
		got, err := Properties(hello(), Placement{Port: 10000}, Capabilities{Version: version})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range got {
			if since[p.Name] > version {
				t.Errorf("systemd %d: %s needs %d", version, p.Name, since[p.Name])
			}
		}
	}
}

func TestRevision(t *testing.T) {
	a, b := hello(), hello()
	if a.Revision() != b.Revision() || a.UnitName() != b.UnitName() {
		t.Error("equal specs must have equal revisions")
	}
	b.Serial++
	if a.Revision() == b.Revision() {
		t.Error("a raised serial must change the revision")
	}
	if want := "nexushub-app-hello-" + a.Revision()[:8] + ".service"; a.UnitName() != want {
		t.Errorf("unit name %q, want %q", a.UnitName(), want)
	}
}

func TestCheck(t *testing.T) {
	for name, damage := range map[string]func(*Spec, *Placement){
		"slug":       func(s *Spec, _ *Placement) { s.Name = "a/b" },
		"instance":   func(s *Spec, _ *Placement) { s.Instance = "x" },
		"directory":  func(s *Spec, _ *Placement) { s.Directory = "releases/x" },
		"exec":       func(s *Spec, _ *Placement) { s.Exec = nil },
		"nul":        func(s *Spec, _ *Placement) { s.Exec = []string{"a\x00b"} },
		"env name":   func(s *Spec, _ *Placement) { s.Env = map[string]string{"A=B": ""} },
		"env value":  func(s *Spec, _ *Placement) { s.Env = map[string]string{"A": "\x1b[0m"} },
		"credential": func(s *Spec, _ *Placement) { s.Credentials = map[string]string{"a/b": "/x"} },
		"network":    func(s *Spec, _ *Placement) { s.Network = "host" },
		"port":       func(_ *Spec, p *Placement) { p.Port = 0 },
		"guest":      func(s *Spec, _ *Placement) { s.Network, s.Domain = "guest", "" },
		"loosening":  func(s *Spec, _ *Placement) { s.Loosen = []string{"everything"} },
		"seconds":    func(s *Spec, _ *Placement) { s.StopSec = -1 },
		"cpu":        func(s *Spec, _ *Placement) { s.CPUQuota = -5 },
		"process":    func(s *Spec, _ *Placement) { s.Process = "Worker" },
		"replica":    func(s *Spec, _ *Placement) { s.Replica = -1 },
	} {
		s, p := hello(), Placement{Port: 10000}
		damage(&s, &p)
		if _, err := Properties(s, p, Capabilities{Version: 252}); !errors.Is(err, ErrSpec) {
			t.Errorf("%s: error %v, want ErrSpec", name, err)
		}
	}
}

// TestSecretsStayInFiles: what a property says, every local user can read.
func TestTrap09SecretsStayInFiles(t *testing.T) {
	s := hello()
	s.EnvFiles = []string{"/run/nexushub/env/x.env"}
	s.Credentials = map[string]string{"key": "/run/nexushub/cred/x/key"}
	got, err := Properties(s, Placement{Port: 10000}, Capabilities{Version: 252})
	if err != nil {
		t.Fatal(err)
	}
	forbidden := []string{"SetCredential", "SetCredentialEncrypted", "PassEnvironment"}
	for _, p := range got {
		if slices.Contains(forbidden, p.Name) {
			t.Errorf("%s shows its value to every user", p.Name)
		}
	}
}

func BenchmarkProperties(b *testing.B) {
	s, caps := hello(), Capabilities{Version: 257, UnifiedCgroups: true}
	for b.Loop() {
		if _, err := Properties(s, Placement{Port: 10000}, caps); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRevision(b *testing.B) {
	s := hello()
	for b.Loop() {
		_ = s.Revision()
	}
}

// TestParts: all of one application are one revision, and no two of them one unit.
func TestParts(t *testing.T) {
	webSpec, worker := hello(), hello()
	worker.Process, worker.Exec = "worker", []string{"bin/worker"}
	alone := webSpec.Revision()
	parts := []Spec{webSpec}
	if Join(parts); parts[0].Revision() != alone {
		t.Error("web alone must be the revision that it was before there were processes")
	}
	parts = []Spec{webSpec, worker}
	Join(parts)
	if parts[0].Revision() != parts[1].Revision() || parts[0].Revision() == alone {
		t.Error("the processes of an application must be one revision, of their own")
	}
	other := []Spec{webSpec, worker}
	other[1].Exec = []string{"bin/other"}
	if Join(other); other[0].Revision() == parts[0].Revision() {
		t.Error("another command of one process must be another revision of all")
	}
	again := []Spec{webSpec, worker}
	if Join(again); again[0].Revision() != parts[0].Revision() {
		t.Error("equal processes must be one revision")
	}
	second := parts[0]
	second.Replica = 2
	if second.Revision() != parts[0].Revision() {
		t.Error("the number of a replica must not be part of the revision")
	}
	rev := alone[:8]
	for _, tt := range []struct {
		process string
		replica int
		name    string
	}{
		{"", 0, "nexushub-app-hello-"}, {"", 2, "nexushub-app-hello-web-2-"},
		{"worker", 0, "nexushub-app-hello-worker-1-"}, {"worker", 3, "nexushub-app-hello-worker-3-"},
	} {
		s := hello()
		s.Process, s.Replica, s.Whole = tt.process, tt.replica, alone
		if got := s.UnitName(); got != tt.name+rev+".service" {
			t.Errorf("unit of %s is %s, want %s%s.service", s.ProcessName(), got, tt.name, rev)
		}
		var st Status
		st.owner(s.fields(Placement{}))
		if st.Process != s.ProcessName() || st.Replica != s.ReplicaNumber() || st.Revision != alone {
			t.Errorf("read back as %s of %s, want %s", st.Part(), st.Revision, Part(s.ProcessName(), s.ReplicaNumber()))
		}
	}
}
