package man

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/cmd/nexushub/setup"
	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/lastbackup"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// answers are what --json prints, by the headings of nexushub-json(5).
var answers = map[string]reflect.Type{
	"Application": reflect.TypeFor[api.App](), "Health": reflect.TypeFor[api.Health](), "Hint": reflect.TypeFor[api.Hint](),
	"Building": reflect.TypeFor[api.Building](),
	"Process":  reflect.TypeFor[api.Process](), "Replica": reflect.TypeFor[api.Replica](),
	"Host":       reflect.TypeFor[api.AppHost](),
	"Load":       reflect.TypeFor[output.Load](),
	"Deployment": reflect.TypeFor[output.Deployment](), "Debug application": reflect.TypeFor[api.DebugApplication](),
	"System": reflect.TypeFor[api.System](), "Provider": reflect.TypeFor[api.Provider](), "Release": reflect.TypeFor[api.Release](),
	"Job": reflect.TypeFor[api.Job](), "Run": reflect.TypeFor[api.JobRun](), "Ended run": reflect.TypeFor[api.JobEnd](),
	"Settings": reflect.TypeFor[api.Settings](), "Limits": reflect.TypeFor[api.Limits](),
	"Effective": reflect.TypeFor[api.Effective](),
	"Route":     reflect.TypeFor[api.Route](), "Certificate": reflect.TypeFor[api.Cert](), "Task": reflect.TypeFor[api.Task](),
	"Explanation": reflect.TypeFor[api.Explanation](), "Secret": reflect.TypeFor[api.Secret](), "Token": reflect.TypeFor[api.Token](),
	"Person": reflect.TypeFor[api.Person](), "Invitation": reflect.TypeFor[output.Invitation](),
	"Issued token": reflect.TypeFor[api.IssuedToken](), "Log entry": reflect.TypeFor[api.LogEntry](), "Log gap": reflect.TypeFor[api.LogGap](),
	"Change": reflect.TypeFor[api.AuditEntry](),
	"State":  reflect.TypeFor[api.StateEvent](),
	"Setup":  reflect.TypeFor[output.Setup](), "Line": reflect.TypeFor[setup.Line](),
	"Dry run": reflect.TypeFor[output.DryRun](), "Detection": reflect.TypeFor[detect.Result](),
	"Build":                reflect.TypeFor[detect.Build](),
	"Backups by the clock": reflect.TypeFor[output.BackupClock](), "Backup run": reflect.TypeFor[lastbackup.Run](),
	"Fault": reflect.TypeFor[tomlfile.Fault](), "Done": reflect.TypeFor[output.Change](),
}

var memberItem = regexp.MustCompile(`(?m)^\.It Ic (\S+) Pq (.+)$`)

// Who reads what --json prints finds every member, its type, and whether it is always
// there. A change here is a change for programs: nothing may be taken away.
func TestJSONPageHasEveryMember(t *testing.T) {
	p := read(t, "nexushub-json.5")
	sections := strings.Split(p.section(t, "ANSWERS"), ".Ss ")
	for _, section := range sections[1:] {
		name, body, _ := strings.Cut(section, "\n")
		answer, ok := answers[name]
		if !ok {
			t.Errorf("%s describes %s, which nothing prints", p.name, name)
			continue
		}
		var documented []string
		for _, m := range memberItem.FindAllStringSubmatch(body, -1) {
			documented = append(documented, m[1]+" "+m[2])
		}
		same(t, p.name+", "+name, documented, members(answer))
	}
	if len(sections)-1 != len(answers) {
		t.Errorf("%s describes %d of %d answers", p.name, len(sections)-1, len(answers))
	}
}

// members lists what a type adds to those it embeds.
func members(t reflect.Type) []string {
	var all []string
	for f := range t.Fields() {
		if f.Anonymous {
			continue
		}
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		word := typeWord(name, f.Type)
		if option == "omitempty" {
			word += ", optional"
		}
		all = append(all, name+" "+word)
	}
	return all
}

func plural(word string) string {
	if strings.HasSuffix(word, "s") {
		return word + "es"
	}
	return word + "s"
}

func typeWord(name string, t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[manifest.Manifest]() { // nexushub-manifest(5) has its members
		return "object"
	}
	for heading, answer := range answers {
		if t == answer {
			return heading
		}
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return "time"
	case strings.HasSuffix(name, "_nsec"):
		return "nanoseconds"
	case t.Kind() != reflect.String && (name == "memory" || name == "size" || strings.HasPrefix(name, "disk_")):
		return "bytes"
	}
	switch t.Kind() {
	case reflect.Slice:
		return "array of " + plural(typeWord(name, t.Elem()))
	case reflect.Map:
		return "object"
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	}
	return "number"
}
