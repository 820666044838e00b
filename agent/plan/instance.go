package plan

import (
	"time"

	"github.com/nexushub/nexushub/agent/audience"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/hostname"
	"github.com/nexushub/nexushub/internal/manifest"
)

// A kind says which provider wants an instance.
const (
	KindStatic   = "static"
	KindDeployed = "deployed"
	KindDynamic  = "dynamic"
	KindDebug    = "debug"
)

// Kinds are all of them.
var Kinds = []string{KindStatic, KindDeployed, KindDynamic, KindDebug}

// Instance is one hosted application as its provider wants it.
type Instance struct {
	ID            string             `json:"id"` // UUID for life
	Kind          string             `json:"kind"`
	UnitKind      string             `json:"unit_kind,omitempty"` // that its units name, where it changed as it ran
	HostName      string             `json:"host_name"`           // canonical, see internal/hostname; HOST says it
	Hosts         []hostname.Host    `json:"hosts,omitempty"`     // all, HostName first; empty: HostName alone
	Owner         string             `json:"owner,omitempty"`     // whom it belongs to; empty: the operator
	AppID         string             `json:"app_id"`
	DisplayName   string             `json:"display_name"`
	DBName        string             `json:"db_name,omitempty"`
	Package       string             `json:"package,omitempty"`        // folder or zip; empty: none
	Release       string             `json:"release,omitempty"`        // hash in the release store, instead of Package
	StaticPath    string             `json:"static_path,omitempty"`    // instead of the package's static/
	StaticService string             `json:"static_service,omitempty"` // URL of a developer's own server
	PublicService bool               `json:"public_service,omitempty"` // which may be at a public address alone
	DebugPort     int                `json:"debug_port,omitempty"`     // development server on 127.0.0.1
	ACME          bool               `json:"acme,omitempty"`
	InstalledBy   audience.Installer `json:"installed_by,omitempty"` // who installed Release
	AsItRuns      bool               `json:"as_it_runs,omitempty"`   // known from PID 1 alone: not to be changed
	ExpiresAt     time.Time          `json:"expires_at,omitzero"`
	Manifest      manifest.Manifest  `json:"manifest,omitzero"` // the operator's, over the package's
	Problem       string             `json:"-"`                 // why nothing more is known of it: what runs is left alone
	Taken         map[string]string  `json:"-"`                 // of Hosts: those that it does not get, and why
}

// FromConfig is an application of apps.d.
func FromConfig(a config.App) Instance {
	return Instance{
		ID: a.InstanceID, Kind: KindStatic, HostName: a.HostName, Hosts: a.Hosts,
		AppID: a.AppID, DisplayName: a.Name, DBName: a.DBName,
		Package: a.Package, StaticPath: a.StaticPath,
		DebugPort: a.DebugPort, ACME: a.ACME, Manifest: a.Manifest, Problem: a.Problem,
	}
}

// Empty says that there is nothing to run or to serve yet.
func (i *Instance) Empty() bool {
	return i.Package == "" && i.Release == "" && i.StaticPath == "" && i.StaticService == "" && i.DebugPort == 0
}
