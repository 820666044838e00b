package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/hostname"
)

// findDebug finds a debug application by id, app id, host name or display name.
func findDebug(ctx context.Context, client *api.Client, ref string) (api.DebugApplication, error) {
	apps, err := client.DebugApps(ctx)
	if err != nil {
		return api.DebugApplication{}, err
	}
	for _, key := range []func(api.DebugApplication) string{
		func(a api.DebugApplication) string { return a.ID },
		func(a api.DebugApplication) string { return a.AppID },
		func(a api.DebugApplication) string { return a.HostName },
		func(a api.DebugApplication) string { return a.DisplayName },
	} {
		for _, a := range apps {
			if strings.EqualFold(key(a), ref) || strings.EqualFold(key(a), hostname.ASCII(ref)) {
				return a, nil
			}
		}
	}
	return api.DebugApplication{}, fmt.Errorf("debug application %q: %w", ref, api.NotFound)
}

// remoteApps shows debug applications as applications.
func remoteApps(ctx context.Context, client *api.Client) ([]api.App, error) {
	list, err := client.DebugApps(ctx)
	if err != nil {
		return nil, err
	}
	apps := make([]api.App, len(list))
	for i, a := range list {
		apps[i] = api.App{
			ID: a.ID, Name: a.AppID, AppID: a.AppID, DisplayName: a.DisplayName, HostName: a.HostName, Kind: "debug",
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
	a, err := findDebug(ctx, client, ref)
	if err != nil {
		return api.App{}, err
	}
	s, err := client.DebugStatus(ctx, a.ID)
	if err != nil {
		return api.App{}, err
	}
	return appOf(client, a, s), nil
}

func appOf(client *api.Client, a api.DebugApplication, s api.DebugStatus) api.App {
	why, lines, _ := strings.Cut(s.Error, "\n")
	app := api.App{
		ID: a.ID, Name: a.AppID, AppID: a.AppID, DisplayName: a.DisplayName, HostName: a.HostName, Kind: "debug",
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
