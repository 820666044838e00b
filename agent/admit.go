package agent

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/agent/plan"
	"github.com/nexushub/nexushub/agent/secret"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/shell"
)

// Admission is a release that somebody wants to install.
type Admission struct {
	ID    string // deployed or debug application; empty: none
	Kind  string // its kind
	AppID string // dynamic applications with this app id would take the release of a debug application, too
	Fresh bool   // it does not replace what runs now
	By    audience.Installer
	Name  string // of the token, for messages
}

// Admit refuses a release that would make an application lose a secret: the installer is not
// in its audience, and the installer of what runs is. It fails before anything changes, and
// names the secret.
func (p Provider) Admit(n Admission) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	n.Kind = p.kind
	return p.admit(n)
}

// admit is Admit. The caller holds mu.
func (a *Agent) admit(n Admission) error {
	known := false
	for _, d := range a.desiredApps() {
		mine := d.ID == n.ID
		if !mine && (n.Kind != plan.KindDebug || d.Kind != plan.KindDynamic || d.AppID != n.AppID) {
			continue
		}
		known = known || mine
		if err := a.refuseIfSecretsLost(&d, n, n.Fresh || !d.Runs()); err != nil {
			return err
		}
	}
	if known || n.ID == "" {
		return nil
	}
	d := plan.Desired{Instance: plan.Instance{ID: n.ID, Kind: n.Kind}, Name: n.AppID}
	return a.refuseIfSecretsLost(&d, n, true)
}

// admitRollback checks a rollback: what counts is who installed the old release, not who
// rolls back to it.
func (a *Agent) admitRollback(d *plan.Desired, p plan.PastRelease) error {
	return a.refuseIfSecretsLost(d, Admission{By: plan.InstallerOf(d.Kind, p.InstalledBy)}, false)
}

func (a *Agent) refuseIfSecretsLost(d *plan.Desired, n Admission, fresh bool) error {
	list, err := a.vault.List(d.ID)
	if err != nil {
		return err
	}
	if lost := lost(list, d.Installer(), n.By, fresh); len(lost) > 0 {
		return n.refusal(d.Name, lost)
	}
	return nil
}

// lost names the secrets that the installer before gets and the one after does not. A fresh
// application has nothing before it, and is to get all.
func lost(list []secret.Secret, before, after audience.Installer, fresh bool) (names []string) {
	for _, s := range list {
		if !s.Audience.Includes(after) && (fresh || s.Audience.Includes(before)) {
			names = append(names, s.Name)
		}
	}
	return names
}

var safeInCommand = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// admitVariables refuses variables by somebody who does not get a secret of what runs: variables
// decide where a program sends what it has. The caller holds mu.
func (a *Agent) admitVariables(d *plan.Desired, n Admission) error {
	list, err := a.vault.List(d.ID)
	if err != nil {
		return err
	}
	if others := lost(list, d.Installer(), n.By, false); len(others) > 0 {
		who, share := n.share(d.Name, others[0])
		return fmt.Errorf("%s has the secret %s, which is not for %s, and variables decide where it goes; "+
			"nothing was changed. Root can share it: %s: %w", d.Name, strings.Join(others, ", "), who, share, api.Forbidden)
	}
	return nil
}

// refusal says what would be lost, and what root can do about it.
func (n Admission) refusal(app string, lost []string) error {
	who, share := n.share(app, lost[0])
	return fmt.Errorf("%s would lose the secret %s, which is not for what is installed by %s; nothing was changed. Root can share it: %s: %w",
		app, strings.Join(lost, ", "), who, share, api.Forbidden)
}

// share names who asks, and the command by which root lets him have a secret.
func (n Admission) share(app, name string) (who, command string) {
	who, word := n.By.String(), audience.Developers
	id, token := n.By.TokenID()
	switch {
	case token && safeInCommand.MatchString(n.Name):
		who, word = "token "+n.Name, n.Name
	case token:
		word = id
	case n.By == audience.Unrecorded:
		word = audience.Before
	case strings.HasPrefix(string(n.By), "uid:"):
		word = audience.Operators
	}
	return who, shell.Command("nexushub secret set --keep-value --for "+shell.Quote(word), app, name)
}
