package proxy

import "github.com/prometheus/client_golang/prometheus"

// serverCollector reads the server's state at the time of the scrape.
type serverCollector struct{ s *Server }

var (
	inFlightDesc = prometheus.NewDesc("nexushub_http_in_flight_requests", "Requests being answered.",
		[]string{"app"}, nil)
	connsDesc = prometheus.NewDesc("nexushub_proxy_connections", "Open client connections.", nil, nil)
	mostDesc  = prometheus.NewDesc("nexushub_proxy_max_connections", "How many client connections there may be.",
		nil, nil)
	heldDesc = prometheus.NewDesc("nexushub_proxy_held_requests", "Requests that wait for an instance to start.",
		nil, nil)
	routesDesc = prometheus.NewDesc("nexushub_proxy_routes", "Routes in force, by state.", []string{"state"}, nil)
	certDesc   = prometheus.NewDesc("nexushub_tls_cert_not_after_seconds", "When a certificate expires, unix time.",
		[]string{"source", "name"}, nil)
)

// Describe implements prometheus.Collector.
func (c serverCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{inFlightDesc, connsDesc, mostDesc, heldDesc, routesDesc, certDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c serverCollector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	gauge(connsDesc, float64(c.s.conns.Load()))
	gauge(mostDesc, float64(c.s.opt.MaxConnections))
	gauge(heldDesc, float64(c.s.heldPool.Len()))
	inFlight, states := map[string]int64{}, map[string]int{}
	for _, r := range c.s.snapshot.Load().instances {
		inFlight[r.Name] += r.stats.inFlight.Load()
		states[r.State]++
	}
	for name, n := range inFlight {
		gauge(inFlightDesc, float64(n), name)
	}
	for state, n := range states {
		gauge(routesDesc, float64(n), state)
	}
	seen := map[[2]string]bool{}
	for _, i := range c.s.certs.List() {
		if len(i.Hosts) > 0 && !seen[[2]string{i.Source, i.Hosts[0]}] {
			seen[[2]string{i.Source, i.Hosts[0]}] = true
			gauge(certDesc, float64(i.NotAfter.Unix()), i.Source, i.Hosts[0])
		}
	}
}
