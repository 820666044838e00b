// Package voice owns every word that the nexushub command prints, so that it speaks
// with one voice: data on stdout, progress and complaints on stderr, lower case, no
// full stop, and after a complaint a line that says what to do. Colour only for a
// terminal and without NO_COLOR; --json prints what the API answered.
package voice

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/plain"
)

// Voice prints.
type Voice struct {
	Out, Err io.Writer
	Colour   bool // Out is a terminal that wants it
	Terminal bool // Err is a terminal: a progress bar can be drawn
	Quiet    bool // no progress, only data and complaints
	AsJSON   bool
	Now      func() time.Time
}

// json prints v as a document if that is wanted.
func (v *Voice) json(doc any) (done bool, err error) {
	if !v.AsJSON {
		return false, nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return true, err
	}
	_, err = v.Out.Write(plain.JSON(b.Bytes()))
	return true, err
}

func (v *Voice) say(format string, args ...any) {
	if !v.Quiet {
		fmt.Fprintln(v.Err, v.clean(fmt.Sprintf(format, args...)))
	}
}

// Apps is `list`.
func (v *Voice) Apps(apps []api.App) error {
	if done, err := v.json(apps); done {
		return err
	}
	if len(apps) == 0 {
		v.say("no applications yet: nexushub deploy DIR")
		return nil
	}
	t := v.table("NAME", "STATE", "SINCE", "HEALTH", "RESTARTS", "MEMORY", "URL")
	for _, a := range apps {
		t.row(a.Name, v.state(a.State), v.ago(a.Since), health(a.Health), fmt.Sprint(a.Restarts), size(a.Memory), a.URL)
	}
	return t.flush()
}

// Did confirms a change.
func (v *Voice) Did(what string, a api.App) error {
	if done, err := v.json(a); done {
		return err
	}
	v.say("%s %s: %s", what, a.Name, v.reason(string(a.State), a.Why))
	return nil
}

// Done is what --json prints of a change that has no other answer.
type Done struct {
	Action string `json:"action"`         // removed, stopped, set, logged in, written, restored
	Kind   string `json:"kind"`           // of what
	Name   string `json:"name,omitempty"` // which
}

func (v *Voice) done(d Done, format string, args ...any) error {
	if done, err := v.json(d); done {
		return err
	}
	v.say(format, args...)
	return nil
}

// Removed confirms that something is gone.
func (v *Voice) Removed(what, name string) error {
	return v.done(Done{"removed", what, name}, "removed %s %s", what, name)
}

// StoppedAll confirms `stop --all`.
func (v *Voice) StoppedAll() error {
	return v.done(Done{Action: "stopped", Kind: "applications"}, "stopped every application; nexushub start APP lets all run again")
}

// Plan is `plan`.
func (v *Voice) Plan(tasks []api.Task) error {
	if done, err := v.json(tasks); done {
		return err
	}
	if len(tasks) == 0 {
		v.say("nothing to do: everything is as it should be")
		return nil
	}
	t := v.table("ACTION", "APPLICATION", "UNIT", "REASON")
	for _, k := range tasks {
		t.row(k.Action, k.Name, k.Unit, k.Reason)
	}
	return t.flush()
}

// Routes is `routes`.
func (v *Voice) Routes(routes []api.Route) error {
	if done, err := v.json(routes); done {
		return err
	}
	if len(routes) == 0 {
		v.say("no routes")
		return nil
	}
	t := v.table("HOST", "APPLICATION", "STATE", "TARGET", "STATIC", "IN FLIGHT", "REQUESTS", "LAST")
	for _, r := range routes {
		target := r.Address
		if r.DevServer != "" {
			target = r.DevServer
		}
		t.row(r.Host, r.Name, v.route(r.State), target, r.StaticDir, fmt.Sprint(r.InFlight), fmt.Sprint(r.Requests), v.agoPtr(r.LastRequest))
	}
	return t.flush()
}

// Certs is `cert`; root is the local authority's certificate, if there is one.
func (v *Voice) Certs(certs []api.Cert, root string) error {
	if done, err := v.json(certs); done {
		return err
	}
	t := v.table("HOSTS", "SOURCE", "ISSUER", "EXPIRES", "PATH", "PROBLEM")
	for _, c := range certs {
		t.row(strings.Join(c.Hosts, ","), c.Source, c.Issuer, v.expiry(c.NotAfter), c.Path, v.red(c.Error))
	}
	var err error
	if len(certs) > 0 {
		err = t.flush()
	} else {
		v.say("no certificates yet: put NAME.crt and NAME.key into /etc/nexushub/certs, or the proxy makes its own at the first request")
	}
	if root != "" {
		v.say("to trust the local CA: cp %s /usr/local/share/ca-certificates/nexushub.crt && update-ca-certificates", root)
	}
	return err
}

