package config

import (
	"slices"

	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// checkAppHosts makes one list of the names of an application. The first, which HOST says and
// aliases lead to, is one name.
func checkAppHosts(f *tomlfile.File, app *App) {
	first, err := hostname.ParseHost(app.HostName)
	switch {
	case app.HostName == "":
		f.Fault("host_name", "is missing")
	case err != nil:
		f.Fault("host_name", "%v", err)
	case first.Wildcard():
		f.Fault("host_name", "must be one name; write the wildcard into hosts")
	default:
		app.addHost(f, "host_name", first)
	}
	app.HostName = first.Name
	for _, name := range app.MoreHosts {
		app.readHost(f, "hosts", name)
	}
	for _, name := range app.Aliases {
		app.readHost(f, "aliases", name)
	}
	if app.StripPrefix && len(f.Faults) == 0 && !slices.ContainsFunc(app.Hosts, stripped) {
		f.Fault("strip_prefix", "strips nothing: no host has a path, as example.org/docs has")
	}
}

func stripped(h hostname.Host) bool { return h.Strip }

func (a *App) readHost(f *tomlfile.File, key, name string) {
	h, err := hostname.ParseHost(name)
	if err != nil {
		f.Fault(key, "%v", err)
		return
	}
	h.Redirect = key == "aliases"
	a.addHost(f, key, h)
}

func (a *App) addHost(f *tomlfile.File, key string, h hostname.Host) {
	if slices.ContainsFunc(a.Hosts, h.At) {
		f.Fault(key, "lists %s twice", h)
		return
	}
	h.Strip = a.StripPrefix && h.Prefix != "" && !h.Redirect
	a.Hosts = append(a.Hosts, h)
}

// checkHostsFree refuses what is not an application's to have: where the API is, and what another
// file names.
func (l *loader) checkHostsFree(i int, others []App) {
	for n, h := range l.config.Apps[i].Hosts {
		if h.IsAPI(l.config.Domain) {
			l.hostFault(i, n, "is reserved for the API")
		}
		for j, other := range others {
			if slices.ContainsFunc(other.Hosts, h.At) && !l.waits(j) {
				l.hostFault(i, n, "is used by "+l.apps[j].Name+" already")
			}
		}
	}
}

// hostFault adds a fault about the nth host of an application, below the key that names it.
func (l *loader) hostFault(i, n int, problem string) {
	h := l.config.Apps[i].Hosts[n]
	switch {
	case n == 0:
		l.apps[i].Fault("host_name", "%s", problem)
	case h.Redirect:
		l.apps[i].Fault("aliases", "%s %s", h, problem)
	default:
		l.apps[i].Fault("hosts", "%s %s", h, problem)
	}
}
