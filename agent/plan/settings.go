package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/mergepatch"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// Settings are what an operator says of an application by command, over the manifest of
// whatever release it runs.
type Settings struct {
	Env    map[string]string `toml:"env" json:"env,omitempty"`
	Limits manifest.Limits   `toml:"limits" json:"limits,omitzero"`
	Access string            `toml:"access" json:"access,omitempty"`
	Roles  []string          `toml:"roles" json:"roles,omitempty"` // of Access private
	Scale  map[string]int    `toml:"scale" json:"scale,omitempty"` // replicas by process

	// SetBy is who has set each variable. One that was set before this was recorded is as if root had.
	SetBy map[string]audience.Installer `toml:"-" json:"set_by,omitempty"`
}

// maxSettings is how many bytes the variables have together, with their names: they are kept in
// the state once for each edition.
const maxSettings = 64 << 10

// maxPatch is how large a change may be, with all its escapes.
const maxPatch = 1 << 20

// Manifest is what the settings lay over that of the release, without the replicas.
func (s Settings) Manifest() manifest.Manifest {
	return manifest.Manifest{Env: s.Env, Limits: s.Limits, Access: s.Access, Roles: s.Roles}
}

// Is says whether both say the same.
func (s Settings) Is(o Settings) bool {
	return s.Limits == o.Limits && s.Access == o.Access && slices.Equal(s.Roles, o.Roles) &&
		maps.Equal(s.Env, o.Env) && maps.Equal(s.Scale, o.Scale)
}

// Zero says that nothing is set.
func (s Settings) Zero() bool { return s.Is(Settings{}) }

// Changes names what differs from before, never a value: "config DEBUG", "limits memory", "access".
func (s Settings) Changes(before Settings) []string {
	var names []string
	differs := func(name string, a, b any) {
		if !reflect.DeepEqual(a, b) {
			names = append(names, name)
		}
	}
	for _, name := range named(before.Env, s.Env) {
		a, there := before.Env[name]
		b, stays := s.Env[name]
		differs("config "+name, [2]any{a, there}, [2]any{b, stays})
	}
	differs("limits memory", before.Limits.Memory, s.Limits.Memory)
	differs("limits tasks", before.Limits.Tasks, s.Limits.Tasks)
	differs("limits cpu", before.Limits.CPU, s.Limits.CPU)
	differs("access", fmt.Sprint(before.Access, before.Roles), fmt.Sprint(s.Access, s.Roles))
	for _, process := range named(before.Scale, s.Scale) {
		a, there := before.Scale[process]
		b, stays := s.Scale[process]
		differs("scale "+process, [2]any{a, there}, [2]any{b, stays})
	}
	return names
}

