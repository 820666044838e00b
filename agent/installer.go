package agent

import (
	"fmt"
	"strings"

	"github.com/nexushub/nexushub/agent/audience"
)

// recorded is who installed a release of an application of this kind: what the
// configuration of root says is root's.
func recorded(kind string, by audience.Installer) audience.Installer {
	if kind == KindStatic {
		return audience.Root
	}
	return by
}

func (in *Instance) installer() audience.Installer { return recorded(in.Kind, in.InstalledBy) }

// installer is that of the release that is to run, which may be the last good one.
func (d *Desired) installer() audience.Installer {
	return recorded(d.Kind, audience.Installer(d.Spec.InstalledBy))
}

func (u *Unit) installer() audience.Installer {
	return recorded(u.Kind, audience.Installer(u.InstalledBy))
}

// recordOf is what a unit says of who installed it. That of a static application says
// nothing: it cannot be another.
func recordOf(in Instance) string {
	if in.Kind == KindStatic {
		return ""
	}
	return string(in.InstalledBy)
}

// stranger is a unit that the wanted one must not run beside. All revisions of an
// instance are one user, who can read the environment of each of his processes: where one
// has a secret that the other must not have, one stops before the other starts.
func (s *situation) stranger() *Unit {
	for _, u := range s.others {
		for _, a := range s.Audiences {
			if a.Includes(u.installer()) != a.Includes(s.installer()) {
				return u
			}
		}
	}
	return nil
}

// installed is a release that ran well under its app id. On disk it is one word, or two.
type installed struct {
	release string
	by      audience.Installer
}

// MarshalText see UnmarshalText.
func (i installed) MarshalText() ([]byte, error) {
	return []byte(strings.TrimSpace(i.release + " " + string(i.by))), nil
}

// UnmarshalText reads the release, and who installed it where that is known.
func (i *installed) UnmarshalText(text []byte) error {
	words := strings.Fields(string(text))
	if len(words) == 0 || len(words) > 2 {
		return fmt.Errorf("installed release: %q is neither HASH nor HASH INSTALLER", text)
	}
	i.release, i.by = words[0], audience.Unrecorded
	if len(words) == 2 {
		i.by = audience.Installer(words[1])
	}
	return nil
}
