package debug

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/agent/audit"
	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/problem"
	"github.com/nexushub/nexushub/internal/termtext"
)

// maxJSON bounds a JSON body in bytes.
const maxJSON = 64 << 10

// create makes an application. One of the same name is replaced, or is what is found and
// given what is asked.
func (s *Server) create(c echo.Context) error {
	var asked api.NewDebugApplication
	if err := readJSON(c.Request(), &asked); err != nil {
		return err
	}
	if err := checkNew(asked); err != nil {
		return err
	}
	by, status := callerOf(c.Request()), http.StatusCreated
	audit.About(c.Request().Context(), asked.AppID, "")
	a, replaced, err := s.apps.enter(func(others []application) (a application, replaced []ID, err error) {
		at := slices.IndexFunc(others, func(o application) bool { return s.o.Kind.same(o.AppID, asked.AppID) })
		if at >= 0 && !s.o.Kind.replaces {
			a, status = others[at].given(asked, by), http.StatusOK
		} else {
			a = s.fresh(asked, by)
		}
		if by.Role != "" && !by.Covers(a.AppID) {
			return a, nil, by.Refuse(asked.AppID)
		}
		var before application
		if at >= 0 {
			before = others[at]
		}
		if by.Role == api.Deployer && !onlyDeploys(asked, before) {
			return a, nil, fmt.Errorf("token %s has the role %s, which deploys releases and changes nothing else "+
				"about an application, such as its names: %w", by.Token, by.Role, api.Forbidden)
		}
		if err := a.admitService(asked.StaticServiceURL, before, by); err != nil {
			return a, nil, err
		}
		replaced, err = s.admit(a, others, by)
		return a, replaced, err
	})
	if err != nil {
		return err
	}
	audit.About(c.Request().Context(), a.AppID, string(a.ID))
	for _, id := range replaced {
		s.o.Log.Info(s.o.Kind.String()+" replaced", "instance", id, "app_id", a.AppID, "by", a.ID)
		if err := s.dispose(c.Request().Context(), id); err != nil {
			return err
		}
	}
	s.put(a.ID) // of one that was found, a name may be another
	s.o.Log.Info(s.o.Kind.String()+" created", "instance", a.ID, "app_id", a.AppID, "host", a.HostName,
		"found", status == http.StatusOK)
	return c.JSON(status, s.describe(a))
}

func (s *Server) fresh(n api.NewDebugApplication, by caller.Caller) application {
	now := time.Now().UTC()
	return application{ID: newID(), NewDebugApplication: s.complete(n), Owner: ownerOf(by), CreatedAt: now, ActiveAt: now}
}

// given is the application with what n says; what n leaves out stays.
func (a application) given(n api.NewDebugApplication, by caller.Caller) application {
	a.DisplayName = cmp.Or(n.DisplayName, a.DisplayName)
	if n.HostName != "" {
		h := a.taken(hostname.Host{Name: canonical(n.HostName)}, by)
		a.HostName = n.HostName
		a.setFirst(h, false)
	}
	a.DBName = cmp.Or(n.DBName, a.DBName)
	a.StaticServiceURL = cmp.Or(n.StaticServiceURL, a.StaticServiceURL)
	return a
}

// onlyDeploys says whether nothing is asked for but to deploy what there is, or what is new with all that
// it has by itself.
func onlyDeploys(asked api.NewDebugApplication, there application) bool {
	same := func(asked, there string) bool { return asked == "" || asked == there }
	return same(asked.HostName, there.HostName) && same(asked.DBName, there.DBName) &&
		same(asked.DisplayName, there.DisplayName) && same(asked.StaticServiceURL, there.StaticServiceURL)
}

