package proxy

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are labelled by application, never by host name: clients choose that.
type metrics struct {
	registry        *prometheus.Registry
	requests        *prometheus.CounterVec
	duration        *prometheus.HistogramVec
	bytes           *prometheus.CounterVec
	retries         prometheus.Counter
	refused         prometheus.Counter
	handshakeErrors prometheus.Counter
}

func newMetrics(version string) *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	m.requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "nexushub_http_requests_total", Help: "Requests answered, by application, status and method."}, []string{"app", "code", "method"})
	m.duration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "nexushub_http_request_duration_seconds", Help: "From the request head to the last byte of the response.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"app"})
	m.bytes = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "nexushub_http_response_bytes_total", Help: "Body bytes sent to clients."}, []string{"app"})
	m.retries = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "nexushub_proxy_retries_total", Help: "Requests sent again because a kept connection had died."})
	m.refused = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "nexushub_proxy_connections_refused_total", Help: "Connections closed because there were too many."})
	m.handshakeErrors = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "nexushub_proxy_handshake_errors_total", Help: "TLS handshakes that failed."})
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "nexushub_build_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"component": "proxy", "version": version}})
	info.Set(1)
	m.registry.MustRegister(m.requests, m.duration, m.bytes, m.retries, m.refused, m.handshakeErrors, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// watch registers what is read from the server only when somebody asks.
func (m *metrics) watch(s *Server) { m.registry.MustRegister(serverCollector{s}) }

// meters are the counters of one instance, looked up once.
type meters struct {
	name     string
	duration prometheus.Observer
	bytes    prometheus.Counter
}

// observe counts a finished request.
func (m *metrics) observe(x *exchange, took time.Duration) {
	s := x.stats()
	name := *s.name.Load()
	mt := s.meters.Load()
	if mt == nil || mt.name != name {
		mt = &meters{name, m.duration.WithLabelValues(name), m.bytes.WithLabelValues(name)}
		s.meters.Store(mt)
		s.codes.Clear()
	}
	mt.duration.Observe(took.Seconds())
	mt.bytes.Add(float64(x.sent))
	key := codeKey{methodLabel(x.req.method), x.status}
	c, ok := s.codes.Load(key)
	if !ok {
		c, _ = s.codes.LoadOrStore(key, m.requests.WithLabelValues(name, strconv.Itoa(x.status), key.method))
	}
	c.(prometheus.Counter).Inc()
}

type codeKey struct {
	method string
	status int
}

// methodLabel keeps clients from inventing labels.
func methodLabel(m string) string {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return m
	}
	return "OTHER"
}
