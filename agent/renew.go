package agent

import "github.com/nexushub/nexushub/units"

// renewAtOnce is how many applications get the sandbox of a new version at the same time:
// an upgrade is not to start every application of the host at once.
const renewAtOnce = 3

// renews says whether it runs, and is to be replaced for its sandbox: a release that is
// new, or one that does not run, waits for nobody.
func (s *situation) renews() bool {
	return s.Stopped == "" && s.Problem == "" && s.runs() && s.older() != nil
}

// older is a unit of the wanted release in an older sandbox.
func (s *situation) older() *Unit {
	for _, u := range s.others {
		if u.Running() && u.Release == s.Release.Hash && u.Sandbox < units.SandboxVersion && !s.Fallback {
			return u
		}
	}
	return nil
}

// begun says whether its turn has come already.
func (s *situation) begun() bool { return s.want != nil || s.served == "" }

func countRenewals(situations []situation, current Current) (n int) {
	for i := range situations {
		if s := &situations[i]; s.renews() && (s.begun() || current.Busy[s.ID]) {
			n++
		}
	}
	return n
}

// oldSandbox says whether what serves runs in the sandbox of an earlier version.
func (u *Unit) oldSandbox() bool { return !u.Ended() && u.Sandbox < units.SandboxVersion }
