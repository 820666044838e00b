package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/internal/certfile"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/readable"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// certFaults reads the certificates that a folder of configuration names, as the proxy's
// user would. A folder elsewhere that names none has nothing to do with those of this host.
func (c *cli) certFaults(path string) tomlfile.Faults {
	conf, err := config.LoadProxy(path)
	if err != nil || isPackage(path) {
		return nil // a manifest, or told with everything else
	}
	certDir, acme := conf.Proxy.CertDir, conf.Proxy.ACME.CACert
	if filepath.Clean(path) != config.Dir && certDir == config.Default().Proxy.CertDir {
		certDir = ""
	}
	if certDir == "" && acme == "" {
		return nil
	}
	who, ok := proxyUser()
	if !ok {
		c.out.Note("the certificates were not checked, which takes root: sudo nexushub verify")
		return nil
	}
	var faults tomlfile.Faults
	if acme != "" {
		if _, err := certfile.ReadAuthority(acme, who); err != nil {
			faults = append(faults, tomlfile.Fault{File: acme, Key: "proxy.acme.ca_cert", Problem: err.Error()})
		}
	}
	if certDir == "" {
		return faults
	}
	folder, err := certfile.ReadFolder(certDir, who)
	if err != nil {
		return append(faults, tomlfile.Fault{File: certDir, Key: "proxy.cert_dir", Problem: err.Error()})
	}
	if conf, err := config.Load(path); err == nil {
		for _, text := range uncovered(conf.Apps, folder.Pairs) {
			c.out.Note(text)
		}
	}
	return append(faults, folderFaults(folder)...)
}

// uncovered are the hosts of static applications for which there is no certificate that the world
// trusts: wildcards, where ACME is on, and any where the operator has certificates of his own.
func uncovered(apps []config.App, pairs []*certfile.Pair) (notes []string) {
	names := map[string]bool{}
	for _, p := range pairs {
		for _, host := range p.Hosts {
			names[host] = true
		}
	}
	for _, app := range apps {
		for _, h := range app.Hosts {
			_, local := strings.CutSuffix(h.Name, ".localhost")
			byACME := app.ACME && !h.Wildcard()
			covered := names[h.Name] || !h.Wildcard() && names[hostname.WildcardOf(h.Name)]
			if local || byACME || covered || !app.ACME && len(pairs) == 0 {
				continue
			}
			text := app.File + ": " + h.Name + ": no certificate of yours names it"
			if h.Wildcard() && app.ACME {
				text += ", and ACME certifies no wildcard"
			}
			notes = append(notes, text+": it gets one of the local authority")
		}
	}
	slices.Sort(notes)
	return slices.Compact(notes)
}

func folderFaults(folder certfile.Folder) (faults tomlfile.Faults) {
	for _, f := range folder.Faults {
		faults = append(faults, tomlfile.Fault{File: f.Path, Problem: f.Problem})
	}
	for _, p := range folder.Pairs {
		if text := p.Problem(time.Now()); text != "" {
			faults = append(faults, tomlfile.Fault{File: p.Path, Problem: text})
		}
	}
	return faults
}

// proxyUser is who the proxy runs as: root can judge for him. On a host without him, the proxy
// is started by hand, by whoever asks.
func proxyUser() (who readable.User, ok bool) {
	who, err := readable.Lookup(certfile.ProxyUser)
	switch {
	case err != nil:
		return readable.Self(), true
	case int(who.ID) == os.Geteuid():
		return readable.Self(), true
	}
	return who, os.Geteuid() == 0
}
