package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// Deployments are the applications of one kind that were deployed, as a client sees them.
type Deployments struct {
	Kind   string // debug, deployed
	client *Client
	path   string
}

// Debug are the applications that expire when nobody uses them.
func (c *Client) Debug() Deployments { return Deployments{"debug", c, "/debug/application"} }

// Deployed are the permanent ones.
func (c *Client) Deployed() Deployments { return Deployments{"deployed", c, "/v1/deployed"} }

// NewDebugApplication asks for an application. Only AppID must be there; what is missing is
// generated.
type NewDebugApplication struct {
	AppID            string `json:"appId"`
	DisplayName      string `json:"displayName,omitempty"`
	HostName         string `json:"hostName,omitempty"`
	DBName           string `json:"dbName,omitempty"`
	StaticServiceURL string `json:"staticServiceUrl,omitempty"`
}

// DebugApplication is the answer to its creation, and one row of the list.
type DebugApplication struct {
	ID               string     `json:"id"`
	AppID            string     `json:"appId"`
	DisplayName      string     `json:"displayName"`
	HostName         string     `json:"hostName"`
	DBName           string     `json:"dbName"`
	StaticServiceURL string     `json:"staticServiceUrl"`
	Status           string     `json:"status"`
	CreatedAt        time.Time  `json:"createdAt"`
	ExpiresAt        *time.Time `json:"expiresAt"`
	Since            *time.Time `json:"since,omitempty"` // of Status, once it is installed
	Restarts         int        `json:"restarts"`        // since its revision began
}

// List lists them.
func (d Deployments) List(ctx context.Context) (out []DebugApplication, err error) {
	err = d.client.call(ctx, http.MethodGet, d.path, nil, &out)
	return out, err
}

// Create makes an application. A debug application replaces the one with the same app id; of a
// deployed one it is found, and given what a says.
func (d Deployments) Create(ctx context.Context, a NewDebugApplication) (out DebugApplication, err error) {
	err = d.client.call(ctx, http.MethodPost, d.path, a, &out)
	return out, err
}

// PackageLimits are what an agent takes of one package; 0: it does not say.
type PackageLimits struct {
	MaxSize     int64 `json:"maxSize"`     // bytes of the zip: upload.max_size
	MaxEntries  int   `json:"maxEntries"`  // files, folders and links: package.max_entries
	MaxUnpacked int64 `json:"maxUnpacked"` // bytes: package.max_unpacked
	MaxRatio    int64 `json:"maxRatio"`    // unpacked bytes for each byte of the zip: package.max_ratio
}

// Limits asks for the limits. An agent of an earlier version does not say them.
func (d Deployments) Limits(ctx context.Context) (out PackageLimits, err error) {
	err = d.client.call(ctx, http.MethodGet, d.path+"/limits", nil, &out)
	if errors.Is(err, NotFound) || errors.Is(err, Malformed) { // 404, 405
		return PackageLimits{}, nil
	}
	return out, err
}

// NotBuilt is the status of an installation whose build has failed: nothing has changed.
const NotBuilt = "not_built"

// InstallAnswer ends an installation that went well, or a build that did not.
type InstallAnswer struct {
	ApplicationID string    `json:"applicationId"`
	Status        string    `json:"status"` // running, installed_not_started, not_built
	Message       string    `json:"message"`
	InstalledAt   time.Time `json:"installedAt"`
	Hints         []Hint    `json:"hints,omitempty"`
	Widened       []string  `json:"widened,omitempty"`  // what the release may do that the one before could not
	Withheld      []string  `json:"withheld,omitempty"` // variables that it does not get, each with why and what to do
}

// Install runs what was uploaded, and returns when it is healthy or has failed.
func (d Deployments) Install(ctx context.Context, id string) (out InstallAnswer, err error) {
	err = d.client.call(ctx, http.MethodPost, d.of(id, "install"), nil, &out)
	return out, err
}

// DebugStatus is the state of an application in the words of this API.
type DebugStatus struct {
	ApplicationID string        `json:"applicationId"`
	Status        string        `json:"status"`
	ProcessID     int           `json:"processId"`
	Port          int           `json:"port"`
	HealthCheck   string        `json:"healthCheck"`
	Error         string        `json:"error"` // what is wrong; below it the last lines of the run that failed
	Hints         []Hint        `json:"hints,omitempty"`
	LastUpdated   time.Time     `json:"lastUpdated"`
	Metadata      DebugMetadata `json:"metadata"`
}

// DebugMetadata is the rest of DebugStatus.
type DebugMetadata struct {
	AppID            string     `json:"appId"`
	DisplayName      string     `json:"displayName"`
	HostName         string     `json:"hostName"`
	StaticServiceURL string     `json:"staticServiceUrl"`
	Unit             string     `json:"unit"`
	Release          string     `json:"release"`
	Restarts         int        `json:"restarts"`
	ExpiresAt        *time.Time `json:"expiresAt"`
	Since            *time.Time `json:"since,omitempty"` // of Status

	HealthDetail *DebugHealth `json:"healthDetail,omitempty"`
	Memory       uint64       `json:"memory,omitempty"`
	CPUNSec      uint64       `json:"cpuNsec,omitempty"`
	Exposure     *float64     `json:"exposure,omitempty"`
	Access       string       `json:"access,omitempty"` // areas, open, private
}

// DebugHealth is Health as this API spells names.
type DebugHealth struct {
	Status         string        `json:"status"`
	Type           string        `json:"type,omitempty"`
	Path           string        `json:"path,omitempty"`
	Found          bool          `json:"found,omitempty"`
	LastStatusCode int           `json:"lastStatusCode,omitempty"`
	Latency        time.Duration `json:"latencyNsec,omitempty"`
	Body           string        `json:"body,omitempty"`
	Error          string        `json:"error,omitempty"`
	CheckedAt      *time.Time    `json:"checkedAt,omitempty"`
}

// Status is the state of an application.
func (d Deployments) Status(ctx context.Context, id string) (out DebugStatus, err error) {
	err = d.client.call(ctx, http.MethodGet, d.of(id, "status"), nil, &out)
	return out, err
}

// Stop stops an application.
func (d Deployments) Stop(ctx context.Context, id string) (out DebugStatus, err error) {
	err = d.client.call(ctx, http.MethodPost, d.of(id, "stop"), nil, &out)
	return out, err
}

// Delete removes an application and everything that belongs to it.
func (d Deployments) Delete(ctx context.Context, id string) error {
	return d.client.call(ctx, http.MethodDelete, d.of(id, ""), nil, nil)
}

// DeleteWithData deletes the database, too.
func (d Deployments) DeleteWithData(ctx context.Context, id string) error {
	return d.client.call(ctx, http.MethodDelete, d.of(id, "")+"?data=true", nil, nil)
}

func (d Deployments) of(id, rest string) string {
	p := d.path + "/" + url.PathEscape(id)
	if rest != "" {
		p += "/" + rest
	}
	return p
}
