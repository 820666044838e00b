package plan

import (
	"fmt"
	"strings"

	"github.com/nexushub/nexushub/agent/audience"
)

// InstallerOf is who installed a release of an application of this kind: what the
// configuration of root says is root's.
func InstallerOf(kind string, by audience.Installer) audience.Installer {
	if kind == KindStatic {
		return audience.Root
	}
	return by
}

func (in *Instance) Installer() audience.Installer { return InstallerOf(in.Kind, in.InstalledBy) }

// Installer is that of the release that is to run, which may be the last good one.
func (d *Desired) Installer() audience.Installer {
	return InstallerOf(d.Kind, audience.Installer(d.Spec.InstalledBy))
}

func (u *Unit) Installer() audience.Installer {
	return InstallerOf(u.Kind, audience.Installer(u.InstalledBy))
}

// installedBy is what a unit says of who installed it. That of a static application says
// nothing: it cannot be another.
func installedBy(in Instance) string {
	if in.Kind == KindStatic {
		return ""
	}
	return string(in.InstalledBy)
}

// unitWithOtherSecrets is a unit that the wanted one must not run beside. All revisions of an
// instance run as one user, who can read the environment of each of its processes: where one
// has a secret that the other must not have, it stops before the other starts. So it does where
// variables are withheld from one and the other may have them: by them, somebody could be in it.
func (s *AppState) unitWithOtherSecrets() *Unit {
	for _, u := range s.older() {
		if len(s.Withheld) > 0 {
			return u
		}
		for _, a := range s.Audiences {
			if a.Includes(u.Installer()) != a.Includes(s.Installer()) {
				return u
			}
		}
	}
	return nil
}

// Installed is a release that ran well under its app id. On disk it is one word, or two.
type Installed struct {
	Release string
	By      audience.Installer
}

// MarshalText see UnmarshalText.
func (i Installed) MarshalText() ([]byte, error) {
	return []byte(strings.TrimSpace(i.Release + " " + string(i.By))), nil
}

// UnmarshalText reads the release, and who installed it where that is known.
func (i *Installed) UnmarshalText(text []byte) error {
	words := strings.Fields(string(text))
	if len(words) == 0 || len(words) > 2 {
		return fmt.Errorf("installed release: %q is neither HASH nor HASH INSTALLER", text)
	}
	i.Release, i.By = words[0], audience.Unrecorded
	if len(words) == 2 {
		i.By = audience.Installer(words[1])
	}
	return nil
}
