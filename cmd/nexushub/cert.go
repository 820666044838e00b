package main

import (
	"github.com/spf13/cobra"
)

func (c *cli) cert() *cobra.Command {
	cmd := &cobra.Command{
		Use: "cert", Aliases: []string{"certs"}, Short: "List and check the certificates",
		Long: `cert lists the certificates, with what is wrong with each and what to do about it. The
exit code is 1 if one cannot be used or clients refuse it.`,
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
		Use: "list", Short: "List the certificates, when they expire, and how to trust the local CA",
		Example: "  nexushub cert list\n  nexushub cert list --json | jq -r '.[].not_after'",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.showCerts(cmd) },
	}, c.certCheck())
	return cmd
}

func (c *cli) showCerts(cmd *cobra.Command) error {
	client, err := c.control()
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
		Use: "check", Short: "Fail if a certificate is unusable or expires soon",
		Long: `check names the certificates that are unusable or expire within --days, and exits with 1
if there are any: for a timer or a monitor. The local CA renews its own certificates.`,
		Example: "  nexushub cert check\n  nexushub cert check --days 30 --quiet || mail -s certificates root",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().IntVar(&days, "days", days, "days for which each certificate must remain valid")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		client, err := c.control()
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
