package units

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// Where a peer breaks the connection at a call.
const (
	unheard    = "unheard"    // before PID 1 has it
	unanswered = "unanswered" // PID 1 does it, and nobody hears of it
	unfinished = "unfinished" // the answer arrives, the job's end does not
)

// peer plays bus and PID 1 on a socket of its own, and loses connections where it is told to.
type peer struct {
	t *testing.T

	mu    sync.Mutex // guards the fields that follow
	conns map[net.Conn]bool
	units map[string]*peerUnit
	calls int
	cut   func(call int) string
	jobs  int
}

// peerUnit is a unit as PID 1 has it, with what has happened to it.
type peerUnit struct {
	active              string
	pid                 uint32
	started, hit, reset int
}

// newPeer loses nothing until it is armed.
func newPeer(t *testing.T) *peer {
	p := &peer{t: t, conns: map[net.Conn]bool{}, units: map[string]*peerUnit{}, cut: func(int) string { return "" }}
	return p
}

// manager is connected to the peer until the test ends.
func (p *peer) manager() *Manager {
	p.t.Helper()
	socket := filepath.Join(p.t.TempDir(), "bus")
	l, err := net.Listen("unix", socket)
	if err != nil {
		p.t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			served.Go(func() { p.serve(c) })
		}
	})
	here := func(o *options) { o.address, o.pause = "unix:path="+socket, time.Millisecond }
	m, err := Dial(p.t.Context(), WithLog(slog.New(slog.DiscardHandler)), here)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(p.t.Context())
	served.Go(func() { _ = m.Run(ctx) })
	p.t.Cleanup(func() {
		cancel()
		l.Close()
		p.lose()
		served.Wait()
	})
	return m
}

// arm breaks connections from now on, as cut says for the number of the call.
func (p *peer) arm(cut func(call int) string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls, p.cut = 0, cut
}

func (p *peer) heardSoFar() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

func (p *peer) lose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
}

func (p *peer) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	if !welcome(r, c) {
		return
	}
	p.mu.Lock()
	p.conns[c] = true
	p.mu.Unlock()
	for {
		msg, err := dbus.DecodeMessage(r)
		if err != nil || !p.heard(c, msg) {
			break
		}
	}
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
}

// welcome is the server's part of D-Bus authentication.
func welcome(r *bufio.Reader, c net.Conn) bool {
	if _, err := r.ReadByte(); err != nil {
		return false
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return false
		}
		answer := "ERROR\r\n"
		switch {
		case strings.HasPrefix(line, "BEGIN"):
			return true
		case strings.HasPrefix(line, "AUTH EXTERNAL"):
			answer = "OK 0123456789abcdef0123456789abcdef\r\n"
		case strings.HasPrefix(line, "AUTH"):
			answer = "REJECTED EXTERNAL\r\n"
		}
		if _, err := c.Write([]byte(answer)); err != nil {
			return false
		}
	}
}

// heard takes one call, and says whether the connection is still there.
func (p *peer) heard(c net.Conn, msg *dbus.Message) bool {
	method, _ := msg.Headers[dbus.FieldMember].Value().(string)
	object, _ := msg.Headers[dbus.FieldPath].Value().(dbus.ObjectPath)
	p.mu.Lock()
	p.calls++
	loss := p.cut(p.calls)
	var body []any
	var fault string
	var ended *dbus.Message
	if loss != unheard {
		body, ended, fault = p.do(method, object, msg.Body)
	}
	p.mu.Unlock()
	if loss == "" || loss == unfinished {
		p.send(c, answer(msg, body, fault))
	}
	if loss != "" {
		p.lose()
		return false
	}
	if ended != nil {
		p.tell(ended)
	}
	return true
}

func answer(to *dbus.Message, body []any, fault string) *dbus.Message {
	m := &dbus.Message{Type: dbus.TypeMethodReply, Body: body, Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldReplySerial: dbus.MakeVariant(to.Serial()),
	}}
	if fault != "" {
		m.Type, m.Headers[dbus.FieldErrorName] = dbus.TypeError, dbus.MakeVariant(fault)
		m.Body = []any{fault}
	}
	return m
}

func (p *peer) send(c net.Conn, m *dbus.Message) {
	if len(m.Body) > 0 {
		m.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(m.Body...))
	}
	_ = m.EncodeTo(c, binary.LittleEndian) // who has gone hears nothing
}

// tell sends a signal to everybody.
func (p *peer) tell(m *dbus.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		p.send(c, m)
	}
}

