package units

import (
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/manifest"
)

// Status is what PID 1 says about one application's service, in systemd's own words.
type Status struct {
	Unit string `json:"unit"`

	// From LogExtraFields: who it runs for.
	App      string `json:"app,omitempty"`
	Instance string `json:"instance,omitempty"`
	Release  string `json:"release,omitempty"`
	Revision string `json:"revision,omitempty"`
	Kind     string `json:"kind,omitempty"`
	Host     string `json:"host,omitempty"`
	Network  string `json:"network,omitempty"`
	Port     int    `json:"port,omitempty"`
	Sandbox  int    `json:"sandbox,omitempty"` // SandboxVersion of whoever started it; 0: before there was one

	InstalledBy string `json:"installed_by,omitempty"`

	Process string `json:"process"` // web, where a unit says nothing
	Replica int    `json:"replica"` // from 1 on

	JobName    string `json:"job_name,omitempty"`   // of a Once: which of the application's jobs it is
	Definition string `json:"definition,omitempty"` // of a Once

	LoadState   string    `json:"load_state"`
	ActiveState string    `json:"active_state"`
	SubState    string    `json:"sub_state"`
	Result      string    `json:"result"`
	Job         string    `json:"job,omitempty"` // object path of the queued job, empty: none
	Invocation  string    `json:"invocation,omitempty"`
	Since       time.Time `json:"since,omitzero"`     // last change of ActiveState
	ActiveAt    time.Time `json:"active_at,omitzero"` // last time it became active

	UID        uint32    `json:"uid,omitempty"` // of its processes; 0: not known
	MainPID    int       `json:"main_pid,omitempty"`
	StartedAt  time.Time `json:"started_at,omitzero"` // start of the main process
	LastExit   Exit      `json:"last_exit,omitzero"`  // of the main process, kept over its restarts
	NRestarts  int       `json:"n_restarts"`
	StatusText string    `json:"status_text,omitempty"`

	ControlGroup string   `json:"control_group,omitempty"`
	Memory       uint64   `json:"memory"`   // bytes
	CPUNSec      uint64   `json:"cpu_nsec"` // nanoseconds
	Tasks        uint64   `json:"tasks"`
	DropIns      []string `json:"drop_ins,omitempty"`
	Fragment     string   `json:"fragment,omitempty"`

	StartTimeout time.Duration `json:"-"`
	StopTimeout  time.Duration `json:"-"`
}

// IsWeb says whether requests are for it.
func (s Status) IsWeb() bool { return s.Process == manifest.Web }

// Part names it among the units of its application: "web.1".
func (s Status) Part() string { return Part(s.Process, s.Replica) }

// Running says that the unit's process is there and its start has succeeded.
func (s Status) Running() bool {
	return s.ActiveState == "active" || s.ActiveState == "reloading"
}

// Stopping says that it is being stopped and has processes left.
func (s Status) Stopping() bool { return s.ActiveState == "deactivating" }

// Overdue says that it should be down by now, even if it asked PID 1 for more time.
func (s Status) Overdue(now time.Time) bool {
	return s.Stopping() && now.After(s.DownBy())
}

// DownBy is the end of the grace period of a unit that is stopping.
func (s Status) DownBy() time.Time { return s.Since.Add(s.StopTimeout + Overdue) }

// Ended says that the unit will not restart on its own. It is meant for states that were
// read: a signal may carry the failed state that precedes an automatic restart.
func (s Status) Ended() bool {
	over := s.ActiveState == "inactive" || s.ActiveState == "failed"
	return over && s.Job == "" && !strings.HasSuffix(s.SubState, "-before-auto-restart")
}
