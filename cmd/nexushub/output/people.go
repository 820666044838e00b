package output

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
)

// Invitation is a person with the address of an invitation.
type Invitation struct {
	api.Person
	Link      string    `json:"link"`
	ExpiresAt time.Time `json:"expires_at"`
}

// People is `user list`; names are those of applications, by their ids.
func (p *Printer) People(people []api.Person, names map[string]string) error {
	if done, err := p.json(people); done {
		return err
	}
	if len(people) == 0 {
		p.infof("nobody yet: nexushub user add NAME --role owner")
		return nil
	}
	t := p.table("NAME", "ROLE", "APPLICATIONS", "STATE", "ADDED")
	for _, x := range people {
		var apps []string
		for _, id := range x.Applications {
			apps = append(apps, cmp.Or(names[id], id))
		}
		if x.Role.Includes(api.Operator) {
			apps = []string{api.AllApplications}
		}
		t.row(x.Name, cmp.Or(string(x.Role), "-"), cmp.Or(strings.Join(apps, ", "), "-"), x.State, p.ago(x.CreatedAt))
	}
	return t.flush()
}

// Invitation shows the address, once.
func (p *Printer) Invitation(i Invitation) error {
	if done, err := p.json(i); done {
		return err
	}
	p.infof("whoever opens this address first, until %s, sets the password of %s; it is shown only once",
		i.ExpiresAt.Format("2 January 15:04 MST"), i.Name)
	_, err := fmt.Fprintln(p.Stdout, p.clean(i.Link))
	return err
}

// PersonChanged confirms what was done to somebody.
func (p *Printer) PersonChanged(done, what, name string) error {
	return p.confirm(Change{done, strings.TrimSuffix(what, " of"), name}, "%s %s %s", done, what, name)
}
