// Package output prints everything that the nexushub command says, so that all of it looks
// alike: data on stdout, progress and errors on stderr, lower case, no full stop, and after
// an error a line that says what to do. Colours only on a terminal and without NO_COLOR;
// --json prints the answer of the API.
package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/shell"
	"github.com/nexushub/nexushub/internal/termtext"
)

// Printer prints.
type Printer struct {
	Stdout, Stderr io.Writer
	Colour         bool // Stdout is a terminal that wants it
	Terminal       bool // Stderr is a terminal: a progress bar can be drawn
	Quiet          bool // no progress, only data and errors
	AsJSON         bool
	Now            func() time.Time
}

// json prints v as a document if that is wanted.
func (p *Printer) json(doc any) (done bool, err error) {
	if !p.AsJSON {
		return false, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return true, err
	}
	_, err = p.Stdout.Write(termtext.JSON(b.Bytes()))
	return true, err
}

func (p *Printer) infof(format string, args ...any) {
	if !p.Quiet {
		fmt.Fprintln(p.Stderr, p.clean(fmt.Sprintf(format, args...)))
	}
}

// Apps is `list`.
func (p *Printer) Apps(apps []api.App) error {
	if done, err := p.json(apps); done {
		return err
	}
	if len(apps) == 0 {
		p.infof("no applications yet: nexushub deploy DIR")
		return nil
	}
	t := p.table("NAME", "STATE", "SINCE", "PROCESSES", "HEALTH", "RESTARTS", "MEMORY", "ACCESS", "URL")
	byName := func(a, b api.App) int { return strings.Compare(a.Name, b.Name) } // host names put a-b before a
	for _, a := range slices.SortedStableFunc(slices.Values(apps), byName) {
		access := ""
		switch {
		case a.Bypassable:
			access = a.Access + " (bypassable)"
		case a.Access != manifest.AccessAreas:
			access = a.Access
		}
		state := p.state(a.State)
		if a.Building != nil && a.State != api.StateBuilding {
			state += " (building)"
		}
		t.row(a.Name, state, p.ago(a.Since), processes(a), healthOf(a), fmt.Sprint(a.Restarts), size(a.Memory),
			access, a.URL+others(a.Hosts))
	}
	return t.flush()
}

// Changed confirms a change.
func (p *Printer) Changed(what string, a api.App) error {
	if done, err := p.json(a); done {
		return err
	}
	p.infof("%s %s: %s", what, a.Name, p.withReason(string(a.State), a.Why))
	return nil
}

// RolledBack confirms a rollback, and says where to.
func (p *Printer) RolledBack(a api.App) error {
	if a.Release == "" || p.AsJSON {
		return p.Changed("rolled back", a)
	}
	p.infof("rolled back %s to release %s: %s", a.Name, shortHash(a.Release), p.withReason(string(a.State), a.Why))
	return nil
}

// Change is what --json prints of a change that has no other answer.
type Change struct {
	Action string `json:"action"`         // removed, stopped, set, locked, unlocked, logged in, written, restored
	Kind   string `json:"kind"`           // of what
	Name   string `json:"name,omitempty"` // which
}

func (p *Printer) confirm(d Change, format string, args ...any) error {
	if done, err := p.json(d); done {
		return err
	}
	p.infof(format, args...)
	return nil
}

// Removed confirms that something is gone.
func (p *Printer) Removed(what, name string) error {
	return p.confirm(Change{"removed", what, name}, "removed %s %s", what, name)
}

// StoppedAll confirms `stop --all`.
func (p *Printer) StoppedAll() error {
	return p.confirm(Change{Action: "stopped", Kind: "applications"},
		"stopped all applications; nexushub start APP starts them again")
}

// Plan is `plan`.
func (p *Printer) Plan(tasks []api.Task) error {
	if done, err := p.json(tasks); done {
		return err
	}
	if len(tasks) == 0 {
		p.infof("nothing to do: everything is as it should be")
		return nil
	}
	t := p.table("ACTION", "APPLICATION", "UNIT", "REASON")
	for _, k := range tasks {
		t.row(k.Action, k.Name, k.Unit, k.Reason)
	}
	return t.flush()
}

