package units

import (
	"context"
	"fmt"
	"strings"
)

// stopOrphanedGates stops gates whose application is not loaded: an agent that was killed while it
// started a guest, or an operator's systemctl stop, left them. They would hold a port, and
// their names. It does not wait for their end.
func (m *Manager) stopOrphanedGates(ctx context.Context) error {
	rows, err := m.listUnits(ctx, gatePrefix+"*", Prefix+"*.service")
	if err != nil {
		return fmt.Errorf("gates without an application: %w", err)
	}
	loaded := map[string]bool{}
	for _, r := range rows {
		loaded[r.Name] = true
	}
	for _, r := range rows {
		app, isGate := gateOf(r.Name)
		if !isGate || loaded[app] {
			continue
		}
		m.opts.log.InfoContext(ctx, "stopping a gate that has no application", "unit", r.Name)
		if err := m.callManager(ctx, "StopUnit", []any{r.Name, "replace"}); err != nil {
			m.opts.log.WarnContext(ctx, "gate cannot be stopped", "unit", r.Name, "error", err)
		}
	}
	return nil
}

// gateOf is the application's service that a gate belongs to.
func gateOf(unit string) (service string, ok bool) {
	name, ok := strings.CutPrefix(unit, gatePrefix)
	if !ok {
		return "", false
	}
	for _, end := range []string{"-in.socket", "-in.service", "-out.socket", "-out.service"} {
		if app, ok := strings.CutSuffix(name, end); ok {
			return Prefix + app + ".service", true
		}
	}
	return "", false
}
