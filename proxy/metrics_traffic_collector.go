package proxy

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// trafficCollector adds up what was counted, by application and never by host name:
// clients choose that.
type trafficCollector struct{ s *Server }

var (
	requestsDesc = prometheus.NewDesc("nexushub_http_requests_total",
		"Requests answered, by application, status and method.", []string{"app", "code", "method"}, nil)
	durationDesc = prometheus.NewDesc("nexushub_http_request_duration_seconds",
		"From the request head to the last byte of the response.", []string{"app"}, nil)
	bytesDesc = prometheus.NewDesc("nexushub_http_response_bytes_total", "Body bytes sent to clients.",
		[]string{"app"}, nil)
)

// Describe implements prometheus.Collector.
func (c trafficCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- requestsDesc
	ch <- durationDesc
	ch <- bytesDesc
}

// Collect implements prometheus.Collector.
func (c trafficCollector) Collect(ch chan<- prometheus.Metric) {
	sums := map[string]*trafficSum{}
	for _, s := range append(c.s.targets.allStats(), c.s.unrouted) {
		name := *s.name.Load()
		if sums[name] == nil {
			sums[name] = &trafficSum{answers: map[answerKind]uint64{}}
		}
		sums[name].add(&s.traffic)
	}
	for name, sum := range sums {
		sum.collect(ch, name)
	}
}

type answerKind struct {
	method string
	status int
}

// trafficSum is the traffic of all instances of one name.
type trafficSum struct {
	answers                map[answerKind]uint64
	bytes, nanos, requests uint64
	buckets                [len(durations)]uint64
}

func (m *trafficSum) add(t *traffic) {
	if list := t.answers.Load(); list != nil {
		for _, a := range *list {
			m.answers[answerKind{a.method, a.status}] += a.n.Load()
		}
	}
	m.bytes += t.bytes.Load()
	m.nanos += t.nanos.Load()
	m.requests += t.requests.Load()
	for i := range t.buckets {
		m.buckets[i] += t.buckets[i].Load()
	}
}

func (m *trafficSum) collect(ch chan<- prometheus.Metric, name string) {
	if m.requests == 0 {
		return
	}
	for kind, n := range m.answers {
		ch <- prometheus.MustNewConstMetric(requestsDesc, prometheus.CounterValue, float64(n), name,
			strconv.Itoa(kind.status), kind.method)
	}
	ch <- prometheus.MustNewConstMetric(bytesDesc, prometheus.CounterValue, float64(m.bytes), name)
	cumulated, below := map[float64]uint64{}, uint64(0)
	for i, n := range m.buckets {
		below += n
		cumulated[durations[i].Seconds()] = below
	}
	ch <- prometheus.MustNewConstHistogram(durationDesc, max(m.requests, below), float64(m.nanos)/1e9, cumulated, name)
}
