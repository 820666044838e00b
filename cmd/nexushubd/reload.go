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
	d.agent.Reload(conf, proxyPorts(ctx, d.units, d.log))
	d.inForce.Store(conf)
	d.log.Info("configuration reloaded", "applications", len(conf.Apps))
	late := d.waitingFor(ctx, conf)
	if len(late) == 0 {
		return ""
	}
	words := make([]string, len(late))
	for i, w := range late {
		d.log.Warn("changed keys take effect only after a restart, which no application notices",
			"keys", w.Keys, "command", w.Command)
		words[i] = strings.Join(w.Keys, ", ") + " (" + w.Command + ", which no application notices)"
	}
	return "changed, but read only at start: " + strings.Join(words, ", ")
}
