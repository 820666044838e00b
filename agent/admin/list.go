package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/plain"
)

// List is one answer about all applications.
type List struct {
	Applications []Application
	Faults       []error // entries that were left out; the list is then no ground for a removal
}

// Complete says whether what is not in the list is really meant to be gone.
func (l List) Complete() bool { return len(l.Faults) == 0 }

var errNoList = errors.New(`answer has no list "applications"`)

// parse reads an answer. One that is cut off, or is something else altogether, is an
// error; a single bad entry is left out and named.
func parse(raw []byte) (List, error) {
	var answer struct {
		Applications *[]Application `json:"applications"`
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&answer); err != nil {
		return List{}, fmt.Errorf("answer is not the JSON expected: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return List{}, errors.New("answer has something behind its JSON")
	}
	if answer.Applications == nil {
		return List{}, errNoList
	}
	return check(*answer.Applications), nil
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
	if err := plain.Name(a.AppID); err != nil {
		return a, fmt.Errorf("appId %q: %w", a.AppID, err)
	}
	a.InstanceID, a.HostName, a.DisplayName = id.String(), host, plain.Text(a.DisplayName)
	return a, nil
}
