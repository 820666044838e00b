package proxy

import (
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/nexushub/nexushub/proxy/shares"
)

// pressure counts who gave way because something ran out, and says so, a line every ten
// seconds at most.
type pressure struct {
	what  string
	limit int
	gave  *prometheus.CounterVec
	log   *slog.Logger

	mu      sync.Mutex // guards the fields that follow
	next    time.Time
	gone    int // since the last line
	refused int
}

const pressureEvery = 10 * time.Second

// newcomer is the reason when nobody gave way to it.
const newcomer = "newcomer"

// note takes down one that gave way, and for which reason.
func (p *pressure) note(reason string, t shares.Taken) {
	p.gave.WithLabelValues(p.what, reason).Inc()
	p.mu.Lock()
	defer p.mu.Unlock()
	if reason == newcomer {
		p.refused++
	} else {
		p.gone++
	}
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.log.Warn("too many "+p.what+"s at once: who holds most gives way", "limit", p.limit,
		"address", t.Pressed.String(), "holds", t.Holds, "gave_way", p.gone, "refused", p.refused)
	p.next, p.gone, p.refused = now.Add(pressureEvery), 0, 0
}
