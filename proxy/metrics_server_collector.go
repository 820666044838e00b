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
	routesDesc         = prometheus.NewDesc("nexushub_proxy_routes", "Routes in force, by state.", []string{"state"}, nil)
	targetInFlightDesc = prometheus.NewDesc("nexushub_proxy_target_in_flight_requests",
		"Requests being answered by one target of several.", []string{"app", "target"}, nil)
	targetRequestsDesc = prometheus.NewDesc("nexushub_proxy_target_requests_total",
		"Requests sent to one target of several.", []string{"app", "target"}, nil)
	certDesc = prometheus.NewDesc("nexushub_tls_cert_not_after_seconds", "When a certificate expires, unix time.",
		[]string{"source", "name"}, nil)
	certFaultsDesc = prometheus.NewDesc("nexushub_tls_cert_faults",
		"Files with certificates or keys that cannot be used, or that clients refuse.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c serverCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{inFlightDesc, connsDesc, mostDesc, heldDesc, routesDesc, targetInFlightDesc,
		targetRequestsDesc, certDesc, certFaultsDesc} {
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
	c.collectTargets(ch)
	c.collectCerts(gauge)
}

// collectTargets tells of the targets in force alone, and where there are several: of a single one,
// what is told of its application is as good.
func (c serverCollector) collectTargets(ch chan<- prometheus.Metric) {
	type sum struct {
		inFlight int64
		requests uint64
	}
	sums := map[[2]string]sum{} // two addresses of one unit are one target here
	for _, r := range c.s.snapshot.Load().instances {
		if r.targets == nil || len(r.targets.all) == 1 {
			continue
		}
		for _, t := range r.targets.all {
			n := sums[[2]string{r.Name, t.ID}]
			sums[[2]string{r.Name, t.ID}] = sum{n.inFlight + t.inFlight.Load(), n.requests + t.requests.Load()}
		}
	}
	for of, n := range sums {
		ch <- prometheus.MustNewConstMetric(targetInFlightDesc, prometheus.GaugeValue, float64(n.inFlight), of[0], of[1])
		ch <- prometheus.MustNewConstMetric(targetRequestsDesc, prometheus.CounterValue, float64(n.requests), of[0], of[1])
	}
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
