package main

import (
	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/voice"
)

func (c *cli) cert() *cobra.Command {
	cmd := table(c, &cobra.Command{
		Use: "cert", Aliases: []string{"certs"}, Short: "show and check the certificates",
		Example: "  nexushub cert\n  nexushub cert check --days 14",
	}, (*api.Client).Certs, (*voice.Voice).Certs)
	cmd.AddCommand(table(c, &cobra.Command{
		Use: "list", Short: "show the certificates, and when they expire",
		Example: "  nexushub cert list\n  nexushub cert list --json | jq -r '.[].not_after'",
	}, (*api.Client).Certs, (*voice.Voice).Certs), c.certCheck())
	return cmd
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
		return c.voice.CertsChecked(certs, c.voice.Now().AddDate(0, 0, days))
	}
	return cmd
}
