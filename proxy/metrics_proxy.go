package proxy

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what the proxy counts about itself; see traffic for the applications.
type metrics struct {
	registry        *prometheus.Registry
	retries         prometheus.Counter
	failovers       *prometheus.CounterVec
	refused         prometheus.Counter
	handshakeErrors prometheus.Counter
	evictions       *prometheus.CounterVec
	introspections  *prometheus.CounterVec
}

func newMetrics(version string) *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	m.retries = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "nexushub_proxy_retries_total", Help: "Requests sent again because a kept connection had died."})
	m.failovers = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "nexushub_proxy_failovers_total",
		Help: "Requests sent to another target because one could not be reached (connect), or did not answer " +
			"a request that may be sent twice (response)."}, []string{"reason"})
	for _, p := range []phase{phaseConnect, phaseResponse} { // from zero on: an increase from nothing is not seen
		m.failovers.WithLabelValues(string(p))
	}
	m.refused = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "nexushub_proxy_connections_refused_total", Help: "Connections closed because there were too many."})
	m.handshakeErrors = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "nexushub_proxy_handshake_errors_total", Help: "TLS handshakes that failed."})
	m.evictions = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "nexushub_proxy_gave_way_total",
		Help: "Connections, streams and held requests that ended because there were too many, " +
			"by what they were doing; newcomer: they were refused."}, []string{"what", "reason"})
	m.introspections = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "nexushub_proxy_introspections_total",
		Help: "Questions to the login application whether an access token is still good, by its answer; " +
			"unsaid: it does not say."}, []string{"answer"})
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "nexushub_build_info", Help: "Always 1.",
		ConstLabels: prometheus.Labels{"component": "proxy", "version": version}})
	info.Set(1)
	m.registry.MustRegister(m.evictions, m.introspections, m.retries, m.failovers, m.refused, m.handshakeErrors, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// collect registers what is read from the server only when somebody asks.
func (m *metrics) collect(s *Server) {
	m.registry.MustRegister(serverCollector{s}, trafficCollector{s})
}

// methodLabel keeps clients from inventing labels.
func methodLabel(m string) string {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return m
	}
	return "OTHER"
}
