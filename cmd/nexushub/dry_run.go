package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
)

// dryRun shows what deploy would do, and does nothing.
func (d *deployer) dryRun(ctx context.Context, source string, want api.NewDebugApplication) (err error) {
	p, done, err := d.pack(ctx, source)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	plan := output.DryRun{
		Name: want.AppID, HostName: want.HostName, Manifest: d.is.asks(), Files: p.Files, Size: p.Size, Release: p.SHA256,
	}
	if b, isBuilt := d.is.build(); isBuilt {
		plan.Build, plan.Release = &b, ""
	}
	if d.is.Name != "" {
		plan.Recognised = &d.is.Result
	}
	plan.Changes = d.changes(ctx, &plan)
	return d.out.DryRun(plan)
}

// changes compares with what runs, as far as the agent can be asked.
func (d *deployer) changes(ctx context.Context, plan *output.DryRun) (changes []string) {
	list, err := d.to.List(ctx)
	if err != nil {
		return []string{"not known: " + output.WithHint(err)}
	}
	for _, a := range list {
		if a.AppID != plan.Name {
			continue
		}
		if plan.HostName != "" && plan.HostName != a.HostName {
			changes = append(changes, fmt.Sprintf("host name from %s to %s", a.HostName, plan.HostName))
		}
		plan.HostName = cmp.Or(plan.HostName, a.HostName)
		return append(changes, d.comparedWith(ctx, a, plan)...)
	}
	if plan.HostName == "" {
		plan.HostName = plan.Name + "." + cmp.Or(d.domain(ctx), "DOMAIN")
	}
	return []string{"it is new"}
}

func (d *deployer) comparedWith(ctx context.Context, a api.DebugApplication, plan *output.DryRun) (changes []string) {
	status, err := d.to.Status(ctx, a.ID)
	switch {
	case err != nil:
		return []string{"release: not known: " + err.Error()}
	case plan.Build != nil && status.Metadata.Release != "":
		changes = append(changes, fmt.Sprintf("release from %.12s to what is built, or none if that is the same", status.Metadata.Release))
	case status.Metadata.Release == plan.Release:
		changes = append(changes, "none: this release is installed already")
	case status.Metadata.Release == "":
		changes = append(changes, "its first release")
	default:
		changes = append(changes, fmt.Sprintf("release from %.12s to %.12s", status.Metadata.Release, plan.Release))
	}
	if plan.Build != nil && plan.Manifest.Access == "" { // what is recognised in the output says it
		return changes
	}
	now, err := d.client.App(ctx, a.ID)
	if access := cmp.Or(plan.Manifest.Access, "areas"); err == nil && now.Access != "" && now.Access != access &&
		now.AccessFrom != "settings" {
		changes = append(changes, fmt.Sprintf("access from %s to %s", now.Access, access))
	}
	return changes
}

// domain is the host's, as far as it can be told.
func (d *deployer) domain(ctx context.Context) string {
	if system, err := d.client.System(ctx); err == nil {
		return system.Domain
	}
	return ""
}
