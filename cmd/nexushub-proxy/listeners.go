package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/coreos/go-systemd/v22/activation"

	"github.com/nexushub/nexushub/proxy"
)

// listeners are the sockets from PID 1, or, without systemd, those that the flags name.
func listeners(f flags) ([]proxy.Listener, error) {
	named, err := activation.ListenersWithNames()
	if err != nil {
		return nil, fmt.Errorf("sockets from systemd: %w", err)
	}
	var list []proxy.Listener
	for name, sockets := range named {
		for _, l := range sockets {
			if l != nil {
				list = append(list, proxy.Listener{Name: name, Listener: l})
			}
		}
	}
	if len(list) > 0 {
		return list, checkHTTPS(list)
	}
	return ownListeners(f)
}

// checkHTTPS refuses to run without the public port. PID 1 gives no further socket to a
// service that runs, so a proxy that its control socket started while the port was busy
// would keep the port closed for good; one that exits is started again with its sockets.
func checkHTTPS(list []proxy.Listener) error {
	if slices.ContainsFunc(list, func(l proxy.Listener) bool { return l.Name == "https" }) {
		return nil
	}
	return errors.New("systemd passed no HTTPS socket: is its port busy? systemctl status nexushub-proxy.socket")
}

func ownListeners(f flags) (list []proxy.Listener, err error) {
	for _, want := range []struct{ name, network, address string }{
		{"https", "tcp", f.listen}, {"http", "tcp", f.http}, {"control", "unix", f.control},
	} {
		if want.address == "" {
			continue
		}
		if want.network == "unix" {
			os.Remove(want.address) // of a process that was killed
		}
		l, err := (&net.ListenConfig{}).Listen(context.Background(), want.network, want.address)
		if err != nil {
			return nil, err
		}
		if want.network == "unix" {
			if err := os.Chmod(want.address, 0o600); err != nil {
				return nil, err
			}
		}
		list = append(list, proxy.Listener{Name: want.name, Listener: l})
	}
	if len(list) == 0 {
		return nil, errors.New("no sockets: start nexushub-proxy.socket (systemctl start nexushub-proxy.socket), " +
			"or give --listen and --control")
	}
	return list, nil
}
