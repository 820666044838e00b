package units

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// Prefix begins the name of every unit that runs an application.
const Prefix = "nexushub-app-"

// Slice is the cgroup in which all applications live together.
const Slice = "nexushub-apps.slice"

// Revision is the identity of a Spec: the hex SHA-256 of its canonical JSON
// (encoding/json keeps the order of fields and sorts the keys of maps).
func (s Spec) Revision() string {
	b, err := json.Marshal(s)
	if err != nil { // a struct of strings and numbers always encodes, NaN excepted
		b = []byte(err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// UnitName is the name of the service that runs this revision.
func (s Spec) UnitName() string {
	return Prefix + s.Name + "-" + s.Revision()[:8] + ".service"
}

// user is shared by all revisions of an instance, so that they share the uid which
// owns the state directory. A user name may have 31 characters.
func (s Spec) user() string {
	id := strings.ReplaceAll(s.Instance, "-", "")
	return "nh-" + id[:20]
}

func (s Spec) loosened(name string) bool {
	for _, l := range s.Loosen {
		if l == name {
			return true
		}
	}
	return false
}
