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
	certFaultsDesc = prometheus.NewDesc("nexushub_tls_cert_faults",
		"Files with certificates or keys that cannot be used, or that clients refuse.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c serverCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{inFlightDesc, connsDesc, mostDesc, heldDesc, routesDesc, certDesc,
		certFaultsDesc} {
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
	c.collectCerts(gauge)
}

func (c serverCollector) collectCerts(gauge func(*prometheus.Desc, float64, ...string)) {
	gauge(certFaultsDesc, float64(len(c.s.certs.Problems())))
	expires := map[[2]string]int64{} // of two for the same host the one that is valid longer is presented
	for _, i := range c.s.certs.List() {
		if !i.NotAfter.IsZero() && len(i.Hosts) > 0 {
			key := [2]string{i.Source, i.Hosts[0]}
			expires[key] = max(expires[key], i.NotAfter.Unix())
		}
	}
	for key, at := range expires {
		gauge(certDesc, float64(at), key[0], key[1])
	}
}
