package main

import (
	"context"
	"strings"

	"github.com/nexushub/nexushub/internal/config"
)

// runReload reads the configuration again at every SIGHUP. An invalid one changes nothing.
func (d *daemon) runReload(ctx context.Context, n notifier) error {
	n.Reloads(ctx, func() string {
		remark := d.reload(ctx)
		n.remark.Store(&remark) // stays in STATUS until the next reload
		return remark
	})
	return nil
}

// reload returns a remark when the configuration took effect only in part, or not at all.
func (d *daemon) reload(ctx context.Context) (remark string) {
	conf, err := config.Load(d.dir)
	if err == nil {
		err = d.level.UnmarshalText([]byte(conf.LogLevel))
	}
	if err != nil {
		d.log.Error("invalid configuration, keeping the old one", "error", err)
		return "invalid configuration, keeping the old one: " + firstLine(err.Error())
	}
	d.agent.Reload(conf, proxyPort(ctx, d.units, d.log))
	d.log.Info("configuration reloaded", "applications", len(conf.Apps))
	late := atStartOnly(d.conf, conf)
	if len(late) == 0 {
		return ""
	}
	d.log.Warn("changed keys take effect only after systemctl restart nexushubd, which no application notices",
		"keys", late)
	return "changed, but read only at start: " + strings.Join(late, ", ") +
		"; run systemctl restart nexushubd, which no application notices"
}

// atStartOnly names the keys that differ and that a reload leaves as they are.
func atStartOnly(old, now *config.Config) []string {
	var late []string
	for _, key := range []struct {
		name    string
		differs bool
	}{
		{"domain", old.Domain != now.Domain},
		{"state_dir", old.StateDir != now.StateDir},
		{"run_dir", old.RunDir != now.RunDir},
		{"[ports]", old.Ports != now.Ports},
		{"[admin]", old.Admin != now.Admin},
		{"[upload]", old.Upload != now.Upload},
		{"[package]", old.Package != now.Package},
		{"[metrics]", old.Metrics != now.Metrics},
		{"proxy.drain_timeout", old.Proxy.DrainTimeout != now.Proxy.DrainTimeout},
	} {
		if key.differs {
			late = append(late, key.name)
		}
	}
	return late
}
