package api

import "time"

// Person is somebody who may sign in at the host's login application.
type Person struct {
	Name         string    `json:"name"`
	Role         Role      `json:"role"`         // empty: may only enter applications
	Applications []string  `json:"applications"` // instance ids of those that the person may enter; "*": all
	State        string    `json:"state"`        // active, invited, locked
	CreatedAt    time.Time `json:"created_at"`
}

// What the login application can be asked to do about people.
const (
	PeopleList     = "list"
	PeopleAdd      = "add"
	PeopleRole     = "role"
	PeoplePassword = "passwd"
	PeopleLock     = "lock"
	PeopleUnlock   = "unlock"
	PeopleRemove   = "remove"
	PeopleInvite   = "invite"
)

// PeopleRequest is what nexushub user asks the login application, on its standard input.
type PeopleRequest struct {
	Do           string    `json:"do"`
	Name         string    `json:"name,omitempty"`
	Password     string    `json:"password,omitempty"`
	Role         *Role     `json:"role,omitempty"`         // nil: as it is
	Applications *[]string `json:"applications,omitempty"` // nil: as they are
}

// PeopleAnswer is what it answers, on its standard output.
type PeopleAnswer struct {
	Problem    string     `json:"problem,omitempty"` // why it was refused
	People     []Person   `json:"people,omitempty"`
	Invitation string     `json:"invitation,omitempty"` // code; the only time that it is seen
	ExpiresAt  *time.Time `json:"expires_at,omitempty"` // of the invitation
}
