package main

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
)

// atStart are the keys, and tables, that nexushubd reads at its start only.
var atStart = []string{"domain", "state_dir", "run_dir", "ports.", "admin.", "upload.", "package.", "git.", "metrics.",
	"proxy.drain_timeout", "proxy.cert_dir", "proxy.state_dir"}

func isAtStart(key string) bool {
	return slices.ContainsFunc(atStart, func(s string) bool {
		return key == s || strings.HasSuffix(s, ".") && strings.HasPrefix(key, s)
	})
}

// atStartOnly names the keys that differ and that a reload leaves as they are.
func atStartOnly(old, now *config.Config) []string {
	return slices.DeleteFunc(config.Differing(old.Settings(), now.Settings()),
		func(key string) bool { return !isAtStart(key) })
}

// certifying are keys of the proxy's by which the agent knows for which names it may be asked.
var certifying = []string{"proxy.acme.email", "proxy.acme.directory"}

// reloads names what differs and is taken over by a reload. All else of the proxy's is
// nothing to nexushubd.
func reloads(old, now *config.Config) []string {
	keys := slices.DeleteFunc(config.Differing(old.Settings(), now.Settings()),
		func(key string) bool {
			return isAtStart(key) || strings.HasPrefix(key, "proxy.") && !slices.Contains(certifying, key)
		})
	if !reflect.DeepEqual(old.Apps, now.Apps) {
		keys = append(keys, "apps.d")
	}
	return keys
}

// errFaulty is no fault of the agent's, and does not quote files that the caller may not be able
// to read.
var errFaulty = fmt.Errorf("the configuration has faults, so nothing of it can be taken up; nexushub verify lists them: %w",
	api.Invalid)

// Waiting compares the files with what the daemons have read, and says which command
// takes up what.
func (d *daemon) Waiting(ctx context.Context) ([]api.Waiting, error) {
	now, err := config.Load(d.dir)
	if err != nil {
		return nil, errFaulty
	}
	return d.waitingFor(ctx, now), nil
}

// proxyLimit bounds the question to the proxy. Of one that does not answer nothing waits.
const proxyLimit = 2 * time.Second

func (d *daemon) waitingFor(ctx context.Context, now *config.Config) []api.Waiting {
	list := []api.Waiting{}
	add := func(command string, keys []string) {
		if len(keys) > 0 {
			list = append(list, api.Waiting{Command: command, Keys: keys})
		}
	}
	add("systemctl reload nexushubd", reloads(d.inForce.Load(), now))
	add("systemctl restart nexushubd", atStartOnly(d.conf, now))
	ctx, cancel := context.WithTimeout(ctx, proxyLimit)
	defer cancel()
	if status, err := d.proxy.Status(ctx); err == nil {
		add("systemctl restart nexushub-proxy", config.Differing(status.Settings, now.Settings()))
	}
	return list
}
