package plan

import (
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/shell"
	"github.com/nexushub/nexushub/units"
)

// runBefore runs the release command of what is to run, before anything of it starts. It says whether
// that is done. One that runs is left to end, whatever is wanted by then: a command that changes a
// database must not be cut off, and no other begins beside it.
func (s *AppState) runBefore() (steps []Task, done bool) {
	steps, running := s.clearCommands()
	own := s.command()
	switch {
	case s.Before == nil || s.begun():
		return steps, true
	case running:
		return steps, false
	case own == nil:
		if reason, ok := s.runsAlone(); ok {
			return append(steps, s.tearDown(reason, s.older())...), false
		}
		t := s.Task(Release, s.Before.UnitName(), "revision "+ShortHash(s.Revision)+" needs "+s.commandLine()+
			" before it starts")
		t.Spec = s.Spec
		return append(steps, t), false
	case succeeded(own):
		return append(steps, s.Task(Released, own.Unit, "its release command has succeeded")), false
	}
	t := s.Task(Reject, own.Unit, "its release command failed: "+commandEnd(own))
	t.Run = own.Invocation
	return append(steps, t), false
}

// clearCommands takes away the release commands that have ended and whose result is of no use any more:
// that one has succeeded is remembered first, for its release may be wanted again. It says whether one
// runs.
func (s *AppState) clearCommands() (steps []Task, running bool) {
	own := s.command()
	for _, u := range s.Commands {
		switch {
		case !u.Over():
			running = true
		case u == own && !s.begun(): // it is about what is to run
		case succeeded(u) && u.Definition != "" && !slices.Contains(s.Released, u.Definition):
			steps = append(steps, s.Task(Released, u.Unit, "its release command has succeeded, though another is wanted"))
		default:
			steps = append(steps, s.Task(Stop, u.Unit, "its result is known"))
		}
	}
	return steps, running
}

// command is the unit of the release command that is to run; nil: it is not there.
func (s *AppState) command() *Unit {
	if s.Before == nil {
		return nil
	}
	for _, u := range s.Commands {
		if u.Unit == s.Before.UnitName() {
			return u
		}
	}
	return nil
}

// begun says whether something of the wanted revision is there: then its release command ran, even if
// that is forgotten.
func (s *AppState) begun() bool { return s.First() != nil }

// succeeded says whether a command that has ended did what it should.
func succeeded(u *Unit) bool { return u.ActiveState == "active" && u.Result == "success" }

// commandEnd is how a command ended that did not succeed.
func commandEnd(u *Unit) string {
	if u.Result == "success" {
		return "somebody has stopped it"
	}
	return u.lastExitText()
}

// commandLine is the release command in one line.
func (s *AppState) commandLine() string {
	var words []string
	for _, word := range s.Before.Exec {
		words = append(words, shell.Quote(word))
	}
	line := strings.Join(words, " ")
	if len(line) > maxCommandLine {
		line = strings.ToValidUTF8(line[:maxCommandLine], "") + "..."
	}
	return line
}

// maxCommandLine is how many bytes of a command are told.
const maxCommandLine = 100

// beforeWords say of what is to run that its release command is not done; empty: it is.
func (s *AppState) beforeWords() string {
	if s.Before == nil || s.begun() {
		return ""
	}
	for _, u := range s.Commands {
		if !u.Over() && u.Unit != s.Before.UnitName() {
			return "waits for the release command of another revision to end"
		}
	}
	return "its release command runs: " + s.commandLine()
}

// isCommand says whether a unit is a release command.
func isCommand(u *Unit) bool { return u.Process == units.ReleaseProcess }
