package units

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/godbus/dbus/v5"
)

const (
	systemdName         = "org.freedesktop.systemd1"
	systemdPath         = dbus.ObjectPath("/org/freedesktop/systemd1")
	managerInterface    = "org.freedesktop.systemd1.Manager."
	unitInterface       = "org.freedesktop.systemd1.Unit"
	serviceInterface    = "org.freedesktop.systemd1.Service"
	socketInterface     = "org.freedesktop.systemd1.Socket"
	timerInterface      = "org.freedesktop.systemd1.Timer"
	propertiesInterface = "org.freedesktop.DBus.Properties"
	callsAtOnce         = 64 // dbus-daemon refuses more than 128 calls in flight
)

// kindInterface is the interface that only units of this kind have.
func kindInterface(unit string) string {
	switch {
	case strings.HasSuffix(unit, ".socket"):
		return socketInterface
	case strings.HasSuffix(unit, ".timer"):
		return timerInterface
	}
	return serviceInterface
}

// link is one pair of connections to the bus: PID 1 ties references (AddRef) to the
// one that calls, and what the other reads never waits behind a reply.
type link struct {
	calls   *dbus.Conn
	signals *dbus.Conn
	inbox   chan *dbus.Signal
	jobs    *jobTable
}

func connect(ctx context.Context, address string) (*link, error) {
	calls, err := connectBus(address)
	if err != nil {
		return nil, err
	}
	// The default handler delivers out of order once a channel is full.
	signals, err := connectBus(address, dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))
	if err != nil {
		_ = calls.Close()
		return nil, err
	}
	l := &link{calls: calls, signals: signals, inbox: make(chan *dbus.Signal, 16), jobs: newJobTable()}
	signals.Signal(l.inbox)
	if err := l.subscribe(ctx); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// connectBus leaves ctx out on purpose: the context given to a connection lives with it.
func connectBus(address string, opts ...dbus.ConnOption) (*dbus.Conn, error) {
	opts = append(opts, dbus.WithAuth(dbus.AuthExternal(strconv.Itoa(os.Getuid()))))
	dial := func() (*dbus.Conn, error) { return dbus.ConnectSystemBus(opts...) }
	if address != "" {
		dial = func() (*dbus.Conn, error) { return dbus.Connect(address, opts...) }
	}
	conn, err := dial()
	if err != nil {
		return nil, fmt.Errorf("%w: D-Bus: %w", ErrDisconnected, err)
	}
	return conn, nil
}

// subscribe asks for few broad signals; the reader keeps those of our units.
func (l *link) subscribe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	from := dbus.WithMatchSender(systemdName)
	for _, rule := range [][]dbus.MatchOption{
		{from, dbus.WithMatchInterface(propertiesInterface), dbus.WithMatchMember("PropertiesChanged"),
			dbus.WithMatchPathNamespace(systemdPath + "/unit"), dbus.WithMatchArg(0, serviceInterface)},
		{from, dbus.WithMatchInterface(propertiesInterface), dbus.WithMatchMember("PropertiesChanged"),
			dbus.WithMatchPathNamespace(systemdPath + "/unit"), dbus.WithMatchArg(0, socketInterface)},
		{from, dbus.WithMatchInterface("org.freedesktop.systemd1.Manager"), dbus.WithMatchMember("JobRemoved")},
		{from, dbus.WithMatchInterface("org.freedesktop.systemd1.Manager"), dbus.WithMatchMember("UnitRemoved")},
		{from, dbus.WithMatchInterface("org.freedesktop.systemd1.Manager"), dbus.WithMatchMember("Reloading")},
		{dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"),
			dbus.WithMatchArg(0, systemdName)},
	} {
		if err := l.signals.AddMatchSignalContext(ctx, rule...); err != nil {
			return explain(err)
		}
	}
	return explain(l.signals.Object(systemdName, systemdPath).CallWithContext(ctx, managerInterface+"Subscribe", 0).Err)
}

func (l *link) close() {
	_ = l.calls.Close()
	_ = l.signals.Close()
}
