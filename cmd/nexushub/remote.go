package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
)

// deployment is an application that was deployed, and of which kind.
type deployment struct {
	of api.Deployments
	api.DebugApplication
}

// deployments lists them, permanent ones first. A token may open the API of one kind alone, and
// an older agent has but one.
func deployments(ctx context.Context, client *api.Client) (list []deployment, err error) {
	answered := false
	for _, of := range []api.Deployments{client.Deployed(), client.Debug()} {
		var apps []api.DebugApplication
		if apps, err = of.List(ctx); err != nil {
			if transient(err) || ctx.Err() != nil {
				return nil, err
			}
			continue
		}
		answered = true
		for _, a := range apps {
			list = append(list, deployment{of, a})
		}
	}
	if answered {
		err = nil
	}
	return list, err
}

// findDeployment finds one by id, app id, host name or display name.
func findDeployment(ctx context.Context, client *api.Client, ref string) (deployment, error) {
	list, err := deployments(ctx, client)
	if err != nil {
		return deployment{}, err
	}
	for _, key := range []func(deployment) string{
		func(a deployment) string { return a.ID },
		func(a deployment) string { return a.AppID },
		func(a deployment) string { return a.HostName },
		func(a deployment) string { return a.DisplayName },
	} {
		for _, a := range list {
			if strings.EqualFold(key(a), ref) || strings.EqualFold(key(a), hostname.ASCII(ref)) {
				return a, nil
			}
		}
	}
	return deployment{}, fmt.Errorf("deployed application %q: %w", ref, api.NotFound)
}

// remoteApps shows them as applications.
func remoteApps(ctx context.Context, client *api.Client) ([]api.App, error) {
	list, err := deployments(ctx, client)
	if err != nil {
		return nil, err
	}
	apps := make([]api.App, len(list))
	for i, a := range list {
		apps[i] = api.App{
			ID: a.ID, Name: a.AppID, AppID: a.AppID, DisplayName: a.DisplayName, HostName: a.HostName, Kind: a.of.Kind,
			URL: client.URLOf(a.HostName), State: api.State(a.Status), Since: since(a.Since, a.CreatedAt),
			ExpiresAt: a.ExpiresAt, Restarts: a.Restarts,
		}
	}
	return apps, nil
}

// since is when a state began; an older agent does not say.
func since(told *time.Time, otherwise time.Time) time.Time {
	if told == nil {
		return otherwise
	}
	return *told
}

// remoteApp is the same for one, with its status.
func remoteApp(ctx context.Context, client *api.Client, ref string) (api.App, error) {
	a, err := findDeployment(ctx, client, ref)
	if err != nil {
		return api.App{}, err
	}
	s, err := a.of.Status(ctx, a.ID)
	if err != nil {
		return api.App{}, err
	}
	return appOf(client, a, s), nil
}

func appOf(client *api.Client, a deployment, s api.DebugStatus) api.App {
	why, lines, _ := strings.Cut(s.Error, "\n")
	app := api.App{
		ID: a.ID, Name: a.AppID, AppID: a.AppID, DisplayName: a.DisplayName, HostName: a.HostName, Kind: a.of.Kind,
		URL: client.URLOf(a.HostName), State: api.State(s.Status), Why: why, Error: s.Error,
		Since: since(s.Metadata.Since, s.LastUpdated),
		Unit:  s.Metadata.Unit, PID: s.ProcessID, Port: s.Port, Release: s.Metadata.Release, Restarts: s.Metadata.Restarts,
		Health: api.Health{Status: s.HealthCheck}, Memory: s.Metadata.Memory, CPUNSec: s.Metadata.CPUNSec,
		Exposure: s.Metadata.Exposure, Access: s.Metadata.Access, ExpiresAt: s.Metadata.ExpiresAt, Hints: s.Hints,
	}
	if lines != "" {
		app.LastExit = s.Error
	}
	if s.Metadata.HealthDetail != nil {
		app.Health = api.Health(*s.Metadata.HealthDetail)
	}
	return app
}
