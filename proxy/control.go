package proxy

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/nexushub/nexushub/internal/problem"
	"github.com/nexushub/nexushub/proxyctl"
)

// maxTable bounds a table; 1,000 routes take less than 1 MiB.
const maxTable = 64 << 20

// control is the agent's API on the control socket.
func (s *Server) control() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("PUT /v1/table", s.putTable)
	m.HandleFunc("GET /v1/status", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, s.Status()) })
	m.HandleFunc("GET /v1/unreadable", s.getUnreadable)
	m.HandleFunc("POST /v1/drain", s.postDrain)
	m.HandleFunc("GET /v1/certs", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, s.certs.List()) })
	m.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok\n")) })
	m.Handle("GET /metrics", s.metrics.handler())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.ServeHTTP(promptWriter{w, s.opt.StallTimeout}, r)
	})
}

// promptWriter gives up on a caller that does not read its answer.
type promptWriter struct {
	http.ResponseWriter
	limit time.Duration
}

// Unwrap is for http.ResponseController.
func (w promptWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w promptWriter) Write(p []byte) (int, error) {
	c := http.NewResponseController(w.ResponseWriter)
	c.SetWriteDeadline(time.Now().Add(w.limit)) //nolint:errcheck // the write will tell
	return w.ResponseWriter.Write(p)
}

// decode reads what a caller sends, as long as it keeps sending. After a failure the deadline
// stays, because net/http reads the rest.
func (s *Server) decode(w http.ResponseWriter, r *http.Request, most int64, into any) error {
	c := http.NewResponseController(w)
	c.SetReadDeadline(time.Now().Add(s.opt.StallTimeout)) //nolint:errcheck // the read will tell
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, most)).Decode(into)
	if err == nil {
		err = c.SetReadDeadline(time.Time{})
	}
	return err
}

func (s *Server) putTable(w http.ResponseWriter, r *http.Request) {
	var t proxyctl.Table
	if err := s.decode(w, r, maxTable, &t); err != nil {
		problem.Write(w, problem.Problem{Status: 400, Detail: "route table: " + err.Error()})
		return
	}
	if err := s.Apply(t); err != nil {
		s.log.Error("route table refused", "generation", t.Generation, "error", err)
		problem.Write(w, problem.Problem{Status: 422, Detail: err.Error()})
		return
	}
	writeJSON(w, 200, map[string]uint64{"generation": t.Generation})
}

func (s *Server) postDrain(w http.ResponseWriter, r *http.Request) {
	var in proxyctl.DrainRequest
	if err := s.decode(w, r, 64<<10, &in); err != nil {
		problem.Write(w, problem.Problem{Status: 400, Detail: "drain: " + err.Error()})
		return
	}
	t := s.targets.find(in.Target)
	if t == nil {
		writeJSON(w, 200, proxyctl.DrainResult{})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Duration(in.DeadlineMS)*time.Millisecond)
	defer cancel()
	result := t.drain(ctx)
	s.retire()
	s.log.Info("target drained", "target", in.Target, "in_flight", result.InFlight, "timed_out", result.TimedOut)
	writeJSON(w, 200, result)
}

// Status tells what is in force and in flight.
func (s *Server) Status() proxyctl.Status {
	snap := s.snapshot.Load()
	st := proxyctl.Status{
		Generation: snap.table.Generation, StartedAt: s.started, Version: s.opt.Version,
		Settings: s.opt.Settings, Listeners: s.listenerStatus(),
		CACert:   s.certs.CACert(),
		Problems: s.certs.Problems(),
		InFlight: s.inFlight[0].Load() + s.inFlight[1].Load(), Held: int64(s.heldPool.Len()), Conns: s.conns.Load(),
		Targets: []proxyctl.TargetStatus{}, Routes: []proxyctl.RouteStatus{}, Instances: []proxyctl.InstanceStatus{},
	}
	for _, t := range s.targets.all() {
		st.Targets = append(st.Targets, t.status())
	}
	for _, r := range snap.table.Routes {
		c := snap.instances[r.Instance]
		st.Routes = append(st.Routes, c.status())
		st.Instances = append(st.Instances, proxyctl.InstanceStatus{
			Instance: r.Instance, LastRequest: timeOf(c.stats.last.Load()),
			InFlight: c.stats.inFlight.Load(), Requests: c.stats.requests.Load(), Errors: c.stats.traffic.errors(),
		})
	}
	return st
}

func (c *route) status() proxyctl.RouteStatus {
	s := proxyctl.RouteStatus{
		Instance: c.Instance, Name: c.Name, Kind: c.Kind, State: c.State, Hosts: c.Hosts, Sites: c.Sites,
		Static: c.StaticDir, InFlight: c.stats.inFlight.Load(),
	}
	if c.targets != nil {
		first := c.targets.all[0]
		s.Target, s.Address = first.ID, first.Address
	}
	if c.targets != nil && len(c.targets.all) > 1 {
		for _, t := range c.targets.all {
			s.Targets = append(s.Targets, t.ID)
		}
	}
	return s
}

func (t *target) status() proxyctl.TargetStatus {
	t.mu.Lock()
	streams := len(t.tunnels)
	t.mu.Unlock()
	return proxyctl.TargetStatus{
		ID: t.ID, Address: t.Address, InFlight: t.inFlight.Load(), Requests: t.requests.Load(),
		LastRequest: timeOf(t.last.Load()), Draining: t.draining.Load(),
		Avoided: !t.draws() && !t.draining.Load(), Tunnels: streams,
	}
}

func timeOf(unixNano int64) time.Time {
	if unixNano == 0 {
		return time.Time{}
	}
	return time.Unix(0, unixNano).UTC()
}
