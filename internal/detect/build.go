package detect

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/manifest"
)

// Build is how a package that is source is made into one that runs.
type Build struct {
	manifest.Build
	Tools []string `json:"tools,omitempty"` // programs, or patterns of files, that the host must have
}

// ensurePip is what python3 -m venv needs. Debian has it in a package of its own.
const ensurePip = "/usr/lib/python3*/ensurepip/__init__.py"

// BuildOf is how a package with this manifest is built, which was recognised as r. It is not ok where
// nothing is to be built.
func BuildOf(own manifest.Manifest, r Result) (b Build, ok bool) {
	switch {
	case own.Build.IsOff():
		return b, false
	case own.Build.Command == "" && r.Build == nil:
		return b, false
	case r.Build != nil && (own.Build.Command == "" || own.Build.Command == r.Build.Command):
		b = *r.Build
	}
	b.Build = own.Build.Over(b.Build)
	b.Enabled = nil
	b.Output = cmp.Or(b.Output, ".")
	return b, true
}

// step is what one kind of source needs, and with which tools.
type step struct {
	command string
	tools   []string
}

// toBuild adds the recipe to what lacks a step. A Procfile may start what needs libraries of
// several kinds: without them, it is not ready.
func (f *folder) toBuild(r Result) Result {
	if f.asIs || r.Missing == "" && r.File != procfile {
		return r
	}
	r.Build = f.recipe(r)
	if r.Build != nil && r.Missing == "" {
		r.Missing = "its libraries are missing: run " + r.Build.Command + " first" + instead
		r.Manifest = manifest.Manifest{}
	}
	return r
}

// recipe is for a folder that lacks what a build makes: of the kind that it was
// recognised as, or of every kind that a Procfile may start.
func (f *folder) recipe(r Result) *Build {
	if r.File == procfile && r.Missing != "" { // it has faults
		return nil
	}
	var steps []step
	for _, s := range []struct {
		is   bool
		step func(Result) step
	}{
		{r.File == packageFile || r.File == "bun.lock" || r.File == procfile, f.nodeStep},
		{strings.HasPrefix(r.Name, "Python") || r.File == procfile, f.pythonStep},
		{strings.HasPrefix(r.Name, "Ruby") || r.File == procfile, f.rubyStep},
		{strings.HasPrefix(r.Name, "PHP") || r.File == "composer.json" || r.File == procfile, f.phpStep},
		{strings.HasPrefix(r.Name, "Java"), f.javaStep},
		{r.File == "go.mod", f.goStep},
		{r.File == "Cargo.toml", f.rustStep},
	} {
		if !s.is {
			continue
		}
		if made := s.step(r); made.command != "" {
			steps = append(steps, made)
		}
	}
	if len(steps) == 0 {
		return nil
	}
	b := &Build{}
	for i, s := range steps {
		if i > 0 {
			b.Command += " && "
		}
		b.Command += s.command
		for _, tool := range s.tools {
			if !slices.Contains(b.Tools, tool) {
				b.Tools = append(b.Tools, tool)
			}
		}
	}
	return b
}

// nodeTools install what a lock file pins, run a script, and throw away what only a build needs.
var nodeTools = map[string]struct{ install, only, run, prune string }{
	"npm": {"npm ci --no-audit --no-fund", "npm ci --omit=dev --no-audit --no-fund", "npm run build",
		"npm prune --omit=dev --no-audit --no-fund"},
	"pnpm": {"pnpm install --frozen-lockfile", "pnpm install --frozen-lockfile --prod", "pnpm run build", "pnpm prune --prod"},
	"yarn": {"yarn install --frozen-lockfile", "yarn install --frozen-lockfile --production", "yarn run build", ""},
	"bun":  {"bun install --frozen-lockfile", "bun install --frozen-lockfile --production", "bun run build", ""},
}

func (f *folder) nodeStep(r Result) step {
	p, ok := f.packageJSON()
	if !ok {
		return step{}
	}
	manager := ""
	for _, m := range managers {
		if manager == "" && f.isFile(m.lock) {
			manager = m.name
		}
	}
	wants := len(p.Dependencies)+len(p.DevDependencies) > 0 && !f.has("node_modules")
	builds := p.Scripts["build"] != "" && (r.File != procfile || wants)
	if manager == "" && wants || !wants && !builds { // without a lock file it would be another one each time
		return step{}
	}
	tool := nodeTools[cmp.Or(manager, "npm")]
	var commands []string
	switch {
	case wants && builds:
		commands = []string{tool.install, tool.run, tool.prune}
	case wants:
		commands = []string{tool.only}
	default:
		commands = []string{tool.run}
	}
	switch {
	case wants && r.Name == "site of files":
		commands[len(commands)-1] = "rm -rf node_modules"
	case builds && r.Name == nextJS:
		commands = f.nextSteps(commands, tool.prune)
	}
	commands = slices.DeleteFunc(commands, func(s string) bool { return s == "" })
	return step{strings.Join(commands, " && "), slices.Compact([]string{"node", cmp.Or(manager, "npm")})}
}

