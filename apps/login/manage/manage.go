// Package manage is how root manages people on the host: one request, read as JSON, and one answer.
// The client runs it in the sandbox of the login application, as its user and beside it, on the same
// database. So there is no socket to guard, root's client opens no file that the application can
// replace, and it works while the application is down.
package manage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/apps/login/account"
	"github.com/nexushub/nexushub/apps/login/password"
)

// most bytes that a request has.
const most = 64 << 10

type server struct {
	store  *account.Store
	hasher *password.Hasher
}

// Serve reads one request and writes its answer. What is wrong with the request is an answer, too;
// the error is about all else.
func Serve(ctx context.Context, store *account.Store, hasher *password.Hasher, in io.Reader, out io.Writer) error {
	d := json.NewDecoder(io.LimitReader(in, most))
	d.DisallowUnknownFields()
	var ask api.PeopleRequest
	if err := d.Decode(&ask); err != nil {
		return fmt.Errorf("the request cannot be read: %w", err)
	}
	answer, err := server{store, hasher}.do(ctx, ask)
	if refused(err) {
		answer, err = api.PeopleAnswer{Problem: err.Error()}, nil
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(answer)
}

// refused says whether an error is about what was asked for.
func refused(err error) bool {
	for _, known := range []error{
		account.ErrNoPerson, account.ErrTaken, account.ErrName, account.ErrRole, account.ErrLastOwner,
		account.ErrApplication, password.ErrRule, errUnknown,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

var errUnknown = errors.New("this login application does not know this request; is it of an earlier version?")

func (s server) do(ctx context.Context, ask api.PeopleRequest) (api.PeopleAnswer, error) {
	switch ask.Do {
	case api.PeopleList:
		return s.list(ctx)
	case api.PeopleAdd:
		return s.add(ctx, ask)
	}
	p, err := s.store.Find(ctx, account.NameOf(ask.Name))
	if err != nil {
		return api.PeopleAnswer{}, err
	}
	switch ask.Do {
	case api.PeopleRole:
		err = s.setRights(ctx, p, ask)
	case api.PeoplePassword:
		err = s.setPassword(ctx, p, ask.Password)
	case api.PeopleLock, api.PeopleUnlock:
		err = s.store.SetLocked(ctx, p.ID, ask.Do == api.PeopleLock)
	case api.PeopleRemove:
		return api.PeopleAnswer{}, s.store.Remove(ctx, p.ID)
	case api.PeopleInvite:
		return s.invite(ctx, p)
	default:
		err = errUnknown
	}
	if err != nil {
		return api.PeopleAnswer{}, err
	}
	return s.one(ctx, p.Name)
}

func (s server) list(ctx context.Context) (out api.PeopleAnswer, err error) {
	people, err := s.store.People(ctx)
	out.People = []api.Person{}
	for _, p := range people {
		out.People = append(out.People, shown(p))
	}
	return out, err
}

func (s server) one(ctx context.Context, name string) (api.PeopleAnswer, error) {
	p, err := s.store.Find(ctx, name)
	return api.PeopleAnswer{People: []api.Person{shown(p)}}, err
}

func shown(p account.Person) api.Person {
	state := "active"
	switch {
	case p.Locked:
		state = "locked"
	case p.Password == "":
		state = "invited"
	}
	return api.Person{
		Name: p.Name, Role: p.Role, Applications: p.Applications, State: state, CreatedAt: p.Created.Truncate(time.Second),
	}
}

// add adds a person, with the password that is given, or with an invitation.
func (s server) add(ctx context.Context, ask api.PeopleRequest) (out api.PeopleAnswer, err error) {
	p := account.Person{Name: account.NameOf(ask.Name)}
	if ask.Role != nil {
		p.Role = *ask.Role
	}
	if ask.Applications != nil {
		p.Applications = *ask.Applications
	}
	if ask.Password != "" {
		if p.Password, err = s.hash(ctx, p.Name, ask.Password); err != nil {
			return out, err
		}
	}
	if p.ID, err = s.store.Add(ctx, p); err != nil {
		return out, err
	}
	if ask.Password != "" {
		return s.one(ctx, p.Name)
	}
	return s.invite(ctx, p)
}

func (s server) invite(ctx context.Context, p account.Person) (api.PeopleAnswer, error) {
	code, expires, err := s.store.Invite(ctx, p.ID)
	if err != nil {
		return api.PeopleAnswer{}, err
	}
	out, err := s.one(ctx, p.Name)
	out.Invitation, out.ExpiresAt = code, &expires
	return out, err
}

func (s server) setRights(ctx context.Context, p account.Person, ask api.PeopleRequest) error {
	if ask.Role != nil {
		p.Role = *ask.Role
	}
	if ask.Applications != nil {
		p.Applications = *ask.Applications
	}
	return s.store.SetRights(ctx, p.ID, p.Role, p.Applications)
}

// setPassword also ends all sessions: who sets a password for somebody else does it because one was
// lost.
func (s server) setPassword(ctx context.Context, p account.Person, plain string) error {
	phc, err := s.hash(ctx, p.Name, plain)
	if err != nil {
		return err
	}
	if err := s.store.SetPassword(ctx, p.ID, phc); err != nil {
		return err
	}
	return s.store.EndOthers(ctx, p.ID, "")
}

func (s server) hash(ctx context.Context, name, plain string) (string, error) {
	if err := password.Acceptable(name, plain); err != nil {
		return "", err
	}
	return s.hasher.Hash(ctx, plain)
}
