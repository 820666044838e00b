package proxyctl

// Table is the whole routing state, immutable once applied and replaced as one. The
// agent puts it; the proxy acknowledges when it is in force and on disk.
type Table struct {
	Format         int      `json:"format"` // 1
	Generation     uint64   `json:"generation"`
	Domain         string   `json:"domain"`
	APIHosts       []string `json:"api_hosts"`              // /debug/application on these goes to AgentSocket
	ControlHost    string   `json:"control_host,omitempty"` // the API host whose /v1 goes there, too
	AgentSocket    string   `json:"agent_socket"`           // unix socket of the agent, for who comes through the proxy
	LoginInstance  string   `json:"login_instance"`
	AdminInstance  string   `json:"admin_instance"`
	InternalSecret string   `json:"internal_secret,omitempty"` // never written to /var
	Certify        []string `json:"certify,omitempty"`         // names to have a certificate by ACME, besides those of routes
	Routes         []Route  `json:"routes"`
}

// States of a Route.
const (
	StateReady    = "ready"    // requests go to the target
	StateStarting = "starting" // requests are held
	StateDown     = "down"     // 503
)

// Access to a Route's instance.
const (
	AccessAreas = "areas" // as the area of the path says; also where nothing is said
	AccessOpen  = "open"  // everybody, every path

	AccessPrivate = "private" // every path, whoever has signed in and has one of Roles
)

// Route leads from host names to one instance.
type Route struct {
	Instance      string   `json:"instance"`
	Name          string   `json:"name"`              // for logs and metrics
	Kind          string   `json:"kind"`              // static, deployed, dynamic, debug
	Hosts         []string `json:"hosts"`             // names that are the instance's with every path
	Sites         []Site   `json:"sites,omitempty"`   // what else is: a proxy from before they were does without
	State         string   `json:"state"`             // ready, starting (held), down (503)
	Target        *Target  `json:"target,omitempty"`  // nil: static files only
	Targets       []Target `json:"targets,omitempty"` // of several; Target is the first, for a proxy from before
	Sticky        bool     `json:"sticky,omitempty"`  // a browser stays with one of Targets
	StaticDir     string   `json:"static_dir,omitempty"`
	SPAFallback   bool     `json:"spa_fallback,omitempty"`
	HideDots      bool     `json:"hide_dots,omitempty"`      // StaticDir may hold more than is to be served
	DevServer     string   `json:"dev_server,omitempty"`     // 127.0.0.1:5173
	StaticService string   `json:"static_service,omitempty"` // URL of a debug application's developer server
	PublicService bool     `json:"public_service,omitempty"` // StaticService may be at a public address alone
	ProxyAll      bool     `json:"proxy_all,omitempty"`
	Access        string   `json:"access,omitempty"`    // areas (default), open, private
	Roles         []string `json:"roles,omitempty"`     // of Access private; none: any person
	ErrorDir      string   `json:"error_dir,omitempty"` // 502.html, 503.html ... of the application
	IdleSec       float64  `json:"idle_sec,omitempty"`
	ACME          bool     `json:"acme,omitempty"`
}

// Site is a host of an instance that is more than a plain name.
type Site struct {
	Name       string `json:"name"`                  // "*." at its beginning stands for any one label
	Prefix     string `json:"prefix,omitempty"`      // "/docs": only what lies below that path; empty: everything
	Strip      bool   `json:"strip,omitempty"`       // the instance does not see Prefix
	RedirectTo string `json:"redirect_to,omitempty"` // host and prefix, without https://
}

// Target is one unit's address. ID is the unit's name, so that requests in flight
// are counted per revision.
type Target struct {
	ID      string `json:"id"`
	Network string `json:"network"` // tcp, unix
	Address string `json:"address"`
	Public  bool   `json:"public,omitempty"` // refused where Address leads to an address that is not public
}

// LeadTo has the requests go to these targets, the first of which an older proxy asks alone.
func (r *Route) LeadTo(targets ...Target) {
	r.Target, r.Targets = nil, nil
	if len(targets) > 0 {
		r.Target = &targets[0]
	}
	if len(targets) > 1 {
		r.Targets = targets
	}
}

// AllTargets are those that requests may go to.
func (r *Route) AllTargets() []Target {
	if len(r.Targets) == 0 && r.Target != nil {
		return []Target{*r.Target}
	}
	return r.Targets
}
