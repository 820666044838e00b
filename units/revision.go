package units

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// Prefix begins the name of every unit that runs an application.
const Prefix = "nexushub-app-"

// Slice is the cgroup in which all applications live together.
const Slice = "nexushub-apps.slice"

// Revision is the identity of a Spec: the hex SHA-256 of its canonical JSON
// (encoding/json keeps the order of fields and sorts the keys of maps). All replicas have the
// same, and all processes that are parts of one whole.
func (s Spec) Revision() string {
	if s.Whole != "" {
		return s.Whole
	}
	s.Replica = 0
	return hash(s)
}

// Join makes the processes of an application parts of one whole: where one of them changes,
// all of them are another revision. One process alone is a whole already.
func Join(processes []Spec) {
	if len(processes) < 2 {
		return
	}
	whole := hash(processes)
	for i := range processes {
		processes[i].Whole = whole
	}
}

func hash(v any) string {
	b, err := json.Marshal(v)
	if err != nil { // a struct of strings and numbers always encodes, NaN excepted
		b = []byte(err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// UnitName is the name of the service that runs this revision, or one replica of one process of
// it. The first of web never has another name, so that nothing of it changes when others come.
func (s Spec) UnitName() string {
	name := Prefix + s.Name
	if !s.first() {
		name += fmt.Sprintf("-%s-%d", s.ProcessName(), s.ReplicaNumber())
	}
	return name + "-" + s.Revision()[:8] + ".service"
}

// user is shared by all revisions of an instance, so that they share the uid which
// owns the state directory.
func (s Spec) user() string { return User(s.Instance) }

// User is whom the units of an instance run as. A user name may have 31 characters.
func User(instance string) string {
	id := strings.ReplaceAll(instance, "-", "")
	return "nh-" + id[:min(20, len(id))]
}

func (s Spec) loosened(name string) bool {
	for _, l := range s.Loosen {
		if l == name {
			return true
		}
	}
	return false
}
