package control

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/problem"
)

var update = flag.Bool("update", false, "rewrite openapi.json")

// described says of each route what it does and what goes in and out.
var described = map[string]struct {
	summary string
	in, out any // nil: nothing
}{
	"GET /v1/openapi.json":       {"This document", nil, json.RawMessage(nil)},
	"GET /v1/me":                 {"Who asks, and what he may do", nil, api.Me{}},
	"GET /v1/apps":               {"The applications that are granted", nil, []api.App{}},
	"GET /v1/apps/:app":          {"One application", nil, api.App{}},
	"POST /v1/apps/:app/start":   {"Start it, and wait until it serves or was given up", nil, api.App{}},
	"POST /v1/apps/:app/stop":    {"Stop it until it is started again", nil, api.App{}},
	"POST /v1/apps/:app/restart": {"Replace what runs without a gap", nil, api.App{}},
	"POST /v1/apps/:app/keep":    {"Make a debug application permanent", nil, api.App{}},
	"POST /v1/apps/:app/adopt-data": {"Give it the database that a removed application of its name has left, or drop that one",
		api.AdoptDataRequest{}, api.App{}},
	"GET /v1/apps/:app/logs":             {"Its log; see the parameters of GET /v1/logs", nil, endless{}},
	"GET /v1/apps/:app/releases":         {"What it ran and could run again, newest first", nil, []api.Release{}},
	"POST /v1/apps/:app/rollback":        {"Go back to an earlier release", api.RollbackRequest{}, api.App{}},
	"GET /v1/apps/:app/settings":         {"What operators say of it by command, and what holds", nil, api.Settings{}},
	"PATCH /v1/apps/:app/settings":       {"Change that by a JSON merge patch (RFC 7396)", json.RawMessage(nil), api.Settings{}},
	"GET /v1/apps/:app/hosts":            {"Its host names, wildcards and aliases", nil, []api.AppHost{}},
	"POST /v1/apps/:app/hosts":           {"Give it one more", api.NewAppHost{}, []api.AppHost{}},
	"DELETE /v1/apps/:app/hosts/:host":   {"Take one away", nil, []api.AppHost{}},
	"GET /v1/apps/:app/jobs":             {"Its jobs: last run, result and next run of each", nil, []api.Job{}},
	"POST /v1/apps/:app/jobs/:job/run":   {"Let a job run now; the answer comes when it has begun", nil, api.JobRun{}},
	"GET /v1/apps/:app/explain":          {"The systemd-run line that would run it", nil, api.Explanation{}},
	"POST /v1/apps/:app/exec":            {"A systemd-run line that runs a command as it", api.ExecRequest{}, api.Explanation{}},
	"GET /v1/apps/:app/secrets":          {"The names of its secrets", nil, []api.Secret{}},
	"PUT /v1/apps/:app/secrets":          {"Set a secret", api.NewSecret{}, nil},
	"POST /v1/apps/:app/secrets":         {"Set several secrets, all or none", api.NewSecrets{}, nil},
	"DELETE /v1/apps/:app/secrets/:name": {"Remove a secret", nil, nil},
	"GET /v1/logs":                       {"The logs of all applications", nil, endless{}},
	"GET /v1/audit":                      {"Who changed what, also what was refused, in order", nil, []api.AuditEntry{}},
	"GET /v1/events": {"How all applications stand, and each change of that, with Last-Event-ID: those since",
		nil, changes{}},
	"GET /v1/operations/:id":    {"How a call has gone that was sent with Prefer: respond-async", nil, api.Operation{}},
	"GET /v1/figures":           {"What the host has used in the last hour", nil, api.Figures{}},
	"GET /v1/apps/:app/figures": {"What it has used in the last hour", nil, api.Figures{}},
	"GET /v1/plan":              {"What the agent would do now, and why", nil, []api.Task{}},
	"GET /v1/routes":            {"The host names that the proxy serves", nil, []api.Route{}},
	"GET /v1/certs":             {"The certificates that the proxy presents", nil, []api.Cert{}},
	"GET /v1/system":            {"The host and the agent", nil, api.System{}},
	"GET /v1/waiting":           {"Changed keys of the configuration that are not in force", nil, []api.Waiting{}},
	"GET /v1/tokens":            {"The API tokens", nil, []api.Token{}},
	"POST /v1/tokens":           {"Create a token; the answer is the only one that has it", api.NewToken{}, api.IssuedToken{}},
	"DELETE /v1/tokens/:id":     {"Revoke a token, named by id or name", nil, nil},
	"POST /v1/stop-all":         {"Stop all applications", nil, nil},
}

