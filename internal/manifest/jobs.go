package manifest

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/nexushub/nexushub/internal/tomlfile"
)

// Job is a command of the application that ends: it runs by the clock, or when it is asked to. It has
// the surroundings of web, and its limits.
type Job struct {
	Exec     []string `toml:"exec,omitempty" json:"exec,omitempty"`
	Schedule string   `toml:"schedule,omitempty" json:"schedule,omitempty"` // systemd.time(7); none: only by nexushub run
	Timeout  Duration `toml:"timeout,omitempty" json:"timeout,omitempty"`   // default 1h
	Overlap  string   `toml:"overlap,omitempty" json:"overlap,omitempty"`   // skip
	CatchUp  *bool    `toml:"catch_up,omitempty" json:"catch_up,omitempty"` // default false
}

// jobTimeout is how long a job may take that does not say.
const jobTimeout = time.Hour

// What no host runs of one application.
const (
	maxJobs       = 100
	maxJobTimeout = 7 * 24 * time.Hour

	releaseTimeout    = 10 * time.Minute // of a release command that does not say
	maxReleaseTimeout = 24 * time.Hour
	maxSchedule       = 200 // bytes
)

// jobName has no '-', which separates the parts of a unit's name.
var jobName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// JobNameForm says how a job can be called: its name is a part of the names of units.
const JobNameForm = "a small letter and up to 31 more small letters, digits and '_'"

// IsJobName says whether a job can have the name.
func IsJobName(name string) bool { return jobName.MatchString(name) }

// JobNames are all jobs, by name. What no command is named for is none.
func (m Manifest) JobNames() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(m.Jobs)) {
		if len(m.Jobs[name].Exec) > 0 {
			names = append(names, name)
		}
	}
	return names
}

// Command is one that a manifest names.
type Command struct {
	Key  string // exec, processes.worker.exec, jobs.nightly.exec, release
	Exec []string
	Ends bool // it listens nowhere, and has no PORT
}

// Says is a sentence that begins with "exec" as one about this command.
func (c Command) Says(sentence string) string { return c.Key + strings.TrimPrefix(sentence, "exec") }

// Commands are all that m names, web's first. That of web may be missing.
func (m Manifest) Commands() (all []Command) {
	for _, name := range m.ProcessNames() {
		all = append(all, Command{Key: KeyOf(name) + "exec", Exec: m.For(name).Exec})
	}
	for _, name := range m.JobNames() {
		all = append(all, Command{Key: "jobs." + name + ".exec", Exec: m.Jobs[name].Exec, Ends: true})
	}
	if len(m.Release) > 0 {
		all = append(all, Command{Key: "release", Exec: m.Release, Ends: true})
	}
	return all
}

// ReleaseLimit is how long the release command may take.
func (m Manifest) ReleaseLimit() time.Duration {
	if m.ReleaseTimeout == 0 {
		return releaseTimeout
	}
	return m.ReleaseTimeout.Std()
}

// Limit is how long one run may take.
func (j Job) Limit() time.Duration {
	if j.Timeout == 0 {
		return jobTimeout
	}
	return j.Timeout.Std()
}

// CatchesUp says whether it runs once for what fell due while the host was down.
func (j Job) CatchesUp() bool { return j.CatchUp != nil && *j.CatchUp }

func (j Job) over(base Job) Job {
	set(&base.Exec, j.Exec, j.Exec != nil)
	set(&base.Schedule, j.Schedule, j.Schedule != "")
	set(&base.Timeout, j.Timeout, j.Timeout != 0)
	set(&base.Overlap, j.Overlap, j.Overlap != "")
	set(&base.CatchUp, j.CatchUp, j.CatchUp != nil)
	return base
}

func jobsOver(over, base map[string]Job) map[string]Job {
	if len(over) == 0 {
		return base
	}
	out := maps.Clone(base)
	if out == nil {
		out = map[string]Job{}
	}
	for name, j := range over {
		out[name] = j.over(out[name])
	}
	return out
}

// checkJobs checks what m alone can tell. Whether a schedule is one, systemd says: see package calendar.
func checkJobs(f *tomlfile.File, prefix string, m *Manifest) {
	if len(m.Jobs) > maxJobs {
		f.Fault(prefix+"jobs", "must not hold more than %d jobs", maxJobs)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(m.Jobs)) {
		j, key := m.Jobs[name], prefix+"jobs."+name
		if !IsJobName(name) {
			f.Fault(key, "cannot be the name of a job: it must be %s", JobNameForm)
			continue
		}
		checkExec(f, key+".exec", j.Exec)
		checkSchedule(f, key+".schedule", j.Schedule)
		between(f, key+".timeout", j.Timeout, minSpan, maxJobTimeout)
		oneOf(f, key+".overlap", j.Overlap, "skip")
	}
}

func checkSchedule(f *tomlfile.File, key, schedule string) {
	switch {
	case !f.Has(key):
	case strings.TrimSpace(schedule) == "":
		f.Fault(key, "must say when, such as \"*-*-* 03:00\"; without it the job runs only by nexushub run")
	case len(schedule) > maxSchedule:
		f.Fault(key, "must not be longer than %d bytes", maxSchedule)
	case strings.ContainsFunc(schedule, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) }):
		f.Fault(key, "must be made of letters, digits and signs alone")
	}
}

// incompleteJobs are a fault for each job that has no command, see [Manifest.Incomplete].
func (m Manifest) incompleteJobs(file string) (faults tomlfile.Faults) {
	for _, name := range slices.Sorted(maps.Keys(m.Jobs)) {
		if len(m.Jobs[name].Exec) == 0 {
			faults = append(faults, tomlfile.Fault{File: file, Key: "jobs." + name + ".exec",
				Problem: `is missing: name the command that the job runs, such as ["bin/` + name + `"]`})
		}
	}
	return faults
}
