package config

import (
	"regexp"

	"github.com/google/uuid"

	"github.com/nexushub/nexushub/internal/hostname"
)

// setAside leaves of an application whose file has faults only who it is: nothing in the
// file may be half applied, and nobody else may take its host name meanwhile.
func (l *loader) setAside() {
	sound := map[string]bool{}
	for i, app := range l.config.Apps {
		sound[app.InstanceID] = sound[app.InstanceID] || len(l.apps[i].Faults) == 0
	}
	var apps, waiting []App
	for i, app := range l.config.Apps {
		faults := l.apps[i].Faults
		if len(faults) == 0 {
			apps = append(apps, app)
			continue
		}
		faults.Sort()
		l.config.Unusable = append(l.config.Unusable, faults...)
		switch {
		case app.InstanceID == "" || app.HostName == "":
			l.config.Incomplete = true
		case !sound[app.InstanceID]:
			sound[app.InstanceID] = true // of two files with faults the first
			waiting = append(waiting, App{File: app.File, InstanceID: app.InstanceID, HostName: app.HostName, Hosts: app.Hosts,
				AppID: app.AppID, Name: app.Name, Problem: faults[0].Error()})
		}
	}
	l.config.Apps = append(apps, waiting...) // the first to name a host has it
}

var (
	instanceLine = regexp.MustCompile(`(?m)^[ \t]*instance_id[ \t]*=[ \t]*["']([^"'\n]*)["']`)
	hostLine     = regexp.MustCompile(`(?m)^[ \t]*host_name[ \t]*=[ \t]*["']([^"'\n]*)["']`)
)

// identify finds out which application a file with faults is about, also where it is no
// TOML: empty if the file does not tell.
func (a *App) identify(data []byte) {
	if a.InstanceID == "" {
		a.InstanceID = firstMatch(instanceLine, data)
	}
	if a.HostName == "" {
		a.HostName = firstMatch(hostLine, data)
	}
	if id, err := uuid.Parse(a.InstanceID); err == nil && len(a.InstanceID) == 36 {
		a.InstanceID = id.String()
	} else {
		a.InstanceID = ""
	}
	first, err := hostname.ParseHost(a.HostName)
	if a.HostName = first.Name; err == nil && len(a.Hosts) == 0 {
		a.Hosts = []hostname.Host{first}
	}
}

func firstMatch(line *regexp.Regexp, data []byte) string {
	if found := line.FindSubmatch(data); found != nil {
		return string(found[1])
	}
	return ""
}
