package detect

import (
	"fmt"
	"regexp"
	"strings"

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

// byProcfile runs web. Its command is for a shell, as everywhere else.
func byProcfile(f *folder) (Result, bool) {
	if !f.isFile(procfile) {
		return Result{}, false
	}
	list, err := parseProcfile(f.head(procfile, maxProcfile+1))
	if err != nil {
		return missing(procfile, procfile, "there is one", err.Error())
	}
	web, others := "", []string{}
	for _, p := range list {
		if p.name == "web" {
			web = p.command
			continue
		}
		others = append(others, p.name)
	}
	if web == "" {
		return missing(procfile, procfile, "there is one", "it has no web process: add a line web: COMMAND")
	}
	r := application(procfile, procfile, "web: "+shown(web), "/bin/sh", "-c", f.onItsPython(shellText(web)))
	if f.compiles(web) {
		r = r.compiling()
	}
	r = r.with("PATH", f.searchPath())
	if f.venv() != "" {
		r = r.with("PYTHONUNBUFFERED", "1")
	}
	for _, name := range others {
		note := "the process " + name + " of the " + procfile + " is not run: NexusHub runs web alone so far"
		if name == "release" {
			note = "the command release of the " + procfile + " is not run: run it yourself, or put it before web's with &&"
		}
		r.Notes = append(r.Notes, note)
	}
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

// compiles says whether a command is of a runtime that makes machine code while it runs.
func (f *folder) compiles(command string) bool {
	return compilers.MatchString(command) || f.has("package.json") || f.has("deno.json")
}