// endless is an answer without an end: server-sent events or lines.
type endless struct{}

// changes is such an answer, of changes of states.
type changes struct{}

type object = map[string]any

// TestOpenAPI makes the document anew. Its members are those that the wire types have, its
// operations those that are served, and the role of each is that of the rights.
func TestOpenAPI(t *testing.T) {
	schemas := object{}
	paths := object{}
	for _, route := range newServer(&stub{}, t.Output()).echo.Routes() {
		key := route.Method + " " + route.Path
		if route.Method == "echo_route_not_found" {
			continue
		}
		if _, ok := described[key]; !ok {
			t.Errorf("%s is not described: add a row to described", key)
			continue
		}
		path := parameter.ReplaceAllString(route.Path, "{$1}")
		if paths[path] == nil {
			paths[path] = object{"parameters": parameters(path)}
		}
		paths[path].(object)[strings.ToLower(route.Method)] = describe(t, key, schemas)
	}
	addDeployed(t, paths, schemas)
	got, err := json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info": object{"title": "NexusHub", "version": "1", "description": "The operators' API: on the control socket, where the " +
			"kernel names the caller, and at https://admin.DOMAIN/v1 for tokens with a role. /debug/openapi.json describes " +
			"the API of debug applications, which is served beside it."},
		"security": []any{object{"token": []any{}}},
		"paths":    paths,
		"components": object{"schemas": schemas, "securitySchemes": object{"token": object{
			"type": "http", "scheme": "bearer", "description": "API token with a role (nexushub token create --role)"}}},
	}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile("openapi.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(got, openAPIDocument) {
		t.Error("openapi.json is not that of the routes and types: go test ./control -run TestOpenAPI -update")
	}
}

var parameter = regexp.MustCompile(`:(\w+)`)

func parameters(path string) []any {
	list := []any{}
	for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
		p := object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}}
		if m[1] == "app" {
			p["description"] = "instance id, host name, name or app id"
		}
		list = append(list, p)
	}
	return list
}

func describe(t *testing.T, key string, schemas object) object {
	op := described[key]
	method, path, _ := strings.Cut(key, " ")
	right, _ := caller.RightTo(method, path)
	out := object{
		"summary": op.summary, "description": rightInWords(right), "x-role": right.Least,
		"responses": object{"default": object{"description": "A problem; 403 says what is missing", "content": object{
			problem.ContentType: object{"schema": schemaOf(t, reflect.TypeFor[problem.Problem](), schemas)}}}},
	}
	if op.in != nil {
		out["requestBody"] = object{"required": true, "content": object{
			"application/json": object{"schema": schemaOf(t, reflect.TypeOf(op.in), schemas)}}}
	}
	status, answer := "200", object{"description": "Done"}
	switch op.out.(type) {
	case nil:
		status = "204"
	case endless:
		answer["content"] = object{"text/event-stream": object{}, "application/x-ndjson": object{}, "text/plain": object{}}
		out["parameters"] = logParameters()
	case changes:
		out["parameters"] = []any{lastEventID()}
		event := schemaOf(t, reflect.TypeFor[api.StateEvent](), schemas)
		answer["content"] = object{"text/event-stream": object{"description": "event: snapshot has an array of StateEvent, " +
			"event: state and event: removed have one", "schema": event}}
	case []api.AuditEntry:
		for _, name := range []string{"app", "by", "since", "until", "lines", "after", "wait"} {
			list, _ := out["parameters"].([]any)
			out["parameters"] = append(list, inQuery(name))
		}
		answer["content"] = object{"application/json": object{"schema": schemaOf(t, reflect.TypeOf(op.out), schemas)}}
	case api.Explanation:
		if op.in == nil {
			out["parameters"] = []any{inQuery("process")}
		}
		answer["content"] = object{"application/json": object{"schema": schemaOf(t, reflect.TypeOf(op.out), schemas)}}
	default:
		answer["content"] = object{"application/json": object{"schema": schemaOf(t, reflect.TypeOf(op.out), schemas)}}
	}
	if _, issued := op.out.(api.IssuedToken); issued {
		status = "201"
	}
	out["responses"].(object)[status] = answer
	describeHeaders(t, method, right, out, schemas)
	return out
}

