package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/proxyctl"
)

// monitoring serves /metrics, /metrics/proxy, /healthz and /readyz on a socket for root, and
// on a loopback address where one is configured. Profiles are for root alone.
type monitoring struct {
	agent  *agent.Agent
	proxy  *proxyctl.Client
	served []served
}

// served is one listener with what it answers.
type served struct {
	net.Listener
	server *http.Server
}

func newMonitoring(d *daemon) (*monitoring, error) {
	m := &monitoring{agent: d.agent, proxy: d.proxy}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry(d), promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /metrics/proxy", m.ofProxy)
	mux.HandleFunc("GET /healthz", m.healthz)
	mux.HandleFunc("GET /readyz", m.readyz)
	path := filepath.Join(d.conf.RunDir, "metrics.sock")
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { // of a process that was killed
		return nil, fmt.Errorf("metrics: %w", err)
	}
	if err := m.listen("unix", path, profiled(mux)); err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	if d.conf.Metrics.Listen == "" {
		return m, nil
	}
	return m, m.listen("tcp", d.conf.Metrics.Listen, mux)
}

// profiled adds the profiler, see runtime/pprof.
func profiled(h http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	return mux
}

func registry(d *daemon) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(agent.NewMetrics(d.agent, d.units), d.builds, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

func (m *monitoring) listen(network, address string, h http.Handler) error {
	l, err := net.Listen(network, address)
	if err != nil {
		return fmt.Errorf("metrics: cannot listen on %s; in use, or wrong in [metrics] listen: %w", address, err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	m.served = append(m.served, served{l, server})
	return nil
}

// run serves until ctx ends.
func (m *monitoring) run(ctx context.Context) error {
	failed := make(chan error, len(m.served))
	for _, s := range m.served {
		go func() { failed <- s.server.Serve(s.Listener) }()
	}
	defer m.close()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

func (m *monitoring) close() {
	for _, s := range m.served {
		s.server.Close()
		s.Listener.Close()
	}
}

// proxyMetricsLimit bounds what is passed on of an answer of the proxy, and how long it may take.
const (
	proxyMetricsLimit = 64 << 20
	proxyMetricsTime  = 10 * time.Second
)

// ofProxy passes on what the proxy says of itself: its own socket is for root alone, and
// Prometheus asks no sockets.
func (m *monitoring) ofProxy(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), proxyMetricsTime)
	defer cancel()
	text, err := m.proxy.Metrics(ctx)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer text.Close()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	if _, err := io.CopyN(w, text, proxyMetricsLimit); err == nil || !errors.Is(err, io.EOF) {
		panic(http.ErrAbortHandler) // half of them is not to pass for all
	}
}

func (m *monitoring) healthz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	if err := m.agent.Alive(ctx); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

func (m *monitoring) readyz(w http.ResponseWriter, _ *http.Request) {
	select {
	case <-m.agent.Ready():
		fmt.Fprintln(w, "ok")
	default:
		http.Error(w, "the first reconcile of the static applications is not complete", http.StatusServiceUnavailable)
	}
}
