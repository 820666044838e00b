package detect

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/manifest"
)

const packageFile = "package.json"

// packageJSON is what is used of a package.json.
type packageJSON struct {
	Main            string            `json:"main"`
	Scripts         map[string]string `json:"scripts"`
	Dependencies    map[string]any    `json:"dependencies"`
	DevDependencies map[string]any    `json:"devDependencies"`
}

func (f *folder) packageJSON() (p packageJSON, ok bool) {
	if !f.isFile(packageFile) {
		return p, false
	}
	if notJSON(f.read(packageFile)) != "" {
		return p, false
	}
	_ = json.Unmarshal([]byte(f.read(packageFile)), &p) // what is of another type is as if it were not there
	return p, true
}

// notJSON says why a package.json is none; empty: it is one.
func notJSON(text string) string {
	var syntax *json.SyntaxError
	if err := json.Unmarshal([]byte(text), new(any)); errors.As(err, &syntax) {
		line := 1 + strings.Count(text[:min(int(syntax.Offset), len(text))], "\n")
		return fmt.Sprintf("%s is not valid JSON, in line %d: %v", packageFile, line, syntax)
	}
	return ""
}

func (p packageJSON) needs(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		return p.Dependencies[n] != nil || p.DevDependencies[n] != nil
	})
}

// framework is known by what its build leaves behind and by what starts that.
type framework struct {
	name, dep string
	made      []string // one of these is there after a build
	exec      []string // MADE stands for what was found
	carries   bool     // what is made needs no node_modules
	memory    manifest.Bytes
	env       map[string]string
}

const nextJS = "Next.js"

// HOST is 127.0.0.1 in an open application; the frameworks below read PORT, too.
var frameworks = []framework{
	{name: nextJS, dep: "next", made: []string{".next/standalone/server.js"},
		exec: []string{"node", "MADE"}, carries: true, memory: 1 << 30,
		env: map[string]string{"HOSTNAME": "127.0.0.1", "NEXT_TELEMETRY_DISABLED": "1"}},
	{name: nextJS, dep: "next", made: []string{".next/BUILD_ID"},
		exec:   []string{"node", "node_modules/next/dist/bin/next", "start", "--hostname", "127.0.0.1"},
		memory: 1 << 30, env: map[string]string{"NEXT_TELEMETRY_DISABLED": "1"}},
	{name: "Nuxt", dep: "nuxt", made: []string{".output/server/index.mjs"}, exec: []string{"node", "MADE"}, carries: true},
	{name: "SvelteKit", dep: "@sveltejs/adapter-node", made: []string{"build/index.js"}, exec: []string{"node", "MADE"}},
	{name: "Astro", dep: "@astrojs/node", made: []string{"dist/server/entry.mjs"}, exec: []string{"node", "MADE"}},
	{name: "Remix", dep: "@remix-run/serve", made: []string{"build/server/index.js", "build/index.js"},
		exec: []string{"node", "node_modules/@remix-run/serve/dist/cli.js", "MADE"}},
	{name: "React Router", dep: "@react-router/serve", made: []string{"build/server/index.js"},
		exec: []string{"node", "node_modules/@react-router/serve/bin.js", "MADE"}},
	{name: "NestJS", dep: "@nestjs/core", made: []string{"dist/main.js", "dist/src/main.js"}, exec: []string{"node", "MADE"}},
}

// servers are libraries of programs that listen.
var servers = []string{"express", "fastify", "koa", "hono", "@hono/node-server", "@hapi/hapi", "restify", "polka", "h3",
	"@feathersjs/feathers", "socket.io", "ws", "apollo-server", "@apollo/server", "micro", "sails"}

// onlyForDevelopers are commands that build while they serve.
var onlyForDevelopers = []string{"vite", "react-scripts", "ng", "vue-cli-service", "webpack", "webpack-dev-server",
	"parcel", "gatsby", "astro", "nuxt", "nuxi", "svelte-kit", "next", "eleventy", "remix", "react-router", "nest", "snowpack", "rsbuild"}

