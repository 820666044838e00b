package proxy

import (
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/nexushub/nexushub/proxy/fairshare"
)

// evictionLog counts what was evicted because something ran out, and logs it, a line every
// ten seconds at most.
type evictionLog struct {
	what    string
	limit   int
	counter *prometheus.CounterVec
	log     *slog.Logger

	mu      sync.Mutex // guards the fields that follow
	next    time.Time
	evicted int // since the last line
	refused int
}

const evictionLogEvery = 10 * time.Second

// The reasons besides classNames.
const (
	newcomer   = "newcomer" // nothing was evicted for it: it was refused
	heldReason = "held"     // of held requests there is one class
)

// note counts one that was evicted, and for which reason.
func (p *evictionLog) note(reason string, t fairshare.Acquired) {
	p.counter.WithLabelValues(p.what, reason).Inc()
	p.mu.Lock()
	defer p.mu.Unlock()
	if reason == newcomer {
		p.refused++
	} else {
		p.evicted++
	}
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.log.Warn("too many at once: the address that holds most gives way", "what", p.what, "limit", p.limit,
		"address", t.Biggest.String(), "holds", t.Holds, "gave_way", p.evicted, "refused", p.refused)
	p.next, p.evicted, p.refused = now.Add(evictionLogEvery), 0, 0
}
