package caller

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/api"
)

// Scope is what a route is about.
type Scope uint8

// Scopes.
const (
	Own  Scope = iota // the caller himself, or nothing in particular
	Some              // what the answer lists, which leaves out what is not granted
	One               // the application that the path or the body names
	Host              // the host, or all applications at once
)

// Right is what a route needs.
type Right struct {
	Least   api.Role
	Scope   Scope
	Socket  bool // reads secrets or gives a shell, so it works on the host alone
	Deploys bool // is part of deploying one application, so that a deployer may, too
	Tagged  bool // what is changed has an ETag, so that If-Match is heeded
	Piece   bool // of an upload, which changes nothing until it is installed
}

// Prefixes of the API by which applications are deployed, one for each kind.
const (
	debugPrefix    = "/debug/application"
	deployedPrefix = "/v1/deployed"
)

// rights says for each route who may use it. Routes that are not here answer nobody; CONTRIBUTING.md
// walks through what else a route needs.
var rights = map[string]Right{
	"GET /v1/openapi.json":               {Least: api.Viewer},
	"GET /v1/me":                         {Least: api.Viewer, Deploys: true},
	"GET /v1/apps":                       {Least: api.Viewer, Scope: Some},
	"GET /v1/apps/:app":                  {Least: api.Viewer, Scope: One},
	"GET /v1/apps/:app/logs":             {Least: api.Viewer, Scope: One},
	"GET /v1/apps/:app/releases":         {Least: api.Viewer, Scope: One},
	"POST /v1/apps/:app/start":           {Least: api.Developer, Scope: One},
	"POST /v1/apps/:app/stop":            {Least: api.Developer, Scope: One},
	"POST /v1/apps/:app/restart":         {Least: api.Developer, Scope: One},
	"POST /v1/apps/:app/rollback":        {Least: api.Developer, Scope: One},
	"POST /v1/apps/:app/keep":            {Least: api.Operator, Scope: One},
	"POST /v1/apps/:app/adopt-data":      {Least: api.Operator, Scope: One},
	"GET /v1/apps/:app/settings":         {Least: api.Developer, Scope: One},
	"PATCH /v1/apps/:app/settings":       {Least: api.Developer, Scope: One, Tagged: true}, // limits, access and scale: an operator
	"GET /v1/apps/:app/hosts":            {Least: api.Viewer, Scope: One},
	"POST /v1/apps/:app/hosts":           {Least: api.Developer, Scope: One, Tagged: true}, // which names, internal/hostname decides
	"DELETE /v1/apps/:app/hosts/:host":   {Least: api.Developer, Scope: One, Tagged: true},
	"GET /v1/apps/:app/jobs":             {Least: api.Viewer, Scope: One},
	"POST /v1/apps/:app/jobs/:job/run":   {Least: api.Developer, Scope: One},
	"GET /v1/apps/:app/explain":          {Least: api.Operator, Scope: One, Socket: true},
	"POST /v1/apps/:app/exec":            {Least: api.Owner, Scope: One, Socket: true},
	"GET /v1/apps/:app/secrets":          {Least: api.Owner, Scope: One, Socket: true},
	"PUT /v1/apps/:app/secrets":          {Least: api.Owner, Scope: One, Socket: true},
	"POST /v1/apps/:app/secrets":         {Least: api.Owner, Scope: One, Socket: true},
	"DELETE /v1/apps/:app/secrets/:name": {Least: api.Owner, Scope: One, Socket: true},
	"GET /v1/audit":                      {Least: api.Viewer, Scope: Some},
	"GET /v1/events":                     {Least: api.Viewer, Scope: Some},
	"GET /v1/operations/:id":             {Least: api.Viewer, Deploys: true}, // one's own
	"GET /v1/apps/:app/figures":          {Least: api.Viewer, Scope: One},
	"GET /v1/figures":                    {Least: api.Viewer, Scope: Host},
	"GET /v1/plan":                       {Least: api.Viewer, Scope: Some},
	"GET /v1/routes":                     {Least: api.Viewer, Scope: Some},
	"GET /v1/logs":                       {Least: api.Viewer, Scope: Host},
	"GET /v1/certs":                      {Least: api.Viewer, Scope: Host},
	"GET /v1/system":                     {Least: api.Viewer, Scope: Host},
	"GET /v1/waiting":                    {Least: api.Operator, Scope: Host},
	"GET /v1/tokens":                     {Least: api.Operator, Scope: Host},
	"POST /v1/tokens":                    {Least: api.Operator, Scope: Host, Tagged: true},
	"DELETE /v1/tokens/:id":              {Least: api.Operator, Scope: Host, Tagged: true},
	"POST /v1/stop-all":                  {Least: api.Operator, Scope: Host},
	"GET /debug/openapi.json":            {Least: api.Viewer},
	"GET /git/:app/info/refs":            {Least: api.Developer, Scope: One, Deploys: true}, // how a push begins
	"POST /git/:app/git-receive-pack":    {Least: api.Developer, Scope: One, Deploys: true},
}

