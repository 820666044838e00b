package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/internal/manifest"
)

func (c *cli) access() *cobra.Command {
	var unset bool
	var roles []string
	cmd := &cobra.Command{
		Use: "access APP [areas|open|private]", Short: "Show or set who may send requests to an application",
		Long: `access shows who may send requests to an application, and who decided that: policy is the
configuration of the host, settings is this command. It sets it, over what the manifest
of this release and of every later one says:

  areas     the area of the path decides: everybody at /public, with an access token at
            /api, with the internal secret at /internal
  open      everybody, at every path; the application decides itself
  private   whoever has signed in at the login application, at every path; with --role,
            whoever has one of these roles

The application is replaced without downtime. A host can forbid open (policy.open, see
nexushub.toml(5)). A private application needs network = "socket" or "guest": any other
listens on a port that every application of the host reaches past the proxy.`,
		Example: "  nexushub access myapp\n  nexushub access myapp open\n" +
			"  nexushub access myapp private --role operator --role owner\n  nexushub access myapp --unset",
		Args: cobra.RangeArgs(1, 2),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return manifest.AccessModes, cobra.ShellCompDirectiveNoFileComp
			}
			return c.completeApp(cmd, args, word)
		},
	}
	cmd.Flags().BoolVar(&unset, "unset", false, "take back what was set")
	cmd.Flags().StringArrayVar(&roles, "role", nil, "with private: whoever has this role, or another one that is named")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		mode := ""
		if len(args) == 2 {
			mode = args[1]
		}
		patch, err := accessPatch(mode, roles, unset)
		switch {
		case err != nil:
			return usage(cmd, err)
		case mode == "" && !unset:
			return c.showSettings(cmd.Context(), args[0], c.out.Access)
		}
		return c.changeSettings(cmd.Context(), args[0], patch, "changed", []string{"access"})
	}
	return cmd
}

// accessPatch is what the arguments change of the settings.
func accessPatch(mode string, roles []string, unset bool) (map[string]any, error) {
	patch := map[string]any{"access": nil}
	odd := slices.IndexFunc(roles, func(r string) bool { return !manifest.IsRoleName(r) })
	switch {
	case unset && mode != "":
		return nil, errors.New("--unset and " + mode + " contradict each other")
	case mode != "" && !slices.Contains(manifest.AccessModes, mode):
		return nil, fmt.Errorf("access is open (everybody, at every path), areas (that of the path decides) or private "+
			"(whoever has signed in), not %q", mode)
	case len(roles) > 0 && mode != manifest.AccessPrivate:
		return nil, errors.New("--role goes with private: write private before it")
	case odd >= 0:
		return nil, fmt.Errorf("%q is no name of a role, which has up to 64 letters, digits or ._:@/+-", roles[odd])
	case mode != "":
		patch["access"] = mode
	}
	if len(roles) > 0 {
		patch["roles"] = roles
	}
	return patch, nil
}
