package api

import (
	"context"
	"net/http"
)

// Settings are what an operator says of an application by command, over the manifest of whatever
// release it runs, and what holds. A JSON merge patch (RFC 7396) may change the members env,
// limits, access, roles and scale.
type Settings struct {
	Env    map[string]string `json:"env"`
	Limits Limits            `json:"limits"`
	Access string            `json:"access,omitempty"` // areas, open, private
	Roles  []string          `json:"roles,omitempty"`  // of access private: whoever says that anew says the roles, too
	Scale  map[string]int    `json:"scale,omitempty"`  // replicas by process

	Effective []Effective `json:"effective"`
	Withheld  []string    `json:"withheld,omitempty"` // variables that it does not get, each with why and what to do
	GivenUp   string      `json:"given_up,omitempty"` // why these settings do not serve: what did before serves on
	Widened   []string    `json:"widened,omitempty"`  // by this change: what the application may do that it could not
	Stopped   string      `json:"stopped,omitempty"`  // why it does not run, if so: it takes them up when it starts
}

// Set are the settings alone, without what follows from them: what the ETag is of.
func (s Settings) Set() Settings {
	return Settings{Env: s.Env, Limits: s.Limits, Access: s.Access, Scale: s.Scale}
}

// Limits are those of an application; those that are not set are missing.
type Limits struct {
	Memory string `json:"memory,omitempty"` // 512M
	CPU    int    `json:"cpu,omitempty"`    // percent of one core
	Tasks  int    `json:"tasks,omitempty"`
}

// Effective is one key of the manifest as it holds, and who says so.
type Effective struct {
	Key   string `json:"key"`            // env.DEBUG, limits.memory, limits.cpu, limits.tasks, scale.web, access, roles
	Value string `json:"value"`          // none: there is no limit
	From  string `json:"from"`           // policy, apps.d, settings, manifest, detection, default
	Most  string `json:"most,omitempty"` // of a limit, on this host; of replicas, of all processes together
}

// Settings are those of one application.
func (c *Client) Settings(ctx context.Context, app string) (out Settings, err error) {
	err = c.call(ctx, http.MethodGet, appPath(app, "settings"), nil, &out)
	return out, err
}

// ChangeSettings applies a JSON merge patch, and returns when the application serves with the
// settings that it makes or, with Failed, has given them up.
func (c *Client) ChangeSettings(ctx context.Context, app string, patch map[string]any) (out Settings, err error) {
	err = c.call(ctx, http.MethodPatch, appPath(app, "settings"), patch, &out)
	return out, err
}
