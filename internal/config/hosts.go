package config

import (
	"strings"

	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// HostNames decides who may take which host name.
func (c *Config) HostNames() hostname.Policy {
	return hostname.Policy{Domain: c.Domain, Reserved: c.Policy.Hosts.Reserved, Developers: c.Policy.Hosts.Developers}
}

func checkHosts(f *tomlfile.File, h Hosts) {
	canonical(f, "policy.hosts.reserved", h.Reserved, false)
	canonical(f, "policy.hosts.developers", h.Developers, true)
}

// canonical brings names into the form in which they are compared.
func canonical(f *tomlfile.File, key string, names []string, wild bool) {
	for i, name := range names {
		prefix := ""
		if rest, ok := strings.CutPrefix(name, "*."); ok && wild {
			prefix, name = "*.", rest
		}
		host, err := hostname.ParseName(name)
		if err != nil {
			f.Fault(key, "%v", err)
		}
		names[i] = prefix + host
	}
}
