package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

func (c *cli) scale() *cobra.Command {
	var unset []string
	cmd := &cobra.Command{
		Use: "scale APP [PROCESS=NUMBER...]", Short: "Show or set how many replicas each process has",
		Long: `scale shows how many replicas each process of an application is to have, and who says so.
With arguments it sets that, over what the manifest of this release and of every later one
says; --unset takes it back. web is the process that gets the requests: it has at least one
replica. Any other may have none.

Replicas that are there already stay as they are: more are started beside them and get
requests once they are healthy, those that are too many finish their requests first. It is
no new revision, and rollback leaves it as it is.`,
		Example: `  nexushub scale myapp
  nexushub scale myapp web=4 worker=2
  nexushub scale myapp --unset web`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: c.completeProcess,
	}
	cmd.Flags().StringSliceVar(&unset, "unset", nil, "take back what was set for a process")
	_ = cmd.RegisterFlagCompletionFunc("unset", c.completeScaled)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		scale, names, err := replicas(args[1:], unset)
		switch {
		case err != nil:
			return usage(cmd, err)
		case len(scale) == 0:
			return c.showSettings(cmd.Context(), args[0], c.out.Scale)
		}
		return c.changeSettings(cmd.Context(), args[0], map[string]any{"scale": scale}, "scaled", names)
	}
	return cmd
}

// replicas are the numbers of the arguments, null for a process to be unset, and both in words.
func replicas(args, unset []string) (scale map[string]any, names []string, err error) {
	scale = map[string]any{}
	for _, process := range unset {
		scale[process] = nil
		names = append(names, process)
	}
	for _, arg := range args {
		process, number, ok := strings.Cut(arg, "=")
		n, err := strconv.Atoi(number)
		switch _, also := scale[process]; {
		case !ok, process == "", err != nil:
			return nil, nil, fmt.Errorf("%q: must be PROCESS=NUMBER, such as web=2", arg)
		case also:
			return nil, nil, errors.New(process + " is named twice")
		}
		scale[process] = n
		names = append(names, arg)
	}
	return scale, names, nil
}

// completeProcess completes what an application can be scaled by.
func (c *cli) completeProcess(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return c.completeApp(cmd, args, word)
	}
	words, directive := c.processes(cmd, args[0], "=")
	return words, directive | cobra.ShellCompDirectiveNoSpace
}

// completePart completes the processes of the application that is named.
func (c *cli) completePart(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.processes(cmd, args[0], "")
}

// processes offers those of an application to the shell, each with something behind it.
func (c *cli) processes(cmd *cobra.Command, app, behind string) ([]string, cobra.ShellCompDirective) {
	return c.complete(cmd, func(ctx context.Context) (words []string, err error) {
		client, err := c.control()
		if err != nil {
			return nil, err
		}
		s, err := client.Settings(ctx, app)
		for _, e := range s.Effective {
			if process, ok := strings.CutPrefix(e.Key, "scale."); ok {
				words = append(words, process+behind+"\t"+e.Value+" now")
			}
		}
		return words, err
	})
}

// completeScaled completes what scale has set.
func (c *cli) completeScaled(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.complete(cmd, func(ctx context.Context) ([]string, error) {
		client, err := c.control()
		if err != nil {
			return nil, err
		}
		s, err := client.Settings(ctx, args[0])
		return slices.Sorted(maps.Keys(s.Scale)), err
	})
}