func byNode(f *folder) (Result, bool) {
	p, ok := f.packageJSON()
	if !ok {
		if f.isFile(packageFile) {
			return missing("Node.js", packageFile, "there is a "+packageFile, notJSON(f.read(packageFile)))
		}
		if name := f.first("server.js", "server.mjs"); name != "" {
			return application("Node.js", name, "there is "+name, "node", name).compiling().with(production, "production"), true
		}
		return Result{}, false
	}
	r, ok := p.start(f)
	if !ok || r.Missing != "" {
		return r, ok
	}
	return r.compiling().with(production, "production"), true
}

// production tells libraries that they do not run for a developer.
const production = "NODE_ENV"

// start finds what starts the application: a plain start script, its framework, another start
// script, the file that is usually started.
func (p packageJSON) start(f *folder) (Result, bool) {
	script, text := p.startScript()
	env, words, plainly := simple(text)
	if plainly && words[0] == "node" {
		return p.plain(f, npm(script)+" is "+shown(text), env, words)
	}
	if r, ok := p.framework(f); ok {
		return r, true
	}
	if text != "" && !(plainly && slices.Contains(onlyForDevelopers, words[0])) {
		return p.script(f, script, text, env, words)
	}
	name := f.first("server.js", "server.mjs")
	if name == "" && p.needs(servers...) {
		name = f.first(path.Clean(p.Main), "app.js", "index.js", "main.js", "src/index.js", "src/server.js",
			"src/app.js", "app.mjs", "index.mjs")
	}
	if name == "" || !plain(name) {
		return Result{}, false
	}
	return p.plain(f, "there is "+name, nil, []string{"node", name})
}

// byMain is a package.json that names what it is started by, as "node ." starts it. Libraries name
// theirs, too, so nothing else is known of the folder.
func byMain(f *folder) (Result, bool) {
	p, ok := f.packageJSON()
	if !ok || p.Main == "" {
		return Result{}, false
	}
	name := path.Clean(p.Main)
	if name = f.first(name, name+".js", name+"/index.js"); name == "" || !plain(name) {
		return Result{}, false
	}
	r, _ := p.plain(f, packageFile+" has main "+name, nil, []string{"node", name})
	if r.Missing != "" {
		return r, true
	}
	return r.compiling().with(production, "production"), true
}

func (p packageJSON) startScript() (name, text string) {
	for _, name := range []string{"start:prod", "start:production", "start"} {
		if text := strings.TrimSpace(p.Scripts[name]); text != "" {
			return name, text
		}
	}
	return "", ""
}

// npm is the command that runs a script.
func npm(script string) string {
	if script == "start" {
		return "npm start"
	}
	return "npm run " + script
}

// plain is node with a file: npm is not needed for it, and would stand between it and the signal to
// stop.
func (p packageJSON) plain(f *folder, why string, env map[string]string, words []string) (Result, bool) {
	if r, ok := p.modulesMissing(f, "Node.js"); ok {
		return r, true
	}
	if len(words) > 1 && !strings.HasPrefix(words[1], "-") {
		if file := path.Clean(words[1]); !f.has(file) && f.first(file+".js", file+"/index.js") == "" {
			return missing("Node.js", packageFile, why, p.build(f, file))
		}
	}
	return application("Node.js", packageFile, why, words...).withAll(env), true
}

// script is everything else that npm can start.
func (p packageJSON) script(f *folder, script, text string, env map[string]string, words []string) (Result, bool) {
	if r, ok := p.modulesMissing(f, "Node.js"); ok {
		return r, true
	}
	why := npm(script) + " is " + shown(text)
	if len(words) > 0 && p.Scripts["pre"+script] == "" && f.has("node_modules/.bin/"+words[0]) {
		own := append([]string{"node_modules/.bin/" + words[0]}, words[1:]...)
		return application("Node.js", packageFile, why, own...).withAll(env), true
	}
	r := application("Node.js", packageFile, why, strings.Fields(npm(script))...)
	return r.with("npm_config_cache", "/tmp/npm").with("npm_config_update_notifier", "false"), true
}

