package agent

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/nexushub/nexushub/agent/plan"
)

// exposureLimit bounds one run of systemd-analyze.
const exposureLimit = 20 * time.Second

// overall is the last line of `systemd-analyze security UNIT`.
var overall = regexp.MustCompile(`Overall exposure level for .*: ([0-9]+(?:\.[0-9]+)?) `)

// exposures are the scores of systemd-analyze, by what they depend on: applications
// with the same loosenings have the same score, so that one look serves hundreds.
type exposures struct {
	scores map[string]*float64 // nil: asked for, or not to be had
	asked  chan scoring
}

// scoring is one unit that stands for all of its key.
type scoring struct{ key, unit string }

func newExposures() exposures {
	return exposures{scores: map[string]*float64{}, asked: make(chan scoring, 16)}
}

// exposureKey is what the score of a running unit depends on.
func exposureKey(s *plan.AppState, u *plan.Unit) string {
	return fmt.Sprint(s.Spec.Network, s.Spec.Loosen, u.DropIns, s.Spec.State != "")
}

// exposureOf is the score of the unit that should run, if it is known. It is asked for
// otherwise. The caller holds mu.
func (a *Agent) exposureOf(s *plan.AppState) *float64 {
	first := s.First()
	if first == nil || !first.Running() {
		return nil
	}
	key := exposureKey(s, first)
	if score, known := a.exposure.scores[key]; known {
		return score
	}
	select {
	case a.exposure.asked <- scoring{key, first.Unit}:
		a.exposure.scores[key] = nil
	default: // next time
	}
	return nil
}

// runExposure asks systemd-analyze, one unit at a time and only for what somebody looks at.
func (a *Agent) runExposure(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case s := <-a.exposure.asked:
			score, err := analyze(ctx, s.unit)
			if err != nil {
				a.log.Debug("no exposure score", "unit", s.unit, "error", err)
				continue
			}
			a.mu.Lock()
			a.exposure.scores[s.key] = &score
			a.mu.Unlock()
		}
	}
}

func analyze(ctx context.Context, unit string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, exposureLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "systemd-analyze", "security", "--no-pager", unit)
	cmd.Env = []string{"LC_ALL=C.UTF-8", "SYSTEMD_COLORS=0", "PATH=/usr/bin:/bin"}
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("systemd-analyze: %w", err)
	}
	return parseExposure(string(out))
}

func parseExposure(out string) (float64, error) {
	m := overall.FindStringSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("systemd-analyze: no score in %q", out[strings.LastIndexByte(strings.TrimSpace(out), '\n')+1:])
	}
	return strconv.ParseFloat(m[1], 64)
}