// deploying says the same for each route behind a prefix.
var deploying = map[string]Right{
	"GET ":                   {Least: api.Viewer, Scope: Some},
	"POST ":                  {Least: api.Developer, Scope: One, Deploys: true}, // that the body names
	"GET /limits":            {Least: api.Viewer, Deploys: true},
	"DELETE /:id":            {Least: api.Developer, Scope: One},
	"POST /:id/upload":       {Least: api.Developer, Scope: One, Deploys: true, Piece: true},
	"GET /:id/upload/status": {Least: api.Developer, Scope: One, Deploys: true},
	"POST /:id/install":      {Least: api.Developer, Scope: One, Deploys: true},
	"GET /:id/status":        {Least: api.Viewer, Scope: One, Deploys: true},
	"POST /:id/stop":         {Least: api.Developer, Scope: One},
	"GET /:id/logs":          {Least: api.Viewer, Scope: One, Deploys: true}, // of builds: debug/logs.go
	"OPTIONS /:id/package":   {Least: api.Developer, Scope: One, Deploys: true},
	"HEAD /:id/package":      {Least: api.Developer, Scope: One, Deploys: true},
	"POST /:id/package":      {Least: api.Developer, Scope: One, Deploys: true},
	"PUT /:id/package":       {Least: api.Developer, Scope: One, Deploys: true},
	"PATCH /:id/package":     {Least: api.Developer, Scope: One, Deploys: true, Piece: true},
	"DELETE /:id/package":    {Least: api.Developer, Scope: One, Deploys: true},
}

// Routes are all that have a row, as "METHOD /path", in order.
func Routes() []string {
	list := slices.Collect(maps.Keys(rights))
	for route := range deploying {
		method, rest, _ := strings.Cut(route, " ")
		list = append(list, method+" "+debugPrefix+rest, method+" "+deployedPrefix+rest)
	}
	slices.Sort(list)
	return list
}

// RightTo is the row of a route, named as the router names it.
func RightTo(method, path string) (r Right, ok bool) {
	for _, prefix := range []string{debugPrefix, deployedPrefix} {
		if rest, below := strings.CutPrefix(path, prefix); below {
			r, ok = deploying[method+" "+rest]
			r.Deploys = r.Deploys && prefix == deployedPrefix
			return r, ok
		}
	}
	r, ok = rights[method+" "+path]
	return r, ok
}

// May refuses what the caller's role or door does not allow on a route. Whether the
// application is one of his is the question of [Caller.Covers].
func (c Caller) May(method, path string) (Right, error) {
	r, ok := RightTo(method, path)
	switch {
	case !c.Known():
		return r, fmt.Errorf("unknown caller: %w", api.Forbidden)
	case !ok:
		return r, fmt.Errorf("%s %s: %w", method, path, api.NotFound)
	case c.Role == "" && strings.HasPrefix(path, "/debug/"):
		return Right{Scope: Own}, nil
	case c.Role == "":
		return r, fmt.Errorf("%s has no role, so it opens the API of debug applications alone; "+
			"nexushub token create --role makes one that has: %w", c.who(), api.Forbidden)
	case c.Role == api.Deployer && !r.Deploys:
		return r, fmt.Errorf("%s has the role %s, which deploys %s and does nothing else: %w", c.who(), c.Role,
			strings.Join(c.Applications, ", "), api.Forbidden)
	case c.Role == api.Deployer:
		return r, nil
	case r.Socket && !c.OnSocket:
		return r, fmt.Errorf("this reads secrets or gives a shell, so it works on the host alone, over its control "+
			"socket, or with nexushub --host ssh://root@HOST: %w", api.Forbidden)
	case !c.Role.Includes(r.Least):
		return r, fmt.Errorf("this needs the role %s, and %s has the role %s: %w", r.Least, c.who(), c.Role, api.Forbidden)
	case r.Scope == Host && !c.CoversAll():
		return r, fmt.Errorf("this is about the whole host, and %s is for %s: %w", c.who(),
			strings.Join(c.Applications, ", "), api.Forbidden)
	}
	return r, nil
}
