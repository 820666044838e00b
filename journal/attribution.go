package journal

import (
	"regexp"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/logentry"
	"github.com/nexushub/nexushub/internal/manifest"
)

// What this package knows of the units and messages of others.
const (
	unitPrefix  = "nexushub-app-"
	jobPrefix   = "nexushub-job-"
	buildPrefix = "nexushub-build-"
	unitSuffix  = ".service"
	agentUnit   = "nexushubd.service"

	suppressedID = "a596d6fe7bfa4994828e72309e95d61e" // SD_MESSAGE_JOURNAL_DROPPED... sd-messages(3)
	coredumpID   = "fc2e22bc6ee647b6b90729ab34a250b1" // SD_MESSAGE_COREDUMP
)

// firstProcess is the one whose first replica is all that most applications have: their log has
// no word about it.
const firstProcess = manifest.Web

// identities are what the agent adds to its lines to find them by; in the log of one
// application they say nothing.
var identities = regexp.MustCompile(` (instance|app|trace_id|before)=("[^"]*"|\S*)`)

// attribution decides whose line a record is, by trusted fields only.
type attribution struct {
	owner func(unit string) (instance string, ok bool)
	part  func(unit string) (process string, replica int)
}

// item is what the record means to the followers of an instance; ok is false if it
// means nothing to anybody.
func (a attribution) item(r *record) (item Item, ok bool) {
	if r.transport == "driver" && r.messageID == suppressedID {
		instance, ok := a.instance(r.objectUnit, r)
		return Item{Gap: suppressed(r, instance)}, ok && r.dropped > 0
	}
	unit, invocation, source := subject(r)
	if unit == "" {
		return Item{}, false
	}
	instance, ok := a.instance(unit, r)
	if !ok {
		return Item{}, false
	}
	e := newEntry(r, source)
	if unit == agentUnit {
		e.Message = identities.ReplaceAllString(e.Message, "")
	}
	e.Unit, e.Invocation, e.Instance = strings.Clone(unit), invocation, instance
	if a.part != nil && isPart(unit) {
		if process, replica := a.part(unit); process != firstProcess || replica != 1 {
			e.Process, e.Replica = process, replica
		}
	}
	return Item{Entry: e}, true
}

// subject is the application's unit or the agent that a record is about; "" for others.
func subject(r *record) (unit, invocation, source string) {
	switch {
	case r.pid == 1 && isApp(r.claimedUnit):
		return r.claimedUnit, r.claimedInvocation, logentry.System
	case r.messageID == coredumpID && r.uid == "0" && isApp(r.coredumpUnit):
		return r.coredumpUnit, "", logentry.System
	case r.unit == agentUnit && r.instance != "":
		return agentUnit, "", logentry.System
	case isApp(r.unit) && isManager(r.exe): // PID 1's child before it becomes the application
		return r.unit, r.invocation, logentry.System
	case isApp(r.unit) && r.transport == "stdout" && r.priority == 4: // see units: stderr is a stream of its own
		return r.unit, r.invocation, logentry.Stderr
	case isApp(r.unit):
		return r.unit, r.invocation, logentry.Stdout
	}
	return "", "", ""
}

// instance asks the registry first; a unit that is no longer known to it is told by
// its log field, as long as nobody disputes that.
func (a attribution) instance(unit string, r *record) (string, bool) {
	if isApp(unit) && a.owner != nil {
		if instance, ok := a.owner(unit); ok {
			return instance, true
		}
	}
	return r.instance, r.instance != "" && !r.disputed
}

// unitPrefixes begin the names of all units that run something of an application's.
var unitPrefixes = []string{unitPrefix, jobPrefix, "nexushub-release-", buildPrefix}

func isApp(unit string) bool {
	begins := func(prefix string) bool { return strings.HasPrefix(unit, prefix) }
	return slices.ContainsFunc(unitPrefixes, begins) && strings.HasSuffix(unit, unitSuffix)
}

// isPart says whether a unit is a replica of a process.
func isPart(unit string) bool { return isApp(unit) && !endsByItself(unit) }

// endsByItself says that a unit runs a command that ends: a job, a release command, a build.
func endsByItself(unit string) bool { return isApp(unit) && !strings.HasPrefix(unit, unitPrefix) }

// isOfJob says whether an instance's unit runs the job of the name.
func isOfJob(unit, job string) bool {
	name, ok := strings.CutPrefix(unit, jobPrefix)
	if i := strings.LastIndexByte(name, '-'); ok && i > 0 {
		return strings.HasSuffix(name[:i], "-"+job)
	}
	return false
}

func isManager(exe string) bool {
	return exe == "/usr/lib/systemd/systemd" || exe == "/lib/systemd/systemd" || exe == "/usr/lib/systemd/systemd-executor"
}