// readJSON tells invalid JSON (400) from a field of the wrong type (422).
func readJSON(r *http.Request, v any) error {
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxJSON))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fmt.Errorf("body is larger than %d bytes: %w", large.Limit, api.TooLarge)
	}
	if err != nil {
		return fmt.Errorf("body: %w: %w", err, api.Malformed)
	}
	err = json.Unmarshal(data, v)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return badField(wrong.Field, "must not be a "+wrong.Value)
	}
	if err != nil {
		return fmt.Errorf("invalid JSON body: %w: %w", err, api.Malformed)
	}
	return nil
}

func badField(name, why string) error {
	return &api.Fault{Code: api.Invalid, Detail: name + " " + why,
		Faults: []problem.Fault{{Pointer: "/" + name, Detail: why}}}
}

// checkNew lists every bad field.
func checkNew(n api.NewDebugApplication) error {
	var faults []problem.Fault
	check := func(field, value string, err error) {
		if err != nil && value != "" {
			faults = append(faults, problem.Fault{Pointer: "/" + field, Detail: err.Error()})
		}
	}
	if strings.TrimSpace(n.AppID) == "" {
		faults = append(faults, problem.Fault{Pointer: "/appId", Detail: "must not be empty"})
	}
	check("appId", n.AppID, checkText(n.AppID, 128))
	check("displayName", n.DisplayName, checkText(n.DisplayName, 256))
	check("dbName", n.DBName, checkText(n.DBName, 128))
	check("hostName", n.HostName, checkHost(n.HostName))
	check("staticServiceUrl", n.StaticServiceURL, checkURL(n.StaticServiceURL))
	if len(faults) == 0 {
		return nil
	}
	return &api.Fault{Code: api.Invalid, Detail: faults[0].Pointer[1:] + ": " + faults[0].Detail, Faults: faults}
}

// checkHost refuses what would look like the name of somebody else.
func checkHost(name string) error {
	host, err := hostname.Parse(name)
	if err != nil {
		return err
	}
	return hostname.CheckLetters(host)
}

func checkText(s string, most int) error {
	if len(s) > most {
		return fmt.Errorf("must not be longer than %d bytes", most)
	}
	return termtext.CheckName(s)
}

func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil {
		return fmt.Errorf("%q must be an http or https URL without credentials", s)
	}
	return termtext.CheckName(s)
}

// complete generates what the client left out.
func (s *Server) complete(n api.NewDebugApplication) api.NewDebugApplication {
	if n.DisplayName == "" {
		n.DisplayName = n.AppID
	}
	if n.HostName == "" {
		n.HostName = hostname.Label(n.AppID) + "." + s.o.Kind.below + s.o.Domain
	}
	return n
}

// admit finds the applications that a replaces, and refuses a name that belongs to
// anybody else.
func (s *Server) admit(a application, others []application, by caller.Caller) (replaced []ID, err error) {
	isNew := true
	for _, o := range others {
		if s.o.Kind.same(o.AppID, a.AppID) {
			if isNew = false; o.ID != a.ID {
				replaced = append(replaced, o.ID)
			}
		}
	}
	for _, o := range s.o.Runtime.Apps() {
		if err := s.admitName(a, o); err != nil && isNew {
			return nil, err
		}
	}
	if err := s.admitHosts(a, others, by); err != nil {
		return nil, err
	}
	if !isNew && len(replaced) == 0 { // found: who may not install a release changes nothing about it
		return nil, s.o.Runtime.Admit(agent.Admission{ID: string(a.ID), AppID: a.AppID, By: by.Installer, Name: by.Token})
	}
	return replaced, s.inherit(a, replaced, by)
}

// inherit hands the secrets of what is replaced on, to who may have them.
func (s *Server) inherit(a application, replaced []ID, by caller.Caller) (err error) {
	for _, id := range replaced {
		fresh := agent.Admission{ID: string(id), AppID: a.AppID, Fresh: true, By: by.Installer, Name: by.Token}
		if err = s.o.Runtime.Admit(fresh); err == nil {
			err = s.o.Runtime.Inherit(string(id), string(a.ID))
		}
		if err != nil {
			return errors.Join(err, s.o.Runtime.Disinherit(string(a.ID)))
		}
	}
	return nil
}