func (p packageJSON) framework(f *folder) (Result, bool) {
	var known *framework
	for i, w := range frameworks {
		if !p.needs(w.dep) {
			continue
		}
		known = &frameworks[i]
		made := f.first(w.made...)
		if made == "" {
			continue
		}
		if r, ok := p.modulesMissing(f, w.name); ok && !w.carries {
			return r, true
		}
		exec := slices.Clone(w.exec)
		if i := slices.Index(exec, "MADE"); i >= 0 {
			exec[i] = made
		}
		r := application(w.name, packageFile, "it depends on "+w.dep+", and "+made+" is there", exec...)
		r = r.withAll(w.env)
		r.Manifest.Limits.Memory = w.memory
		return r, true
	}
	if known == nil || known.name == nextJS && f.isFile("out/index.html") {
		return Result{}, false
	}
	return missing(known.name, packageFile, "it depends on "+known.dep, p.build(f, known.made[len(known.made)-1]))
}

// modulesMissing says what brings the libraries.
func (p packageJSON) modulesMissing(f *folder, name string) (Result, bool) {
	if len(p.Dependencies) == 0 || f.has("node_modules") {
		return Result{}, false
	}
	return missing(name, packageFile, "it has dependencies", "node_modules is missing: run "+f.install()+" first"+instead)
}

// build is the step that makes a file which is not there.
func (p packageJSON) build(f *folder, file string) string {
	step := file + " is missing"
	if p.Scripts["build"] == "" {
		return step + ": put it there" + instead
	}
	if len(p.Dependencies)+len(p.DevDependencies) > 0 && !f.has("node_modules") {
		return fmt.Sprintf("%s: run %s && %s first%s", step, f.install(), f.manager("run build"), instead)
	}
	return fmt.Sprintf("%s: run %s first%s", step, f.manager("run build"), instead)
}

// managers are known by their lock files.
var managers = []struct{ lock, name, install string }{
	{"bun.lock", "bun", "install"}, {"bun.lockb", "bun", "install"}, {"pnpm-lock.yaml", "pnpm", "install"},
	{"yarn.lock", "yarn", "install"}, {"package-lock.json", "npm", "ci"},
}

func (f *folder) manager(command string) string {
	for _, m := range managers {
		if f.has(m.lock) {
			return m.name + " " + command
		}
	}
	return "npm " + command
}

func (f *folder) install() string {
	for _, m := range managers {
		if f.has(m.lock) {
			return m.name + " " + m.install
		}
	}
	return "npm install"
}

// byBun is package.json with bun's lock file.
func byBun(f *folder) (Result, bool) {
	p, ok := f.packageJSON()
	if !ok || !f.has("bun.lock") && !f.has("bun.lockb") {
		return Result{}, false
	}
	script, text := p.startScript()
	_, words, plainly := simple(text)
	entry := f.first("index.ts", "server.ts", "src/index.ts", "src/server.ts", "index.tsx", "index.js", "server.js")
	switch {
	case plainly && slices.Contains(onlyForDevelopers, words[0]), text == "" && entry == "", plainly && words[0] == "node":
		return Result{}, false // npm's rows know better
	case len(p.Dependencies) > 0 && !f.has("node_modules"):
		return missing("Bun", "bun.lock", "it has dependencies", "node_modules is missing: run bun install first"+instead)
	}
	r := application("Bun", "bun.lock", "there is "+entry, "bun", entry)
	if text != "" {
		r = application("Bun", "bun.lock", "its script "+script+" is "+shown(text), "bun", "run", script)
	}
	return r.compiling().with(production, "production"), true
}

// byDeno is deno.json with a task that starts, or a file that is usually started.
func byDeno(f *folder) (Result, bool) {
	file := f.first("deno.json", "deno.jsonc")
	if file == "" {
		return Result{}, false
	}
	var d struct {
		Tasks map[string]any `json:"tasks"`
	}
	_ = json.Unmarshal([]byte(f.read(file)), &d) // with comments it has no task that is known
	entry := f.first("main.ts", "main.js", "server.ts", "server.js", "main.tsx", "mod.ts", "src/main.ts")
	text, _ := d.Tasks["start"].(string)
	r := application("Deno", file, "there is "+entry, "deno", "run", "--allow-net", "--allow-env", "--allow-read", entry)
	switch _, words, plainly := simple(text); {
	case plainly && words[0] == "deno":
		r = application("Deno", file, "its task start is "+shown(text), words...)
	case text != "":
		r = application("Deno", file, "its task start is "+shown(text), "deno", "task", "start")
	case entry == "":
		return Result{}, false
	}
	return r.compiling().with("DENO_DIR", "/tmp/deno"), true
}
