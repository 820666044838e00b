package journal

const appsSlice = "nexushub-apps.slice"

// Kinds of applications, one of which every unit of ours names.
var Kinds = []string{"static", "deployed", "dynamic", "debug"}

// kindBuild is of units that build; their lines are for who asks for those of builds.
const kindBuild = "build"

// buildLog begins the name under which an instance's builds are in the journal.
const buildLog = "build-"

// BuildsOf is the instance of a Query for the builds of an instance, see units.BuildLog.
func BuildsOf(instance string) string { return buildLog + instance }

// matchAll selects everything that can be about any application (journalctl(1),
// matches: different fields are and-ed, the same field twice is or-ed, '+' is or).
// NEXUSHUB_KIND finds the last lines of a process that was gone before journald
// could look up its slice.
func matchAll() []string {
	return join(
		[]string{"_SYSTEMD_SLICE=" + appsSlice},
		fields("NEXUSHUB_KIND", append(Kinds[:len(Kinds):len(Kinds)], kindBuild)),
		[]string{"_PID=1"},
		[]string{"_SYSTEMD_UNIT=" + agentUnit},
		[]string{"_TRANSPORT=driver", "MESSAGE_ID=" + suppressedID},
		[]string{"_UID=0", "MESSAGE_ID=" + coredumpID},
	)
}

// matchInstance selects what can be about one instance, whose units may be gone.
func matchInstance(instance string, units []string) []string {
	terms := [][]string{{"NEXUSHUB_INSTANCE=" + instance}, {"_TRANSPORT=driver", "MESSAGE_ID=" + suppressedID}}
	if len(units) > 0 {
		terms = append(terms, fields("_SYSTEMD_UNIT", units),
			append(fields("UNIT", units), "_PID=1"),
			append(fields("COREDUMP_UNIT", units), "_UID=0", "MESSAGE_ID="+coredumpID))
	}
	return join(terms...)
}

// matchJob selects what can be about a job of an instance.
func matchJob(instance, job string, units []string) []string {
	terms := [][]string{{"NEXUSHUB_INSTANCE=" + instance, "NEXUSHUB_JOB=" + job}}
	for _, unit := range units {
		if isOfJob(unit, job) {
			terms = append(terms, []string{"_SYSTEMD_UNIT=" + unit}, []string{"_PID=1", "UNIT=" + unit})
		}
	}
	return join(terms...)
}

func matchUnit(unit string) []string {
	return join([]string{"_SYSTEMD_UNIT=" + unit}, []string{"_PID=1", "UNIT=" + unit},
		[]string{"_UID=0", "MESSAGE_ID=" + coredumpID, "COREDUMP_UNIT=" + unit})
}

func fields(name string, values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = name + "=" + v
	}
	return out
}

func join(terms ...[]string) []string {
	var out []string
	for i, t := range terms {
		if i > 0 {
			out = append(out, "+")
		}
		out = append(out, t...)
	}
	return out
}
