package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/internal/manifest"
)

var accessModes = []string{manifest.AccessAreas, manifest.AccessOpen}

func (c *cli) access() *cobra.Command {
	var unset bool
	cmd := &cobra.Command{
		Use: "access APP [areas|open]", Short: "Show or set who may send requests to an application",
		Long: `access shows who may send requests to an application, and who decided that: policy is the
configuration of the host, settings is this command. It sets it, over what the manifest
of this release and of every later one says:

  areas   the area of the path decides: everybody at /public, with an access token at
          /api, with the internal secret at /internal
  open    everybody, at every path; the application decides itself

The application is replaced without downtime. A host can forbid open (policy.open, see
nexushub.toml(5)).`,
		Example: "  nexushub access myapp\n  nexushub access myapp open\n  nexushub access myapp --unset",
		Args:    cobra.RangeArgs(1, 2),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return accessModes, cobra.ShellCompDirectiveNoFileComp
			}
			return c.completeApp(cmd, args, word)
		},
	}
	cmd.Flags().BoolVar(&unset, "unset", false, "take back what was set")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var mode any // null
		switch {
		case unset && len(args) == 2:
			return usage(cmd, errors.New("--unset and "+args[1]+" contradict each other"))
		case len(args) == 2 && !slices.Contains(accessModes, args[1]):
			return usage(cmd, fmt.Errorf("access is open (everybody, at every path) or areas (that of the path decides), not %q",
				args[1]))
		case len(args) == 2:
			mode = args[1]
		case !unset:
			return c.showSettings(cmd.Context(), args[0], c.out.Access)
		}
		return c.changeSettings(cmd.Context(), args[0], map[string]any{"access": mode}, "changed", []string{"access"})
	}
	return cmd
}
