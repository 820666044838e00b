package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/profile"
)

func (c *cli) login() *cobra.Command {
	var token, ca string
	cmd := &cobra.Command{
		Use: "login HOST", Short: "Log in to a host with a token, to deploy from elsewhere",
		Long: `login checks a token with an API host (admin.DOMAIN, or admin.DOMAIN:PORT if the port is
not 443) and stores both in a profile that only you can read. With several hosts, --host
selects one.

An operator creates the token: nexushub token create NAME. With --token - it is read from
stdin, which keeps it out of the shell history.`,
		Example: `  nexushub login admin.example.org --token -
  nexushub login admin.yesterday.localhost:8443 --ca root.crt --token -`,
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&token, "token", "", "the token, or - to read it from stdin")
	cmd.Flags().StringVar(&ca, "ca", "", "PEM file of the certificate authority to trust for this host")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if token == "" {
			return usage(cmd, errors.New("--token is required: a token, or - to read it from stdin"))
		}
		host, err := c.parseHost(cmd.Context(), args[0], token, ca)
		if err != nil {
			return err
		}
		return c.saveLogin(cmd, args[0], host)
	}
	return cmd
}

func (c *cli) parseHost(ctx context.Context, name, token, ca string) (h profile.Host, err error) {
	if !strings.Contains(name, "://") {
		name = "https://" + name
	}
	u, err := url.Parse(name)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return h, fmt.Errorf("invalid host %q: use admin.example.org or admin.example.org:8443", name)
	}
	h = profile.Host{URL: u.Scheme + "://" + u.Host, Token: token}
	if token == "-" {
		if h.Token, err = c.readSecret(ctx, "token: "); err != nil {
			return h, err
		}
		h.Token = strings.TrimSpace(h.Token)
	}
	if ca != "" {
		pem, err := contentOf(ca)
		if err != nil {
			return h, err
		}
		h.CACert = string(pem)
	}
	return h, nil
}

// saveLogin keeps only what works.
func (c *cli) saveLogin(cmd *cobra.Command, name string, h profile.Host) error {
	roots, err := h.Roots()
	if err != nil {
		return err
	}
	client := api.NewRemoteClient(h.URL, h.Token, roots)
	me, err := client.Me(cmd.Context())
	if err != nil || me.Role == "" { // a token without a role, or an agent from before there were any
		me = api.Me{}
		_, err = client.Debug().List(cmd.Context())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	h.Role = me.Role
	path, err := profile.Path()
	if err != nil {
		return err
	}
	p, err := profile.Load(path)
	if err != nil {
		return err
	}
	p.Hosts[name], p.Default = h, name
	if err := p.Save(path); err != nil {
		return err
	}
	return c.out.LoggedIn(name, me, path)
}
