package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/cmd/nexushub/setup"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/shell"
)

// httpsSocket and httpSocket are enabled by setup, or by an operator.
const (
	httpsSocket = "nexushub-proxy-https.socket"
	httpSocket  = "nexushub-proxy-http.socket"
)

// setupWish is what the operator wants.
type setupWish struct {
	domain, email  string
	noHTTP, dryRun bool
}

func (c *cli) setup() *cobra.Command {
	var want setupWish
	cmd := &cobra.Command{
		Use: "setup --domain DOMAIN", Short: "Serve a domain on port 443 (root)",
		Long: `setup makes this host serve applications at https://NAME.DOMAIN/. It writes the domain
into the configuration, opens port 443 beside the port there is, and port 80, which leads
to HTTPS and answers certificate authorities, and restarts the proxy and the agent. No
request fails meanwhile: connections wait. It checks that the ports are free and that the
names lead here, shows what it changes, and says what is left to do.

With --email applications deployed here get certificates from the authority of
proxy.acme.directory, Let's Encrypt by default, whose terms you accept by it.

Configuration is changed where it is written, with comments left alone, or written to
/etc/nexushub/conf.d/setup.toml. It may run again at any time. If the domain changes,
applications keep the host names that they have, and are replaced without a gap; the API
of this host moves to admin.DOMAIN.`,
		Example: `  nexushub setup --domain example.org
  nexushub setup --domain example.org --email admin@example.org
  nexushub setup --domain example.org --dry-run`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&want.domain, "domain", "", "the domain whose names lead to this host")
	flags.StringVar(&want.email, "email", "", "address for certificates that every browser trusts")
	flags.BoolVar(&want.noHTTP, "no-http", false, "leave port 80 alone")
	flags.BoolVar(&want.dryRun, "dry-run", false, "only show what would change")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := want.check(); err != nil {
			return usage(cmd, err)
		}
		if err := c.here(cmd); err != nil {
			return err
		}
		if err := needRoot(); err != nil {
			return err
		}
		return c.setUp(cmd.Context(), want)
	}
	return cmd
}