// Routes is `routes`.
func (p *Printer) Routes(routes []api.Route) error {
	if done, err := p.json(routes); done {
		return err
	}
	if len(routes) == 0 {
		p.infof("no routes")
		return nil
	}
	t := p.table("HOST", "APPLICATION", "STATE", "TARGET", "STATIC", "IN FLIGHT", "REQUESTS", "LAST")
	for _, r := range routes {
		target := r.Address
		if n := len(r.Targets); n > 1 {
			target = fmt.Sprintf("%s and %d more", target, n-1)
		}
		if r.DevServer != "" {
			target = r.DevServer
		}
		if r.RedirectTo != "" {
			target = "redirects to " + r.RedirectTo
		}
		t.row(r.Host, r.Name, p.route(r.State), target, r.StaticDir, fmt.Sprint(r.InFlight), fmt.Sprint(r.Requests),
			p.agoPtr(r.LastRequest))
	}
	return t.flush()
}

// Certs is `cert`; root is the local authority's certificate, if there is one. If there is
// something wrong with one of them, the exit code says so.
func (p *Printer) Certs(certs []api.Cert, root string) error {
	bad := slices.ContainsFunc(certs, func(c api.Cert) bool { return c.Error != "" })
	done, err := p.json(certs)
	if !done {
		err = p.certTable(certs, root)
	}
	if err == nil && bad {
		return &Exit{Code: api.ExitError}
	}
	return err
}

func (p *Printer) certTable(certs []api.Cert, root string) error {
	t := p.table("HOSTS", "SOURCE", "ISSUER", "EXPIRES", "PATH", "NOTE", "PROBLEM")
	for _, c := range certs {
		t.row(strings.Join(c.Hosts, ","), c.Source, c.Issuer, p.expiry(c.NotAfter), c.Path, c.Note, p.red(c.Error))
	}
	var err error
	if len(certs) > 0 {
		err = t.flush()
	} else {
		p.infof("no certificates yet: put NAME.crt and NAME.key into /etc/nexushub/certs, or the proxy creates its own at the first request")
	}
	if root != "" {
		p.infof("to trust the local CA: %s && update-ca-certificates",
			shell.Command("cp", root, "/usr/local/share/ca-certificates/nexushub.crt"))
	}
	return err
}

// CertsChecked is `cert check`: an error that names what is wrong with each
// certificate that cannot be used, or not until then. With --json the certificates are
// printed as well.
func (p *Printer) CertsChecked(certs []api.Cert, until time.Time) error {
	var bad []string
	for _, c := range certs {
		name := strings.Join(c.Hosts, ",")
		switch {
		case c.Error != "":
			bad = append(bad, fmt.Sprintf("%s (%s): %s", name, c.Path, c.Error))
		case c.Source != "local CA" && c.NotAfter.Before(until) && !renewed(c, certs):
			bad = append(bad, fmt.Sprintf("%s (%s): expires %s", name, c.Source, c.NotAfter.UTC().Format(time.DateTime)))
		}
	}
	if done, err := p.json(certs); done && err != nil {
		return err
	}
	if len(bad) > 0 {
		return errors.New(strings.Join(bad, "\n"))
	}
	p.infof("all certificates are valid: %d", len(certs))
	return nil
}

// renewed says whether every host of a certificate has another one that is valid longer.
func renewed(c api.Cert, certs []api.Cert) bool {
	return len(c.Hosts) > 0 && !slices.ContainsFunc(c.Hosts, func(host string) bool {
		return !slices.ContainsFunc(certs, func(other api.Cert) bool {
			return other.Error == "" && other.NotAfter.After(c.NotAfter) && slices.Contains(other.Hosts, host)
		})
	})
}

