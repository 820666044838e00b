package main

import (
	"os"
	"path/filepath"
	"time"

	"github.com/nexushub/nexushub/internal/certfile"
	"github.com/nexushub/nexushub/internal/config"
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
	if certDir != "" {
		faults = append(faults, folderFaults(certDir, who)...)
	}
	return faults
}

func folderFaults(dir string, who readable.User) (faults tomlfile.Faults) {
	folder, err := certfile.ReadFolder(dir, who)
	if err != nil {
		return tomlfile.Faults{{File: dir, Key: "proxy.cert_dir", Problem: err.Error()}}
	}
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