func (w *setupWish) check() (err error) {
	if w.domain == "" {
		return errors.New("--domain is required, such as --domain example.org")
	}
	if w.domain, err = hostname.ParseName(w.domain); err != nil {
		return fmt.Errorf("--domain: %w", err)
	}
	if w.email == "" {
		return nil
	}
	if a, err := mail.ParseAddress(w.email); err != nil || a.Address != w.email || strings.ContainsAny(w.email, `"\`) {
		return fmt.Errorf("--email: %q must be an address such as admin@example.org", w.email)
	}
	return nil
}

func (w *setupWish) settings() []setup.Setting {
	all := []setup.Setting{{Key: "domain", Value: w.domain}}
	if w.email != "" {
		all = append(all, setup.Setting{Key: "proxy.acme.email", Value: w.email})
	}
	return all
}

func (c *cli) setUp(ctx context.Context, want setupWish) error {
	before, err := config.LoadProxy(config.Dir)
	if err != nil {
		return fmt.Errorf("the configuration has faults, which come first: %w", err)
	}
	edit, err := setup.NewEdit(config.Dir, want.settings())
	if err != nil {
		return err
	}
	sockets, ports, err := c.portsToOpen(ctx, want)
	if err != nil {
		return err
	}
	own, err := setup.OwnAddresses()
	if err != nil {
		return err
	}
	done := output.Setup{
		Domain: want.domain, Applied: !want.dryRun, Lines: append([]setup.Line{}, edit.Lines...), Opened: ports,
		Email: before.Proxy.ACME.Email, Records: setup.Records(want.domain, own), Applications: []string{},
	}
	if want.email != "" {
		done.Email = want.email
	}
	if before.Domain != want.domain {
		apps := c.appsThere(ctx)
		done.Before, done.Applications = before.Domain, namedBelow(apps, before.Domain)
		for _, p := range setup.Held(apps, want.domain, before.AdminInstance) {
			c.out.Warn(p)
		}
	}
	if !want.dryRun && len(edit.Lines)+len(sockets) > 0 {
		whole := context.WithoutCancel(ctx)
		if err := uninterruptible(ctx, func() error { return c.apply(whole, edit, sockets) }); err != nil {
			return err
		}
	}
	for _, p := range setup.Leads(ctx, net.DefaultResolver, want.domain, own) {
		c.out.Warn(p)
	}
	return c.out.SetUp(done)
}

// portsToOpen are what the proxy does not have yet. One that another program has is an error.
func (c *cli) portsToOpen(ctx context.Context, want setupWish) (sockets []string, ports []int, err error) {
	ports = []int{}
	for _, p := range []struct {
		port   int
		socket string
		wanted bool
	}{{443, httpsSocket, true}, {80, httpSocket, !want.noHTTP}} {
		if !p.wanted || c.opened(ctx, p.socket, p.port) {
			continue
		}
		if !c.active(ctx, p.socket) {
			if err := setup.CheckPort(p.port); err != nil {
				return nil, nil, &output.Hint{Err: err, Text: portHint(p.port)}
			}
			ports = append(ports, p.port)
		}
		sockets = append(sockets, p.socket)
	}
	return sockets, ports, nil
}

func portHint(port int) string {
	if port == 80 {
		return "free the port, or leave it to the other program: nexushub setup --no-http"
	}
	return "free the port and run this again: browsers look for https://NAME.DOMAIN/ there"
}

// opened says whether the proxy has the port, now and after a reboot.
func (c *cli) opened(ctx context.Context, socket string, port int) bool {
	var listens strings.Builder
	show := []string{"systemctl", "show", "--property=Listen", "nexushub-proxy.socket"}
	err := detached(command(ctx, show, nil, &listens, nil)).Run()
	if err == nil && strings.Contains(listens.String(), fmt.Sprintf(":%d (", port)) {
		return true // an operator has moved the proxy there
	}
	enabled := detached(command(ctx, []string{"systemctl", "--quiet", "is-enabled", socket}, nil, nil, nil)).Run() == nil
	return enabled && c.active(ctx, socket)
}

// apply puts everything back if the daemons do not start with it.
func (c *cli) apply(ctx context.Context, edit *setup.Edit, sockets []string) error {
	err := edit.Write()
	if err == nil && len(sockets) > 0 {
		err = c.systemctl(ctx, append([]string{"--quiet", "enable"}, sockets...)...)
	}
	if err == nil {
		err = c.renew(ctx, sockets)
	}
	if err == nil {
		return nil
	}
	err = errors.Join(fmt.Errorf("everything is put back: %w", err), edit.Undo())
	if len(sockets) > 0 {
		err = errors.Join(err, c.systemctl(ctx, append([]string{"--quiet", "disable", "--now"}, sockets...)...))
	}
	return errors.Join(err, c.renew(ctx, nil))
}

// renew restarts the proxy, which starts its sockets, and the agent, unless all is stopped.
func (c *cli) renew(ctx context.Context, sockets []string) error {
	if !c.active(ctx, "nexushub.target") {
		c.out.Warn("NexusHub is stopped: systemctl start nexushub.target")
		return nil
	}
	c.out.Step("restarting the proxy and the agent")
	if err := c.systemctl(ctx, "restart", "nexushub-proxy.service"); err != nil {
		return err
	}
	for _, s := range sockets {
		if !c.active(ctx, s) {
			return fmt.Errorf("%s did not start: %s", s, shell.Command("systemctl status", s))
		}
	}
	return c.systemctl(ctx, "restart", "nexushubd.service")
}

// appsThere are the applications. That they cannot be told is no reason not to go on.
func (c *cli) appsThere(ctx context.Context) []api.App {
	apps, err := api.NewClient(c.socket).Apps(ctx)
	if err != nil {
		c.out.Warn("whether applications have names that the API needs is not known: " + err.Error())
	}
	return apps
}

// namedBelow lists applications by a domain.
func namedBelow(apps []api.App, domain string) []string {
	names := []string{}
	for _, a := range apps {
		if strings.HasSuffix(a.HostName, "."+domain) {
			names = append(names, a.HostName)
		}
	}
	slices.Sort(names)
	return names
}