// describeHeaders are those that are heeded whatever the call is.
func describeHeaders(t *testing.T, method string, right caller.Right, out, schemas object) {
	list, _ := out["parameters"].([]any)
	add := func(name, text string) {
		list = append(list, object{"name": name, "in": "header", "description": text, "schema": object{"type": "string"}})
	}
	if right.Tagged {
		add("If-Match", "The ETag of what was read: 412 if it was changed since")
	}
	if method == "POST" {
		add("Idempotency-Key", "The same caller and request within an hour get the same answer, without doing it again; "+
			"another request with the same key gets 422, the same while the first goes on 409")
	}
	if method != "GET" {
		add("Prefer", "respond-async: 202 at once, and Location says where the result will be")
		out["responses"].(object)["202"] = object{"description": "With Prefer: respond-async", "content": object{
			"application/json": object{"schema": schemaOf(t, reflect.TypeFor[api.Operation](), schemas)}}}
	}
	if len(list) > 0 {
		out["parameters"] = list
	}
}

func logParameters() (list []any) {
	for _, name := range []string{"lines", "follow", "since", "until", "priority", "grep", "process", "build", "format"} {
		list = append(list, inQuery(name))
	}
	return append(list, lastEventID())
}

func lastEventID() object {
	return object{"name": "Last-Event-ID", "in": "header", "schema": object{"type": "string"}}
}

func inQuery(name string) object {
	return object{"name": name, "in": "query", "schema": object{"type": "string"}}
}

func rightInWords(r caller.Right) string {
	about := map[caller.Scope]string{caller.Own: "", caller.Some: "; lists what is granted",
		caller.One: "; the application must be granted", caller.Host: "; all applications must be granted"}
	text := fmt.Sprintf("Needs the role %s%s.", r.Least, about[r.Scope])
	if r.Socket {
		text += " Works on the control socket alone."
	}
	return text
}

// schemaOf is the JSON Schema of what encoding/json makes of a type.
func schemaOf(t *testing.T, v reflect.Type, schemas object) object {
	switch v {
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[json.RawMessage]():
		return object{"type": "object"}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return schemaOf(t, v.Elem(), schemas)
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return object{"type": "integer"}
	case reflect.Slice:
		if v.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}
		}
		return object{"type": "array", "items": schemaOf(t, v.Elem(), schemas)}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": schemaOf(t, v.Elem(), schemas)}
	case reflect.Struct:
		if _, known := schemas[v.Name()]; !known {
			schemas[v.Name()] = object{} // ends a circle
			properties, required := object{}, []any{}
			members(t, v, schemas, properties, &required)
			schemas[v.Name()] = object{"type": "object", "properties": properties, "required": required}
		}
		return object{"$ref": "#/components/schemas/" + v.Name()}
	}
	t.Fatalf("%s has no schema", v)
	return nil
}

func members(t *testing.T, v reflect.Type, schemas, properties object, required *[]any) {
	for f := range v.Fields() {
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			members(t, f.Type, schemas, properties, required)
		case name != "-":
			properties[name] = schemaOf(t, f.Type, schemas)
			if option == "" {
				*required = append(*required, name)
			}
		}
	}
}

// addDeployed takes over what /debug/openapi.json says: both kinds have the same API.
func addDeployed(t *testing.T, paths, schemas object) {
	raw, err := os.ReadFile("../debug/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(raw), "#/components/schemas/", "#/components/schemas/Deployed")
	var doc struct {
		Paths      map[string]object
		Components struct{ Schemas object }
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	for name, schema := range doc.Components.Schemas {
		schemas["Deployed"+name] = schema
	}
	for path, item := range doc.Paths {
		rest, ok := strings.CutPrefix(path, "/debug/application")
		if !ok {
			continue
		}
		for method, op := range item {
			if op, ok := op.(object); ok {
				right, _ := caller.RightTo(strings.ToUpper(method), "/v1/deployed"+strings.ReplaceAll(rest, "{id}", ":id"))
				op["x-role"], op["description"] = right.Least, rightInWords(right)
				delete(op, "operationId")
			}
		}
		paths["/v1/deployed"+rest] = item
	}
	create := paths["/v1/deployed"].(object)["post"].(object)
	create["summary"] = "Create an application, or find the one with the same appId and give it what is said"
	answers := create["responses"].(object)
	found := object{"description": "Found", "content": answers["201"].(object)["content"]}
	answers["200"] = found
}
