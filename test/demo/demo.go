package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nexushub/nexushub/test/lab"
)

const (
	address = "127.0.0.1:8443"
	hello   = "https://hello.yesterday.localhost:8443/"
	site    = "https://site.yesterday.localhost:8443/"
)

type demo struct {
	suite         lab.Suite
	deb, examples string
	once          bool
	out           io.Writer
}

func (d *demo) run(ctx context.Context) (err error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("the host's own port is taken: %w", err)
	}
	defer listener.Close()
	m, err := d.boot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Shutdown()) }()
	for _, step := range []func(context.Context, *lab.Machine) error{d.install, d.deploy, d.show} {
		if err := step(ctx, m); err != nil {
			return err
		}
	}
	if d.once {
		return nil
	}
	return d.stay(ctx, m, listener)
}

// step prints what is being done and, when it is done, how long it took.
func (d *demo) step(what string, f func() error) error {
	fmt.Fprintf(d.out, "== %s ... ", what)
	start := time.Now()
	if err := f(); err != nil {
		fmt.Fprintln(d.out, "failed")
		return err
	}
	fmt.Fprintf(d.out, "%.1f s\n", time.Since(start).Seconds())
	return nil
}

func (d *demo) boot(ctx context.Context) (m *lab.Machine, err error) {
	err = d.step("boot a Debian machine ("+string(d.suite)+")", func() error {
		m, err = lab.Start(ctx, lab.Options{Suite: d.suite, Hostname: "demo"})
		return err
	})
	return m, err
}

func (d *demo) install(ctx context.Context, m *lab.Machine) error {
	return d.step("apt install ./"+filepath.Base(d.deb), func() error {
		_, err := m.InstallDeb(ctx, d.deb)
		return err
	})
}

// deploy does what the README tells: a package, a command.
func (d *demo) deploy(ctx context.Context, m *lab.Machine) error {
	return d.step("deploy examples/hello and examples/site", func() error {
		for name, folder := range map[string]string{"hello": "/srv/hello", "site": "/srv/site/static"} {
			if err := m.CopyIn(ctx, filepath.Join(d.examples, name), folder); err != nil {
				return err
			}
			if _, err := m.Output(ctx, "nexushub", "deploy", "--quiet", "/srv/"+name); err != nil {
				return err
			}
		}
		return errors.Join(d.served(ctx, m, hello+"public/time"), d.served(ctx, m, site))
	})
}

// served waits until a page is there.
func (d *demo) served(ctx context.Context, m *lab.Machine, url string) error {
	client, err := m.TrustingClient(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		err := get(ctx, client, url)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			journal, _ := m.Journal(context.WithoutCancel(ctx), "", 40)
			return fmt.Errorf("%s is not served: %w\n%s", url, err, journal)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", resp.Status)
	}
	return nil
}

// show runs what a user would type, in the machine.
func (d *demo) show(ctx context.Context, m *lab.Machine) error {
	for _, command := range []string{
		"systemctl status --no-pager --lines=0 nexushubd",
		"systemctl list-units --no-pager --no-legend 'nexushub-app-*'",
		"curl -sS --cacert " + lab.RootCA + " " + hello + "public/time",
		"curl -sS --cacert " + lab.RootCA + " " + site + " | grep h1",
		"nexushub list",
		"nexushub logs -n 5 hello",
		"systemd-analyze security --no-pager 'nexushub-app-hello*' | tail -1",
	} {
		fmt.Fprintf(d.out, "\n# %s\n", command)
		command = strings.ReplaceAll(command, "'nexushub-app-hello*'",
			"$(systemctl list-units --plain --no-legend 'nexushub-app-hello*' | cut -d' ' -f1)")
		cmd := m.Command(ctx, "sh", "-c", command)
		cmd.Stdout, cmd.Stderr = d.out, d.out
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: %w", command, err)
		}
	}
	return nil
}

// stay makes the machine reachable from the host until the user has seen enough.
func (d *demo) stay(ctx context.Context, m *lab.Machine, listener net.Listener) error {
	ca, err := m.ReadFile(ctx, lab.RootCA)
	if err != nil {
		return err
	}
	file, err := filepath.Abs(filepath.Join(filepath.Dir(d.deb), "root.crt"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, ca, 0o644); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	fmt.Fprintf(d.out, `
== The machine stays up until Ctrl-C. From another terminal of this host:
   curl --cacert %s %s
   %s in a browser, once it trusts that file
   go run ./test/lab/cmd/lab enter %s    a shell in the machine
`, file, hello, hello, m.ID)
	return m.Forward(ctx, listener, address)
}
