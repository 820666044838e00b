package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

func (c *cli) deploy() *cobra.Command {
	var want api.NewDebugApplication
	cmd := &cobra.Command{
		Use: "deploy [FOLDER|ZIP]", Short: "package a folder, upload it, run it and print its URL",
		Long: `deploy makes a package of a folder (by default the current one), uploads it and runs
it. The folder holds bin/app, or static/index.html, or both; what .nexushubignore names
stays out. An application of the same name is replaced without a gap: the old release
serves until the new one is healthy, and goes on if it does not get healthy.

An upload that is interrupted, by Ctrl-C, a lost line or a restart of either side, goes
on where it was with the same command.

What is deployed this way expires one hour after its last use, unless it is used.`,
		Example: "  nexushub deploy\n  nexushub deploy ./build --name shop --host-name shop.example.org\n  nexushub deploy shop-1.4.zip --name shop",
		Args:    cobra.MaximumNArgs(1),
	}
	registerApp(cmd, &want)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, remote, err := c.client()
		if err != nil {
			return err
		}
		source := append(args, ".")[0]
		if err := setName(&want, source, ""); err != nil {
			return err
		}
		d := &deployer{client: client, out: c.out, remote: remote}
		app, err := d.deploy(cmd.Context(), source, want)
		if errors.Is(err, errNotHealthy) {
			return &output.Exit{Code: api.ExitError}
		}
		if err != nil {
			return err
		}
		return c.out.Deployed(app, client.DebugURL(cmd.Context(), app))
	}
	return cmd
}

func registerApp(cmd *cobra.Command, want *api.NewDebugApplication) {
	flags := cmd.Flags()
	flags.StringVar(&want.AppID, "name", "", "name of the application (default: that of the folder)")
	flags.StringVar(&want.HostName, "host-name", "", "host name to serve it at (default: NAME.debug.DOMAIN)")
	flags.StringVar(&want.DBName, "db-name", "", "passed to the application as DB_NAME")
	flags.StringVar(&want.StaticServiceURL, "static-service", "", "URL of a development server for everything but /api, /public and /internal")
}
