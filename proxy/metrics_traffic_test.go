package proxy

import (
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// TestTraffic: nothing is lost when many count at once, and instances of one name add up.
func TestTraffic(t *testing.T) {
	s := &Server{targets: newTargets(inCommon()), unrouted: newRouteStats("", quiet)}
	one, two := s.targets.stats("1", "app"), s.targets.stats("2", "app")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 100 {
				one.traffic.count("GET", 200+i, 10, time.Millisecond)
				two.traffic.count("POST", 200, 0, 3*time.Millisecond)
			}
		})
	}
	wg.Wait()
	two.traffic.count("GET", 200, 5, time.Minute)
	want := `# HELP nexushub_http_request_duration_seconds From the request head to the last byte of the response.
# TYPE nexushub_http_request_duration_seconds histogram
nexushub_http_request_duration_seconds_bucket{app="app",le="0.001"} 800
nexushub_http_request_duration_seconds_bucket{app="app",le="0.0025"} 800
nexushub_http_request_duration_seconds_bucket{app="app",le="0.005"} 1600
nexushub_http_request_duration_seconds_bucket{app="app",le="0.01"} 1600
nexushub_http_request_duration_seconds_bucket{app="app",le="0.025"} 1600
nexushub_http_request_duration_seconds_bucket{app="app",le="0.05"} 1600
nexushub_http_request_duration_seconds_bucket{app="app",le="0.1"} 1600
nexushub_http_request_duration_seconds_bucket{app="app",le="0.25"} 1600
nexushub_http_request_duration_seconds_bucket{app="app",le="0.5"} 1600
nexushub_http_request_duration_seconds_bucket{app="app",le="1"} 1600
nexushub_http_request_duration_seconds_bucket{app="app",le="2.5"} 1600
nexushub_http_request_duration_seconds_bucket{app="app",le="5"} 1600
nexushub_http_request_duration_seconds_bucket{app="app",le="10"} 1600
nexushub_http_request_duration_seconds_bucket{app="app",le="+Inf"} 1601
nexushub_http_request_duration_seconds_sum{app="app"} 63.2
nexushub_http_request_duration_seconds_count{app="app"} 1601
# HELP nexushub_http_requests_total Requests answered, by application, status and method.
# TYPE nexushub_http_requests_total counter
nexushub_http_requests_total{app="app",code="200",method="GET"} 101
nexushub_http_requests_total{app="app",code="200",method="POST"} 800
nexushub_http_requests_total{app="app",code="201",method="GET"} 100
nexushub_http_requests_total{app="app",code="202",method="GET"} 100
nexushub_http_requests_total{app="app",code="203",method="GET"} 100
nexushub_http_requests_total{app="app",code="204",method="GET"} 100
nexushub_http_requests_total{app="app",code="205",method="GET"} 100
nexushub_http_requests_total{app="app",code="206",method="GET"} 100
nexushub_http_requests_total{app="app",code="207",method="GET"} 100
# HELP nexushub_http_response_bytes_total Body bytes sent to clients.
# TYPE nexushub_http_response_bytes_total counter
nexushub_http_response_bytes_total{app="app"} 8005
`
	r := prometheus.NewRegistry()
	r.MustRegister(trafficCollector{s})
	w := httptest.NewRecorder()
	promhttp.HandlerFor(r, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if got := w.Body.String(); got != want {
		t.Errorf("got:\n%s", got)
	}
}
