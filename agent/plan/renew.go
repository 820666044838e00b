package plan

import "github.com/nexushub/nexushub/units"

// renewAtOnce is how many applications get the sandbox of a new version at the same time:
// an upgrade is not to start every application of the host at once.
const renewAtOnce = 3

// renews says whether it runs, and is to be replaced for its sandbox: a release that is
// new, or one that does not run, waits for nobody.
func (s *AppState) renews() bool {
	return s.Stopped == "" && s.Problem == "" && s.Runs() && s.oldSandboxUnit() != nil
}

// oldSandboxUnit is a unit of the wanted release in an older sandbox.
func (s *AppState) oldSandboxUnit() *Unit {
	for _, u := range s.Others {
		if u.Running() && u.Release == s.Release.Hash && u.Sandbox < units.SandboxVersion && !s.Fallback {
			return u
		}
	}
	return nil
}

// renewalBegun says whether its turn has come already.
func (s *AppState) renewalBegun() bool {
	for range s.wanted() {
		return true
	}
	return len(s.Served) == 0
}

func countRenewals(apps []AppState) (n int) {
	for i := range apps {
		if s := &apps[i]; s.renews() && (s.renewalBegun() || len(s.Busy) > 0) {
			n++
		}
	}
	return n
}

// OldSandbox says whether what serves runs in the sandbox of an earlier version.
func (u *Unit) OldSandbox() bool { return !u.Ended() && u.Sandbox < units.SandboxVersion }