// Releases is `releases`.
func (p *Printer) Releases(releases []api.Release) error {
	if done, err := p.json(releases); done {
		return err
	}
	if len(releases) == 0 {
		p.infof("no releases")
		return nil
	}
	set := slices.ContainsFunc(releases, func(r api.Release) bool { return len(r.Settings) > 0 })
	t := p.table("RELEASE", "INSTALLED", "SIZE", "STATE", "CHANGED")
	for _, r := range releases {
		id := shortHash(r.ID)
		if set {
			id += strings.TrimPrefix(r.Edition, r.ID)
		}
		t.row(id, p.agoPtr(r.InstalledAt), size(uint64(r.Size)), releaseState(r), strings.Join(changed(r, set), ", "))
	}
	return t.flush()
}

// changed says nothing where only releases can have changed.
func changed(r api.Release, set bool) []string {
	if !set {
		return nil
	}
	return r.Changed
}

// Tokens is `token list`.
func (p *Printer) Tokens(tokens []api.Token) error {
	if done, err := p.json(tokens); done {
		return err
	}
	if len(tokens) == 0 {
		p.infof("no tokens: nexushub token create NAME")
		return nil
	}
	t := p.table("ID", "NAME", "ROLE", "APPLICATIONS", "CREATED", "EXPIRES", "LAST USED")
	for _, k := range tokens {
		t.row(k.ID, k.Name, string(k.Role), strings.Join(k.Applications, ", "), p.ago(k.CreatedAt), p.expiryPtr(k.ExpiresAt),
			p.agoPtr(k.LastUsedAt))
	}
	return t.flush()
}

// IssuedToken shows a new token, once.
func (p *Printer) IssuedToken(t api.IssuedToken) error {
	if done, err := p.json(t); done {
		return err
	}
	p.infof("this token is shown only once; to log in with it: nexushub login HOST --token -")
	_, err := fmt.Fprintln(p.Stdout, p.clean(t.Secret))
	return err
}

// Explanation is `explain`.
func (p *Printer) Explanation(e api.Explanation) error {
	if done, err := p.json(e); done {
		return err
	}
	for _, w := range e.Withheld {
		fmt.Fprintln(p.Stdout, "# "+termtext.Text(w))
	}
	_, err := fmt.Fprintln(p.Stdout, shell.Lines(e.Command))
	return err
}

// Version is `version`.
func (p *Printer) Version(client string, agent *api.System) error {
	if done, err := p.json(map[string]any{"client": client, "agent": agent}); done {
		return err
	}
	fmt.Fprintln(p.Stdout, p.clean("nexushub "+client))
	if agent != nil {
		fmt.Fprintln(p.Stdout,
			p.clean(fmt.Sprintf("nexushubd %s (%s), systemd %s", agent.Version, agent.Commit, agent.Systemd)))
	}
	return nil
}

// Verified is `verify` without a fault.
func (p *Printer) Verified(what string) { p.infof("%s: no faults", what) }

// Faults is `verify` with some.
func (p *Printer) Faults(faults any, lines string) error {
	if done, err := p.json(faults); done {
		return err
	}
	_, err := fmt.Fprintln(p.Stdout, p.clean(lines))
	return err
}

// LoggedIn confirms `login`.
func (p *Printer) LoggedIn(host string, me api.Me, file string) error {
	as := "for debug applications alone, because the token has no role"
	if me.Role != "" {
		as = "as " + string(me.Role) + " of " + strings.Join(me.Applications, ", ")
	}
	if slices.Contains(me.Applications, api.AllApplications) {
		as = "as " + string(me.Role) + " of all applications"
	}
	return p.confirm(Change{"logged in", "host", host}, "logged in to %s %s; the token is in %s", host, as, file)
}

// BackedUp confirms `backup`.
func (p *Printer) BackedUp(file string) error {
	return p.confirm(Change{"written", "backup", file}, "backup written to %s", file)
}

// Restored confirms `restore`.
func (p *Printer) Restored(file string) error {
	return p.confirm(Change{"restored", "backup", file}, "restored %s", file)
}

// Warn reports a problem with something that is done nevertheless.
func (p *Printer) Warn(text string) { p.errorLines(text, "") }

// Note reports something worth knowing that is not a problem.
func (p *Printer) Note(text string) { p.infof("%s", termtext.Text(text)) }

// Step says what the command does next.
func (p *Printer) Step(step string) { p.infof("%s ...", step) }
