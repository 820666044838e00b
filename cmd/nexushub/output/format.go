package output

import (
	"fmt"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
)

func health(h api.Health) string {
	if h.Status == "" {
		return api.HealthUnknown
	}
	return h.Status
}

// healthOf is nothing where nothing runs that could be asked, as for a site of files.
func healthOf(a api.App) string {
	if h := health(a.Health); h != api.HealthUnknown || a.Unit != "" {
		return h
	}
	return "-"
}

func releaseState(r api.Release) string {
	switch {
	case r.Current:
		return "current"
	case r.Deployable:
		return "can be rolled back to"
	}
	return "removed from disk"
}

// size is 0 for nothing: a missing figure is not a figure.
func size(n uint64) string {
	if n == 0 {
		return "-"
	}
	f, unit := float64(n), 0
	for f >= 1024 && unit < 4 {
		f /= 1024
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %ciB", f, "KMGT"[unit-1])
}

func shortHash(hash string) string {
	if len(hash) > 12 {
		return hash[:12]
	}
	return hash
}

// twoUnits is a duration in its two largest units.
func twoUnits(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd", d/(24*time.Hour))
}

func (p *Printer) ago(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return twoUnits(p.Now().Sub(t)) + " ago"
}

func (p *Printer) agoPtr(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return p.ago(*t)
}

func (p *Printer) in(t time.Time) string {
	if d := t.Sub(p.Now()); d > 0 {
		return "in " + twoUnits(d)
	}
	return "now"
}

func (p *Printer) expiry(t time.Time) string {
	switch left := t.Sub(p.Now()); {
	case t.IsZero():
		return "-"
	case left <= 0:
		return p.red("expired " + p.ago(t))
	case left < 14*24*time.Hour:
		return p.yellow("in " + twoUnits(left))
	default:
		return "in " + twoUnits(left)
	}
}

func (p *Printer) expiryPtr(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return p.expiry(*t)
}

func (p *Printer) withReason(what, why string) string {
	if why == "" {
		return what
	}
	return what + ": " + why
}

func indent(s string) string {
	return strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n              ")
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
