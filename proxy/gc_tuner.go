package proxy

import (
	"context"
	"runtime/debug"
	gometrics "runtime/metrics"
	"time"
)

// gcTuner keeps the process small with many idle connections: the collector lets the
// heap double by default, which is little for a busy proxy and a lot for one that
// holds ten thousand connections and allocates nothing.
type gcTuner struct {
	conns   func() int64
	samples []gometrics.Sample
	percent int
	cycles  uint64
	quiet   int // seconds without a collection
}

const (
	quietSeconds = 5
	worthwhile   = 16 << 20
)

func newGCTuner(conns func() int64) *gcTuner {
	return &gcTuner{conns: conns, percent: 100, samples: []gometrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/gc/heap/live:bytes"},
	}}
}

// Run adapts once a second until ctx ends.
func (m *gcTuner) Run(ctx context.Context) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			m.adapt()
		}
	}
}

func (m *gcTuner) adapt() {
	if p := percentFor(m.conns()); p != m.percent {
		m.percent = p
		debug.SetGCPercent(p)
	}
	gometrics.Read(m.samples)
	cycles, objects, live := m.samples[0].Value.Uint64(), m.samples[1].Value.Uint64(), m.samples[2].Value.Uint64()
	if m.quiet++; cycles != m.cycles {
		m.cycles, m.quiet = cycles, 0
	}
	if m.quiet >= quietSeconds && objects > live+worthwhile {
		debug.FreeOSMemory()
	}
}

// percentFor is how much the heap may grow between collections.
func percentFor(conns int64) int {
	switch {
	case conns > 5000:
		return 25
	case conns > 1000:
		return 50
	}
	return 100
}