// nextSteps also complete what output: "standalone" makes, which lacks the files that browsers ask for, and throw away
// what only the next build would use: it is larger than the application.
func (f *folder) nextSteps(commands []string, prune string) []string {
	config := f.read(f.first("next.config.js", "next.config.mjs", "next.config.ts"))
	if !standalone.MatchString(config) {
		return append(commands, "rm -rf .next/cache/webpack")
	}
	commands = slices.DeleteFunc(commands, func(s string) bool { return s == prune })
	commands = append(commands, "cp -r .next/static .next/standalone/.next/")
	if f.isDir("public") {
		commands = append(commands, "cp -r public .next/standalone/")
	}
	return append(commands, "rm -rf node_modules .next/cache")
}

var standalone = regexp.MustCompile(`output:\s*['"` + "`" + `]standalone['"` + "`" + `]`)

func (f *folder) pythonStep(Result) step {
	p := newPython(f)
	if p.venv != "" {
		return step{}
	}
	const venv = "/usr/bin/python3 -m venv venv && venv/bin/pip install --no-input "
	switch {
	case f.isFile("uv.lock"):
		return step{"uv sync --frozen --no-dev --no-editable --python /usr/bin/python3", []string{"python3", "uv"}}
	case f.isFile("poetry.lock"):
		return step{"POETRY_VIRTUALENVS_IN_PROJECT=1 poetry install --only main --no-root --no-interaction",
			[]string{"python3", "poetry"}}
	case f.isFile("Pipfile.lock"):
		return step{"PIPENV_VENV_IN_PROJECT=1 pipenv sync", []string{"python3", "pipenv"}}
	case strings.Contains(f.read("requirements.txt"), "--hash="):
		return step{venv + "--require-hashes -r requirements.txt", []string{"python3", ensurePip}}
	case f.isFile("requirements.txt"):
		return step{venv + "-r requirements.txt", []string{"python3", ensurePip}}
	case f.isFile("pyproject.toml"):
		return step{venv + ".", []string{"python3", ensurePip}}
	}
	return step{}
}

func (f *folder) rubyStep(Result) step {
	if !f.isFile("Gemfile.lock") || f.has("vendor/bundle") || f.gemsOfHost() {
		return step{}
	}
	command := "bundle config set --local deployment true && bundle config set --local path vendor/bundle && " +
		"bundle config set --local without development:test && bundle install"
	gems := f.read("Gemfile.lock")
	assets := mentions(gems, "sprockets-rails") || mentions(gems, "propshaft")
	if f.isFile("bin/rails") && f.isDir("app/assets") && assets {
		command += " && SECRET_KEY_BASE_DUMMY=1 RAILS_ENV=production bundle exec rails assets:precompile"
	}
	return step{command, []string{"ruby", "bundle"}}
}

func (f *folder) phpStep(Result) step {
	if !f.isFile("composer.lock") || !f.composes() || f.has("vendor") {
		return step{}
	}
	return step{"composer install --no-dev --no-interaction --no-progress --optimize-autoloader", []string{"php", "composer"}}
}

func (f *folder) javaStep(Result) step {
	switch {
	case f.isFile("mvnw"):
		return step{"sh ./mvnw -B -ntp -DskipTests package", []string{"javac"}}
	case f.isFile("pom.xml"):
		return step{"mvn -B -ntp -DskipTests package", []string{"javac", "mvn"}}
	case f.isFile("gradlew"):
		return step{"sh ./gradlew --no-daemon build -x test", []string{"javac"}}
	case f.first("build.gradle", "build.gradle.kts") != "":
		return step{"gradle --no-daemon build -x test", []string{"javac", "gradle"}}
	}
	return step{}
}

// goStep builds the program in the folder, or the first of its commands.
func (f *folder) goStep(Result) step {
	return step{"CGO_ENABLED=0 go build -trimpath -o bin/server " + f.goProgram(), []string{"go"}}
}

func (f *folder) goProgram() string {
	if commands := f.folders("cmd"); len(f.names(".", ".go")) == 0 && len(commands) > 0 {
		return "./" + commands[0]
	}
	return "."
}

// rustStep keeps what it compiles in the cache: it is many times as large as the program.
func (f *folder) rustStep(Result) step {
	m := crate.FindStringSubmatch(f.read("Cargo.toml"))
	if m == nil || !f.isFile("Cargo.lock") {
		return step{}
	}
	return step{fmt.Sprintf(`cargo build --locked --release --target-dir "$HOME/target" && `+
		`install -D "$HOME/target/release/%s" bin/server`, m[1]), []string{"cargo", "rustc"}}
}
