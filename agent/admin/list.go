package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/termtext"
)

// maxText bounds an app id, and cuts a display name, in bytes.
const maxText = 256

// Application is one entry of the admin service's list.
type Application struct {
	InstanceID  string `json:"instanceId"`
	AppID       string `json:"appId"`
	DisplayName string `json:"displayName"`
	HostName    string `json:"hostName"`
}

// List is one answer about all applications.
type List struct {
	Applications []Application
	Faults       []error // entries that were left out; the list is then no ground for a removal
}

// Complete says whether what is not in the list is really meant to be gone.
func (l List) Complete() bool { return len(l.Faults) == 0 }

var errNoList = errors.New(`answer has no list "applications"`)

// ErrTooMany says that there are more applications than admin.max_apps.
var ErrTooMany = errors.New("too many applications")

// TooMany is the error where n applications are more than most.
func TooMany(n, most int) error {
	if n <= most {
		return nil
	}
	return fmt.Errorf("more than %d (admin.max_apps): %w", most, ErrTooMany)
}

// entries are read one by one: a service that has gone mad costs no more memory than its
// answer and most of them.
type entries struct {
	list []Application // nil: there is no list
	most int
}

// UnmarshalJSON reads a list.
func (e *entries) UnmarshalJSON(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return errNoList
	}
	e.list = []Application{}
	for d.More() {
		var a Application
		if err := d.Decode(&a); err != nil {
			return err
		}
		if e.list = append(e.list, a); len(e.list) > e.most {
			return TooMany(len(e.list), e.most)
		}
	}
	return nil
}

// parse reads an answer about at most so many applications. One that is cut off, or is
// something else altogether, is an error; a single bad entry is left out and named.
func parse(raw []byte, most int) (List, error) {
	var answer struct {
		Applications entries `json:"applications"`
	}
	answer.Applications.most = most
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&answer); err != nil {
		return List{}, fmt.Errorf("answer is not the expected JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return List{}, errors.New("answer has more than its JSON")
	}
	if answer.Applications.list == nil {
		return List{}, errNoList
	}
	return check(answer.Applications.list), nil
}

func check(in []Application) List {
	var l List
	ids, hosts := map[string]bool{}, map[string]bool{}
	for n, a := range in {
		a, err := canonical(a)
		switch {
		case err != nil:
		case ids[a.InstanceID]:
			err = fmt.Errorf("instance %s is listed twice", a.InstanceID)
		case hosts[a.HostName]:
			err = fmt.Errorf("host name %s is listed twice", a.HostName)
		}
		if err != nil {
			l.Faults = append(l.Faults, fmt.Errorf("application %d: %w", n+1, err))
			continue
		}
		ids[a.InstanceID], hosts[a.HostName] = true, true
		l.Applications = append(l.Applications, a)
	}
	return l
}

func canonical(a Application) (Application, error) {
	id, err := uuid.Parse(a.InstanceID)
	if err != nil {
		return a, fmt.Errorf("instanceId %q: must be a UUID", a.InstanceID)
	}
	host, err := hostname.Parse(a.HostName)
	if err != nil {
		return a, err
	}
	if err := termtext.CheckName(a.AppID); err != nil {
		return a, fmt.Errorf("appId %q: %w", a.AppID, err)
	}
	if len(a.AppID) > maxText {
		return a, fmt.Errorf("appId has %d bytes, the limit is %d", len(a.AppID), maxText)
	}
	a.InstanceID, a.HostName, a.DisplayName = id.String(), host, cut(termtext.Text(cut(a.DisplayName)))
	return a, nil
}

func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "")
}