// do is PID 1. The caller holds mu.
func (p *peer) do(method string, object dbus.ObjectPath, args []any) (body []any, ended *dbus.Message, fault string) {
	text := func(i int) string { s, _ := args[i].(string); return s }
	switch method {
	case "Hello":
		return []any{":1.1"}, nil, ""
	case "GetAll":
		return []any{p.all(object)}, nil, ""
	case "Get":
		return []any{p.get(object, text(1))}, nil, ""
	case "ListUnitsByPatterns":
		return []any{p.list(args[1].([]string))}, nil, ""
	case "GetUnit":
		return []any{unitPath(text(0))}, nil, ""
	case "StartTransientUnit":
		return p.create(text(0), args[3].([][]any))
	case "StartUnit", "StopUnit", "RestartUnit":
		return p.job(method, text(0))
	case "KillUnit", "ResetFailedUnit", "UnrefUnit":
		return p.order(method, text(0))
	}
	return nil, nil, ""
}

func (p *peer) create(name string, aux [][]any) ([]any, *dbus.Message, string) {
	if p.units[name] != nil {
		return nil, nil, "org.freedesktop.systemd1.UnitExists"
	}
	p.units[name] = &peerUnit{active: "inactive"}
	for _, a := range aux {
		p.units[a[0].(string)] = &peerUnit{active: "inactive"}
	}
	return p.job("StartUnit", name)
}

func (p *peer) job(method, name string) ([]any, *dbus.Message, string) {
	u := p.units[name]
	if u == nil {
		return nil, nil, "org.freedesktop.systemd1.NoSuchUnit"
	}
	switch method {
	case "StopUnit":
		u.active, u.pid = "inactive", 0
	default:
		u.started++
		u.active, u.pid = "active", uint32(1000+u.started)
	}
	p.jobs++
	job := dbus.ObjectPath(fmt.Sprintf("/org/freedesktop/systemd1/job/%d", p.jobs))
	return []any{job}, &dbus.Message{Type: dbus.TypeSignal, Body: []any{uint32(p.jobs), job, name, "done"},
		Headers: map[dbus.HeaderField]dbus.Variant{
			dbus.FieldPath:      dbus.MakeVariant(systemdPath),
			dbus.FieldInterface: dbus.MakeVariant("org.freedesktop.systemd1.Manager"),
			dbus.FieldMember:    dbus.MakeVariant("JobRemoved"), dbus.FieldSender: dbus.MakeVariant(":1.0"),
		}}, ""
}

func (p *peer) order(method, name string) ([]any, *dbus.Message, string) {
	u := p.units[name]
	switch {
	case u == nil:
		return nil, nil, "org.freedesktop.systemd1.NoSuchUnit"
	case method == "KillUnit":
		u.hit++
		u.started++ // PID 1 brings it back
		u.pid = uint32(1000 + u.started)
	case method == "ResetFailedUnit":
		u.reset++
	case u.active == "inactive":
		delete(p.units, name)
	}
	return nil, nil, ""
}

func (p *peer) list(patterns []string) []row {
	rows := []row{}
	for name, u := range p.units {
		for _, pattern := range patterns {
			if ok, _ := path.Match(pattern, name); ok {
				rows = append(rows, row{Name: name, Load: "loaded", Active: u.active, Path: unitPath(name), JobPath: "/"})
				break
			}
		}
	}
	return rows
}

func (p *peer) at(object dbus.ObjectPath) (string, *peerUnit) {
	name := unescape(strings.TrimPrefix(string(object), unitDir))
	return name, p.units[name]
}

func (p *peer) all(object dbus.ObjectPath) map[string]dbus.Variant {
	values := map[string]dbus.Variant{"Version": dbus.MakeVariant("257.1")}
	if _, u := p.at(object); u != nil {
		values["MainPID"] = dbus.MakeVariant(u.pid)
	}
	return values
}

func (p *peer) get(object dbus.ObjectPath, property string) dbus.Variant {
	name, u := p.at(object)
	switch property {
	case "Listen":
		return dbus.MakeVariant([]listener{{"Stream", "[::]:8443"}})
	case "ActiveState":
		return dbus.MakeVariant("active")
	case "MemoryCurrent", "StateChangeTimestamp", "ActiveEnterTimestamp":
		return dbus.MakeVariant(uint64(1))
	case "DropInPaths":
		return dbus.MakeVariant([]string{})
	case "FragmentPath":
		return dbus.MakeVariant(TransientDir + "/" + name)
	}
	if u == nil || u.started == 0 {
		return dbus.MakeVariant([]byte{})
	}
	return dbus.MakeVariant([]byte{byte(u.started)})
}
