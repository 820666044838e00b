package main

import (
	"github.com/spf13/cobra"
)

func (c *cli) cert() *cobra.Command {
	cmd := &cobra.Command{
		Use: "cert", Aliases: []string{"certs"}, Short: "show and check the certificates",
		Example: "  nexushub cert\n  nexushub cert check --days 14",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return c.noCommand(cmd, args)
			}
			return c.showCerts(cmd)
		},
	}
	cmd.AddCommand(&cobra.Command{
		Use: "list", Short: "show the certificates, when they expire, and what to trust",
		Example: "  nexushub cert list\n  nexushub cert list --json | jq -r '.[].not_after'",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.showCerts(cmd) },
	}, c.certCheck())
	return cmd
}

func (c *cli) showCerts(cmd *cobra.Command) error {
	client, err := c.local()
	if err != nil {
		return err
	}
	certs, err := client.Certs(cmd.Context())
	if err != nil {
		return err
	}
	system, err := client.System(cmd.Context())
	if err != nil {
		return err
	}
	return c.out.Certs(certs, system.CACert)
}

func (c *cli) certCheck() *cobra.Command {
	days := 14
	cmd := &cobra.Command{
		Use: "check", Short: "fail when a certificate cannot be used or expires soon",
		Long: `check says which certificates cannot be used or expire within --days, and ends with 1
when there is one: for a timer or a monitor. The local CA renews its certificates itself.`,
		Example: "  nexushub cert check\n  nexushub cert check --days 30 --quiet || mail -s certificates root",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().IntVar(&days, "days", days, "how long each certificate must be valid still")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		client, err := c.local()
		if err != nil {
			return err
		}
		certs, err := client.Certs(cmd.Context())
		if err != nil {
			return err
		}
		return c.out.CertsChecked(certs, c.out.Now().AddDate(0, 0, days))
	}
	return cmd
}
