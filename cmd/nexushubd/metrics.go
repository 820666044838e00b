package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/nexushub/nexushub/agent"
)

// monitoring serves /metrics, /healthz and /readyz on a socket for root, and on a
// loopback address where one is configured.
type monitoring struct {
	agent     *agent.Agent
	server    *http.Server
	listeners []net.Listener
}

func newMonitoring(d *daemon) (*monitoring, error) {
	m := &monitoring{agent: d.agent}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry(d), promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", m.healthz)
	mux.HandleFunc("GET /readyz", m.readyz)
	m.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	path := filepath.Join(d.conf.RunDir, "metrics.sock")
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { // of a process that was killed
		return nil, fmt.Errorf("metrics: %w", err)
	}
	if err := m.listen("unix", path); err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	if d.conf.Metrics.Listen == "" {
		return m, nil
	}
	return m, m.listen("tcp", d.conf.Metrics.Listen)
}

func registry(d *daemon) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(agent.NewMetrics(d.agent, d.units), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

func (m *monitoring) listen(network, address string) error {
	l, err := net.Listen(network, address)
	if err != nil {
		return fmt.Errorf("metrics: %s is taken by somebody else, or [metrics] listen is wrong: %w", address, err)
	}
	m.listeners = append(m.listeners, l)
	return nil
}

// run serves until ctx ends.
func (m *monitoring) run(ctx context.Context) error {
	failed := make(chan error, len(m.listeners))
	for _, l := range m.listeners {
		go func() { failed <- m.server.Serve(l) }()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return m.server.Close()
	}
}

func (m *monitoring) close() {
	for _, l := range m.listeners {
		l.Close()
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
		http.Error(w, "the static applications are not dealt with yet", http.StatusServiceUnavailable)
	}
}
