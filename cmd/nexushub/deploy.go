package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/internal/hostname"
)

func (c *cli) deploy() *cobra.Command {
	var want api.NewDebugApplication
	var temporary, dry bool
	var secrets string
	cmd := &cobra.Command{
		Use: "deploy [FOLDER|ZIP]", Short: "Package a folder, upload it, run it and print its URL",
		Long: `deploy packages a folder (by default the current one), uploads it and runs it. The
folder is a Node.js, Python, Ruby, PHP or Java application, a site of files, has a Procfile,
or holds bin/app: what it is recognised as is printed, and nexushub init writes it down.
.nexushubignore says which files to leave out.

An application of the same name is replaced without downtime: the old release keeps
serving until the new one is healthy, and stays if the new one never is. It stays until
nexushub remove; with --temporary it expires one hour after its last use, and nexushub
keep makes it permanent.

deploy ends when the application is healthy, or has failed: it exits, is not healthy
within health.start_period, or has listened on another port than its own for five seconds
and health.start_period is not set. A hint says what a known failure means and what to
write; one that is healthy gets a hint where GET / is answered with an error.

--secrets sets every variable of a .env file as a secret first, so that an application that
needs some starts with them; like nexushub secret set it is for root, on the host itself.
Keep the file out of the folder: what is in there becomes part of the release.

git push https://admin.DOMAIN/git/APP deploys, too: with a token as the password.

An upload that was interrupted, by Ctrl-C, a lost connection or a restart on either side,
resumes when the same command is run again.`,
		Example: `  nexushub deploy
  nexushub deploy ./build --name shop --host-name shop.example.org
  nexushub deploy shop-1.4.zip --name shop
  nexushub deploy --secrets ../shop.env
  nexushub deploy --dry-run
  nexushub deploy --temporary ./trial`,
		Args: cobra.MaximumNArgs(1),
	}
	registerApp(cmd, &want, "NAME.DOMAIN, of a debug application NAME.debug.DOMAIN")
	cmd.Flags().BoolVar(&temporary, "temporary", false, "deploy a debug application, which expires")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "show what would be deployed, and upload nothing")
	cmd.Flags().StringVar(&secrets, "secrets", "", "a .env `FILE` whose variables become secrets first; - is stdin")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		client, remote, err := c.client()
		if err != nil {
			return err
		}
		source := append(args, ".")[0]
		if err := setName(&want, source, ""); err != nil {
			return err
		}
		d := &deployer{client: client, to: client.Deployed(), out: c.out, remote: remote}
		if temporary {
			d.to = client.Debug()
		}
		if dry {
			return d.dryRun(cmd.Context(), source, want)
		}
		if secrets != "" {
			if err := c.takeSecrets(d, secrets); err != nil {
				return err
			}
		}
		app, err := d.deploy(cmd.Context(), source, want)
		if errors.Is(err, errNotHealthy) {
			return &output.Exit{Code: api.ExitError}
		}
		if err != nil {
			return err
		}
		if temporary {
			c.out.Temporary(app)
		}
		return c.out.Deployed(app, d.answer, client.DeployedURL(cmd.Context(), app))
	}
	return cmd
}

// takeSecrets reads what is to be set, before anything else has changed.
func (c *cli) takeSecrets(d *deployer, file string) (err error) {
	if _, err = c.local(); err != nil {
		return err
	}
	d.secrets, err = c.secretsIn(file)
	return err
}

func registerApp(cmd *cobra.Command, want *api.NewDebugApplication, host string) {
	flags := cmd.Flags()
	flags.StringVar(&want.AppID, "name", "", "name of the application (default: name of the folder)")
	flags.Var((*hostName)(&want.HostName), "host-name", "host name to serve it at (default: "+host+")")
	flags.StringVar(&want.DBName, "db-name", "", "passed to the application as DB_NAME")
	flags.StringVar(&want.StaticServiceURL, "static-service", "",
		"URL of a development server for everything except /api, /public and /internal")
}

// hostName is a flag. The API takes names as DNS has them, people write them as they read.
type hostName string

func (h *hostName) String() string { return string(*h) }

// Type is what the help shows.
func (h *hostName) Type() string { return "string" }

// Set refuses what no agent accepts.
func (h *hostName) Set(s string) error {
	if ascii := hostname.ASCII(s); ascii != s {
		s = ascii
	} else if _, err := hostname.ParseName(s); err != nil {
		return err
	}
	*h = hostName(s)
	return nil
}