// CertsChecked is `cert check`: an error that names what is wrong with each
// certificate that cannot be used, or not until then. With --json the certificates are
// printed as well.
func (v *Voice) CertsChecked(certs []api.Cert, until time.Time) error {
	var bad []string
	for _, c := range certs {
		name := strings.Join(c.Hosts, ",")
		switch {
		case c.Error != "":
			bad = append(bad, fmt.Sprintf("%s (%s): %s", name, c.Path, c.Error))
		case c.Source != "local CA" && c.NotAfter.Before(until):
			bad = append(bad, fmt.Sprintf("%s (%s): expires %s", name, c.Source, c.NotAfter.UTC().Format(time.DateTime)))
		}
	}
	if done, err := v.json(certs); done && err != nil {
		return err
	}
	if len(bad) > 0 {
		return errors.New(strings.Join(bad, "\n"))
	}
	v.say("all certificates are good: %d", len(certs))
	return nil
}

// Releases is `releases`.
func (v *Voice) Releases(releases []api.Release) error {
	if done, err := v.json(releases); done {
		return err
	}
	if len(releases) == 0 {
		v.say("no releases")
		return nil
	}
	t := v.table("RELEASE", "INSTALLED", "SIZE", "STATE")
	for _, r := range releases {
		t.row(short(r.ID), v.agoPtr(r.InstalledAt), size(uint64(r.Size)), releaseState(r))
	}
	return t.flush()
}

// Tokens is `token list`.
func (v *Voice) Tokens(tokens []api.Token) error {
	if done, err := v.json(tokens); done {
		return err
	}
	if len(tokens) == 0 {
		v.say("no tokens: nexushub token create NAME")
		return nil
	}
	t := v.table("ID", "NAME", "CREATED", "EXPIRES", "LAST USED")
	for _, k := range tokens {
		t.row(k.ID, k.Name, v.ago(k.CreatedAt), v.expiryPtr(k.ExpiresAt), v.agoPtr(k.LastUsedAt))
	}
	return t.flush()
}

// Issued shows a new token, once.
func (v *Voice) Issued(t api.IssuedToken) error {
	if done, err := v.json(t); done {
		return err
	}
	v.say("this token is shown once and kept only as a hash; hand it to: nexushub login HOST --token -")
	_, err := fmt.Fprintln(v.Out, v.clean(t.Secret))
	return err
}

// Explanation is `explain`.
func (v *Voice) Explanation(e api.Explanation) error {
	if done, err := v.json(e); done {
		return err
	}
	for _, w := range e.Withheld {
		fmt.Fprintln(v.Out, "# "+plain.Text(w))
	}
	_, err := fmt.Fprintln(v.Out, Shell(e.Command))
	return err
}

// Version is `version`.
func (v *Voice) Version(client string, agent *api.System) error {
	if done, err := v.json(map[string]any{"client": client, "agent": agent}); done {
		return err
	}
	fmt.Fprintln(v.Out, v.clean("nexushub "+client))
	if agent != nil {
		fmt.Fprintln(v.Out, v.clean(fmt.Sprintf("nexushubd %s (%s), systemd %s", agent.Version, agent.Commit, agent.Systemd)))
	}
	return nil
}

// Verified is `verify` without a fault.
func (v *Voice) Verified(what string) { v.say("%s: no faults", what) }

// Faults is `verify` with some.
func (v *Voice) Faults(faults any, lines string) error {
	if done, err := v.json(faults); done {
		return err
	}
	_, err := fmt.Fprintln(v.Out, v.clean(lines))
	return err
}

// LoggedIn confirms `login`.
func (v *Voice) LoggedIn(host, file string) error {
	return v.done(Done{"logged in", "host", host}, "logged in to %s; the token is in %s", host, file)
}

// BackedUp confirms `backup`.
func (v *Voice) BackedUp(file string) error {
	return v.done(Done{"written", "backup", file}, "backup: %s", file)
}

// Restored confirms `restore`.
func (v *Voice) Restored(file string) error {
	return v.done(Done{"restored", "backup", file}, "restored: %s", file)
}

// Warn says what is wrong with something that is done all the same.
func (v *Voice) Warn(text string) { v.complain(text, "") }

// Remark says what is worth knowing, and wrong with nothing.
func (v *Voice) Remark(text string) { v.say("%s", plain.Text(text)) }

// Running passes on what a started step says about itself.
func (v *Voice) Running(step string) { v.say("%s ...", step) }
