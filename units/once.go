package units

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/startcmd"
)

// JobPrefix and ReleasePrefix begin the names of the units that run commands which end.
const (
	JobPrefix     = "nexushub-job-"
	ReleasePrefix = "nexushub-release-"
)

// jobVariable names a job, in the journal and in its environment.
const jobVariable = "NEXUSHUB_JOB"

// Once is a command that runs in the surroundings of an application, as its user and with its state
// and secrets, and ends: one of its jobs, or its release command. It listens nowhere.
type Once struct {
	Spec     Spec     `json:"spec"`          // of the application
	Job      string   `json:"job,omitempty"` // its name; empty: the release command
	Exec     []string `json:"exec"`
	Expand   bool     `json:"expand,omitempty"`
	Schedule string   `json:"schedule,omitempty"`  // systemd.time(7); empty: it runs when it is asked to
	CatchUp  bool     `json:"catch_up,omitempty"`  // runs once for what fell due while the host was down
	LimitSec float64  `json:"limit_sec,omitempty"` // it is killed after so long; 0: never

	// Resolvers are as in Placement. They are part of the definition, because to replace what does
	// not run costs nothing.
	Resolvers []netip.Addr `json:"resolvers,omitempty"`
}

// Definition is its identity, which is kept in its unit. A job of another one replaces it.
func (o Once) Definition() string {
	if o.Job == "" {
		return o.Spec.BeforeKey()
	}
	return hash(o)
}

// UnitName is the name of its service. That of a job stays the same over all releases, so that its
// log and its timer's stamp do, and so does a drop-in; two applications never share one.
func (o Once) UnitName() string {
	if o.Job == "" {
		return ReleasePrefix + o.Spec.Name + "-" + o.Spec.BeforeKey()[:8] + ".service"
	}
	return JobPrefix + o.Spec.Name + "-" + o.Job + "-" + o.Spec.Instance[:min(8, len(o.Spec.Instance))] + ".service"
}

// ReleaseProcess is what the units of release commands name as their process.
const ReleaseProcess = "release"

// ReleaseCommand is what is to run before anything of a new release starts.
func ReleaseCommand(s Spec) Once {
	return Once{Spec: s, Exec: s.Before, Expand: startcmd.Refers(s.Before), LimitSec: s.BeforeSec}
}

// BeforeKey tells release commands apart by what they run and see. So one that ran does not run again
// because its application is restarted, gets other limits or another sandbox, or comes back to it.
func (s Spec) BeforeKey() string {
	return hash([]any{s.Instance, s.Release, s.Before, s.Env, s.SecretsHash, s.Database})
}

// Variables are the names that its command can use, sorted.
func (o Once) Variables() []string { return slices.Sorted(maps.Keys(o.spec().variables(o.place()))) }

// timerOf is the timer that starts a service.
func timerOf(service string) string { return base(service) + ".timer" }

// serviceOf is the service that a signal about a unit of ours is about.
func serviceOf(unit string) string {
	for _, kind := range []string{".socket", ".timer"} {
		if name, ok := strings.CutSuffix(unit, kind); ok {
			return name + ".service"
		}
	}
	return unit
}

// IsOnce says whether a unit's name is that of a Once.
func IsOnce(unit string) bool { return IsJob(unit) || strings.HasPrefix(unit, ReleasePrefix) }

// IsJob says whether a unit's name is that of a job, or of its timer.
func IsJob(unit string) bool { return strings.HasPrefix(unit, JobPrefix) }

// ours says whether a unit runs something of an application's.
func ours(unit string) bool { return strings.HasPrefix(unit, Prefix) || IsOnce(unit) }

// OnceStatus is what PID 1 says of a Once: of its service, and of its timer if it has one.
type OnceStatus struct {
	Status
	Scheduled bool      // its timer is active
	Next      time.Time // when it is due; zero: never again, or without a timer
}

// Due says whether its command runs, or is about to.
func (s OnceStatus) Due() bool { return s.LoadState != "" && !s.Over() }

// Over says that the last run has ended. A service that succeeded may stay active, for its result
// to be read.
func (s Status) Over() bool {
	return s.Ended() || s.Job == "" && s.ActiveState == "active" && s.SubState == "exited"
}

// spec is that of the application with the command in the place of its own. It names another unit.
func (o Once) spec() Spec {
	s := o.Spec
	s.Exec, s.Expand, s.Portless, s.Notify = o.Exec, o.Expand, true, false
	s.Process, s.Replica = "", 0
	if o.Job != "" {
		s.Env = maps.Clone(s.Env)
		if s.Env == nil {
			s.Env = map[string]string{}
		}
		s.Env[jobVariable] = o.Job
	}
	return s
}

// place: it has no port.
func (o Once) place() Placement { return Placement{Resolvers: o.Resolvers} }

// properties turns it into those of its service.
func (o Once) properties(caps Capabilities) ([]Property, error) {
	s, place := o.spec(), o.place()
	if err := s.check(place); err != nil {
		return nil, err
	}
	if !(o.LimitSec >= 0 && o.LimitSec < 1e9) {
		return nil, fmt.Errorf("%w: limit_sec %v: must be a number of seconds", ErrSpec, o.LimitSec)
	}
	argv, err := s.Command(place)
	if err != nil {
		return nil, err
	}
	var p properties
	o.identity(&p, o.Spec.fields(place))
	o.lifecycle(&p, caps)
	s.command(&p, argv, place, caps)
	s.secrets(&p)
	s.limits(&p, caps)
	o.Spec.sandbox(&p, place) // a guest runs in the network of the application
	return caps.supported(p), nil
}

func (o Once) identity(p *properties, fields [][]byte) {
	what := "release command"
	if o.Job == "" {
		p.set("AddRef", true) // so that one that somebody stops is not taken for one that never ran
		fields = append(fields, []byte(processVariable+"="+ReleaseProcess))
	} else {
		what = "job " + o.Job
		fields = append(fields, []byte(jobVariable+"="+o.Job))
	}
	fields = append(fields, []byte("NEXUSHUB_DEFINITION="+o.Definition()))
	p.set("Description", "NexusHub "+what+" of "+o.Spec.HostName)
	p.set("Slice", Slice)
	p.set("CollectMode", "inactive") // a failed one stays to be read
	p.set("LogExtraFields", fields)
}

func (o Once) lifecycle(p *properties, caps Capabilities) {
	p.set("Type", "oneshot")
	p.set("NotifyAccess", "none")
	p.set("RemainAfterExit", o.Schedule == "") // else its timer keeps it loaded
	p.set("TimeoutStartUSec", usec(o.LimitSec))
	p.set("TimeoutStopUSec", usec(o.Spec.StopSec))
	p.set("StartLimitIntervalUSec", uint64(0)) // how often it runs is its schedule's matter
	p.set("KillMode", "mixed")
	if caps.UnifiedCgroups {
		p.set("OOMPolicy", "kill")
	}
}

// timer starts the service by the clock.
func (o Once) timer(caps Capabilities) unit {
	var p properties
	p.set("Description", "NexusHub timer of job "+o.Job+" of "+o.Spec.HostName)
	p.set("CollectMode", "inactive-or-failed")
	p.set("TimersCalendar", []calendar{{"OnCalendar", o.Schedule}})
	p.set("AccuracyUSec", uint64(time.Second.Microseconds()))
	p.set("Persistent", o.CatchUp)
	p.set("RemainAfterElapse", true) // one that is never due again is not to be made again
	p.set("DeferReactivation", true) // what falls due during a run is left out
	return unit{timerOf(o.UnitName()), caps.supported(p)}
}
