package plan

import (
	"math/rand/v2"
	"time"

	"github.com/nexushub/nexushub/internal/config"
)

// Backoff is the agent's layer of restarting, above PID 1's, which restarts at once:
// exponential, with jitter, for ever.
type Backoff struct {
	first, last time.Duration
	healthy     time.Duration // once healthy for so long, the failure count is reset
}

func NewBackoff(r config.Restart) Backoff {
	return Backoff{first: r.Delay.Std(), last: r.MaxDelay.Std(), healthy: r.HealthyAfter.Std()}
}

// delay is how long to wait after the given failure in a row. Up to a tenth is taken
// off, so that applications that fell together do not come back together.
func (b Backoff) delay(attempt int) time.Duration {
	d := b.first
	for range attempt - 1 {
		if d *= 2; d >= b.last {
			d = b.last
			break
		}
	}
	return d - rand.N(d/10+1)
}