// named are the keys of both, sorted.
func named[V any](a, b map[string]V) []string {
	all := map[string]bool{}
	for name := range a {
		all[name] = true
	}
	for name := range b {
		all[name] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// Patched is s changed by a JSON merge patch, and what the patch alone asks for. The faults are
// all that is wrong in the patch; none holds a value.
func (s Settings) Patched(patch []byte) (next, asked Settings, faults tomlfile.Faults) {
	if len(patch) > maxPatch {
		return s, asked, tomlfile.Faults{{Problem: fmt.Sprintf("is larger than %d bytes", maxPatch)}}
	}
	changes, err := document(patch)
	if err != nil {
		return s, asked, tomlfile.Faults{{Problem: "must be a JSON object"}}
	}
	f := tomlfile.Of("", changes)
	f.Bind(&asked)
	m := asked.Manifest()
	manifest.Check(f, "", &m)
	checkScale(f, asked.Scale)
	if len(f.Faults) > 0 {
		return s, asked, f.Faults
	}
	unsigned := s
	unsigned.SetBy = nil
	before, err := json.Marshal(unsigned)
	if err != nil {
		return s, asked, tomlfile.Faults{{Problem: err.Error()}}
	}
	members, _ := document(before) // it was made just now
	merged, _ := mergepatch.Apply(members, changes).(map[string]any)
	f = tomlfile.Of("", merged)
	f.Bind(&next)
	if size := next.size(); size > maxSettings && size > s.size() {
		f.Fault("env", "the variables would have %d bytes together, and %d is the most: "+
			"a secret, or a file of the package, has room for more", size, maxSettings)
	}
	if len(next.Env) == 0 {
		next.Env = nil
	}
	if len(next.Scale) == 0 {
		next.Scale = nil
	}
	if _, said := changes["access"]; said { // roles belong to it
		next.Roles = asked.Roles
	}
	next.SetBy = s.SetBy
	return next, asked, f.Faults
}

// Signed records who has set the variables that were asked for, also to the value that they had.
func (s Settings) Signed(asked Settings, who audience.Installer) Settings {
	all := map[string]audience.Installer{}
	for name := range s.Env {
		if _, now := asked.Env[name]; now {
			all[name] = who
		} else if by, known := s.SetBy[name]; known {
			all[name] = by
		}
	}
	if s.SetBy = all; len(all) == 0 {
		s.SetBy = nil
	}
	return s
}

// Withheld are the variables that a release does not get: who has set them does not get a secret that
// the release gets, and could send it elsewhere by them.
func (s Settings) Withheld(secrets []audience.Audience, installer audience.Installer) (names []string) {
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		by, known := s.SetBy[name]
		if known && slices.ContainsFunc(secrets, func(a audience.Audience) bool {
			return a.Includes(installer) && !a.Includes(by)
		}) {
			names = append(names, name)
		}
	}
	return names
}

// Without is what the settings lay over the manifest of the release, without some variables.
func (s Settings) Without(names []string) manifest.Manifest {
	m := s.Manifest()
	if len(names) > 0 {
		m.Env = maps.Clone(m.Env)
		maps.DeleteFunc(m.Env, func(name, _ string) bool { return slices.Contains(names, name) })
	}
	return m
}

func (s Settings) size() (n int) {
	for name, value := range s.Env {
		n += len(name) + len(value)
	}
	return n
}

// document decodes an object, with its whole numbers as such.
func document(data []byte) (map[string]any, error) {
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	if doc == nil {
		return nil, fmt.Errorf("null is no object")
	}
	return whole(doc).(map[string]any), nil
}

func whole(v any) any {
	switch v := v.(type) {
	case float64:
		if n := int64(v); float64(n) == v {
			return n
		}
	case map[string]any:
		for name, member := range v {
			v[name] = whole(member)
		}
	}
	return v
}

// ID tells editions apart: RELEASE+SETTINGS, the latter 0 where nothing is set.
func (p PastRelease) ID() string {
	if p.Settings.Zero() {
		return p.Hash + "+0"
	}
	settings := p.Settings
	settings.SetBy = nil               // what holds is the same, whoever set it
	raw, err := json.Marshal(settings) // sorted by name
	if err != nil {
		return p.Hash
	}
	sum := sha256.Sum256(raw)
	return p.Hash + "+" + hex.EncodeToString(sum[:4])
}

// Named says whether id, or the beginning of each of its parts, means the edition. Without a
// part for the settings, it means all of the release.
func (p PastRelease) Named(id string) bool {
	release, settings, _ := strings.Cut(id, "+")
	return strings.HasPrefix(p.Hash, release) && strings.HasPrefix(strings.TrimPrefix(p.ID(), p.Hash+"+"), settings)
}

// Is says whether both are the same edition.
func (p PastRelease) Is(o PastRelease) bool { return p.Hash == o.Hash && p.Settings.Is(o.Settings) }

// Changes names what differs from the edition before.
func (p PastRelease) Changes(before PastRelease) []string {
	names := p.Settings.Changes(before.Settings)
	if p.Hash != before.Hash {
		names = append([]string{"release"}, names...)
	}
	return names
}
