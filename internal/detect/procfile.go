package detect

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/startcmd"
	"github.com/nexushub/nexushub/internal/termtext"
)

const procfile = "Procfile"

// A Procfile names processes, each with a command line for a shell.
type process struct{ name, command string }

const (
	maxProcfile  = 64 << 10
	maxProcesses = 100
)

var processLine = regexp.MustCompile(`^([A-Za-z0-9_-]{1,63}):[ \t]*(.*)$`)

// parseProcfile reads one process a line. It is strict: what other platforms would skip in silence
// is an error that names its line.
func parseProcfile(text string) (list []process, err error) {
	if len(text) > maxProcfile {
		return nil, fmt.Errorf("%s: is larger than %d bytes", procfile, maxProcfile)
	}
	seen := map[string]int{}
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		n++
		line = strings.TrimRight(line, " \t\r")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		m := processLine.FindStringSubmatch(line)
		switch {
		case m == nil:
			return nil, fmt.Errorf("%s:%d: must be NAME: COMMAND", procfile, n)
		case m[2] == "":
			return nil, fmt.Errorf("%s:%d: %s has no command", procfile, n, m[1])
		case termtext.CheckName(strings.ReplaceAll(m[2], "\t", " ")) != nil:
			return nil, fmt.Errorf("%s:%d: the command of %s must be text without control characters", procfile, n, m[1])
		case seen[m[1]] != 0:
			return nil, fmt.Errorf("%s:%d: %s is there already, in line %d", procfile, n, m[1], seen[m[1]])
		case len(list) >= maxProcesses:
			return nil, fmt.Errorf("%s: has more than %d processes", procfile, maxProcesses)
		}
		seen[m[1]] = n
		list = append(list, process{m[1], m[2]})
	}
	return list, nil
}

// byProcfile runs every process there is. Commands are for a shell, as everywhere else.
func byProcfile(f *folder) (Result, bool) {
	if !f.isFile(procfile) {
		return Result{}, false
	}
	list, err := parseProcfile(f.head(procfile, maxProcfile+1))
	if err != nil {
		return missing(procfile, procfile, "there is one", err.Error())
	}
	i := slices.IndexFunc(list, func(p process) bool { return p.name == manifest.Web })
	if i < 0 {
		return missing(procfile, procfile, "there is one", "it has no web process: add a line web: COMMAND")
	}
	web := list[i].command
	r := application(procfile, procfile, "web: "+shown(web), f.inShell(web)...)
	r = r.with("PATH", f.searchPath()).onRails(f)
	for _, p := range list {
		if f.venv() != "" || pythons.MatchString(p.command) {
			r = r.with("PYTHONUNBUFFERED", "1")
		}
		switch p.name {
		case manifest.Web:
		case "release":
			r.Manifest.Release = f.inShell(p.command)
		default:
			var runs bool
			if r, runs = r.beside(p.name, f.inShell(p.command)); !runs {
				continue
			}
		}
		if f.compiles(p.command) {
			r = r.compiling()
		}
	}
	return r, true
}

// inShell is a command line as a shell starts it.
func (f *folder) inShell(command string) []string {
	return []string{"/bin/sh", "-c", f.onItsPython(shellText(command))}
}

var plainLetters = strings.NewReplacer("-", "", "_", "")

// beside adds a process of a Procfile, whose names are freer than those of units.
func (r Result) beside(its string, exec []string) (Result, bool) {
	name := plainLetters.Replace(strings.ToLower(its))
	switch _, taken := r.Manifest.Processes[name]; {
	case taken, name == manifest.Web, !manifest.IsProcessName(name):
		r.Notes = append(r.Notes, fmt.Sprintf("the process %s of the %s is not run: its name must be %s, and its own",
			its, procfile, manifest.ProcessNameForm))
		return r, false
	case name != its:
		r.Notes = append(r.Notes, fmt.Sprintf("the process %s of the %s is called %s here", its, procfile, name))
	}
	if r.Manifest.Processes == nil {
		r.Manifest.Processes = map[string]manifest.Process{}
	}
	r.Manifest.Processes[name] = manifest.Process{Exec: exec}
	return r, true
}

// harmless are marks of a shell that are part of one command.
var harmless = regexp.MustCompile(`\$\{[^{}]*\}|[0-9]?>&[0-9]`)

// shellText is a command line for sh -c. Its last command takes the place of the shell where it is
// plain which that is, so that it gets the signal to stop.
func shellText(command string) string {
	before, last := "", command
	if i := strings.LastIndex(command, "&& "); i >= 0 {
		before, last = command[:i+3], strings.TrimLeft(command[i+3:], " ")
	}
	word, _, _ := strings.Cut(last, " ")
	switch {
	case strings.Count(before, "'")%2+strings.Count(before, `"`)%2 > 0, strings.ContainsAny(before, "|;(){}`"),
		strings.ContainsAny(harmless.ReplaceAllString(last, ""), "|&;(){}`"), builtin[word]:
		return command
	case strings.Contains(word, "="):
		return before + "exec env " + last
	}
	return before + "exec " + last
}

// builtin are words that are the shell's own.
var builtin = map[string]bool{"": true, "exec": true, "cd": true, "export": true, "if": true, "while": true,
	"until": true, "for": true, "case": true, "set": true, "unset": true, ".": true, ":": true, "!": true, "trap": true, "test": true,
	"[": true, "ulimit": true, "umask": true, "eval": true, "read": true, "wait": true, "exit": true}

// searchPath begins with the programs that the package brings along, as a build would have it.
func (f *folder) searchPath() string {
	path := startcmd.SearchPath
	for _, dir := range []string{"node_modules/.bin", "vendor/bin"} {
		if f.isDir(dir) {
			path = dir + ":" + path
		}
	}
	if v := f.venv(); v != "" {
		path = v + "/bin:" + path
	}
	return path
}

var compilers = regexp.MustCompile(`(^|[\s/;&|])(node|npm|npx|yarn|pnpm|next|deno|bun|bunx|java|ruby|bundle|rails|puma|` +
	`pypy3?|elixir|mix|dotnet)(\s|$)`)

// pythons are commands whose output would wait for more of it, where nobody is at a terminal.
var pythons = regexp.MustCompile(`(^|[\s/;&|])(python[0-9.]*|gunicorn|uvicorn|hypercorn|daphne|waitress-serve|flask|django-admin|celery|` +
	`\S+\.py)(\s|$)`)

// compiles says whether a command is of a runtime that makes machine code while it runs.
func (f *folder) compiles(command string) bool {
	return compilers.MatchString(command) || f.has("package.json") || f.has("deno.json")
}
