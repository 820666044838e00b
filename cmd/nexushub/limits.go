package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

var limitNames = []string{"memory", "cpu", "tasks"}

func (c *cli) limits() *cobra.Command {
	var memory string
	var cpu, tasks int
	var unset []string
	cmd := &cobra.Command{
		Use: "limits APP", Short: "Show or set what an application may use of the host",
		Long: `limits shows the limits of an application, who says each (settings are what this command
has set), and the most that this host gives. With flags it sets them, over what the
manifest of this release and of every later one says; --unset takes that back. The
application is replaced without downtime to have them.`,
		Example: `  nexushub limits myapp
  nexushub limits myapp --memory 1G --cpu 150
  nexushub limits myapp --unset memory,cpu`,
		Args: cobra.ExactArgs(1), ValidArgsFunction: c.completeApp,
	}
	flags := cmd.Flags()
	flags.StringVar(&memory, "memory", "", "most memory, such as 512M or 1G; beyond it the kernel kills")
	flags.IntVar(&cpu, "cpu", 0, "most CPU time, in percent of one core")
	flags.IntVar(&tasks, "tasks", 0, "most processes and threads")
	flags.StringSliceVar(&unset, "unset", nil, "take back what was set: memory, cpu, tasks")
	_ = cmd.RegisterFlagCompletionFunc("unset", cobra.FixedCompletions(limitNames, cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		limits, names := map[string]any{}, []string(nil)
		for _, name := range unset {
			if !slices.Contains(limitNames, name) {
				return usage(cmd, fmt.Errorf("--unset %s: must be one of %s", name, strings.Join(limitNames, ", ")))
			}
			limits[name] = nil
		}
		for name, value := range map[string]any{"memory": memory, "cpu": cpu, "tasks": tasks} {
			if !cmd.Flags().Changed(name) {
				continue
			}
			if _, also := limits[name]; also {
				return usage(cmd, errors.New("--"+name+" and --unset "+name+" contradict each other"))
			}
			limits[name] = value
		}
		if len(limits) == 0 {
			return c.showSettings(cmd.Context(), args[0], c.out.Limits)
		}
		for _, name := range limitNames {
			if _, changed := limits[name]; changed {
				names = append(names, name)
			}
		}
		return c.changeSettings(cmd.Context(), args[0], map[string]any{"limits": limits}, "changed", names)
	}
	return cmd
}
