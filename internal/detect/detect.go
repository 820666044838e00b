// Package detect recognises what people already have: a Node.js, Python, Ruby, PHP, Java, Deno or
// Bun application, a Procfile, a program, a site of files. For each it says what starts it and what
// its runtime needs, as a manifest below the package's own, or which step has to come first.
//
// The rows of one table are asked in order ([Of]). They look at names and at a bounded part of a few
// files, follow no link, and run nothing: the same folder is always recognised as the same, on a
// developer's machine and in the store of releases.
package detect

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/shell"
)

// Result is what a folder is recognised as. Without a Name it is nothing that is known, or it says
// itself what is started.
type Result struct {
	Name     string            `json:"name,omitempty"`    // "Node.js", "Flask", "site of files"
	Why      string            `json:"why,omitempty"`     // by which file, and what that says
	Manifest manifest.Manifest `json:"manifest,omitzero"` // what is made of it; nothing where a step is missing
	Missing  string            `json:"missing,omitempty"` // the step that has to come first
	Notes    []string          `json:"notes,omitempty"`   // what else is there and is not used
	File     string            `json:"file,omitempty"`    // that decided
	Build    *Build            `json:"build,omitempty"`   // the step that has to come first, where the host can do it
}

// IsReady says that the result can be run or served.
func (r Result) IsReady() bool { return r.Name != "" && r.Missing == "" }

// Of recognises what is in a folder whose own manifest is given. A package that says what is
// started, by exec, bin/app or static/index.html, is taken at its word: then there are notes at most.
func Of(fsys fs.FS, own manifest.Manifest) Result { return of(fsys, own, own.Build.IsOff()) }

// AsIs is Of where nothing is built: what runs with the libraries of the host is taken as it is.
func AsIs(fsys fs.FS, own manifest.Manifest) Result { return of(fsys, own, true) }

func of(fsys fs.FS, own manifest.Manifest, asIs bool) Result {
	f := newFolder(fsys)
	f.asIs = asIs
	if folder := own.Static.Folder; folder != "" {
		f.pages = []string{folder}
	}
	by := startedBy(f, own)
	if by != "" && by != indexPage {
		return Result{Notes: f.unused(by, "")}
	}
	r := f.ask().Asked(own)
	switch {
	case by == "":
		return r
	case r.Name != "" && r.Manifest.Static.Folder == "":
		return Result{Notes: []string{fmt.Sprintf("nothing is started, because there is %s: what looks like %s (%s) "+
			"needs exec in %s", by, r.Name, r.Why, manifest.FileName)}}
	}
	return Result{Notes: f.unused(by, "")}
}

// Asked is a result under a manifest that names a path for its health: then that is asked.
func (r Result) Asked(by manifest.Manifest) Result {
	if by.Health.Path != "" && by.Health.Type == "" {
		r.Manifest.Health.Type = ""
	}
	return r
}

func (f *folder) ask() Result {
	for _, row := range Table {
		if r, ok := row.find(f); ok {
			r = f.toBuild(r)
			r.Notes = append(r.Notes, f.unused(r.File, r.File)...)
			return r
		}
	}
	return f.onlyContainer()
}

// indexPage makes a package a site of files.
const indexPage = manifest.StaticFolder + "/index.html"

// startedBy is what a package names itself to be started or served.
func startedBy(f *folder, own manifest.Manifest) string {
	switch {
	case len(own.Exec) > 0:
		return manifest.FileName
	case f.has("bin/app"):
		return "bin/app"
	case f.has(indexPage):
		return indexPage
	}
	return ""
}

// containers are files that describe a container.
var containers = []string{"Dockerfile", "Containerfile", "docker-compose.yml", "docker-compose.yaml", "compose.yml",
	"compose.yaml"}

// unused notes what somebody might expect to be used beside what is.
func (f *folder) unused(by, file string) (notes []string) {
	if file != procfile && f.has(procfile) {
		notes = append(notes, fmt.Sprintf("%s is not used, because there is %s", procfile, by))
	}
	for _, name := range containers {
		if f.has(name) {
			notes = append(notes, fmt.Sprintf("%s is not used, because NexusHub runs no containers: %s is used instead", name, by))
			break
		}
	}
	return notes
}

func (f *folder) onlyContainer() Result {
	i := slices.IndexFunc(containers, f.has)
	if i < 0 {
		return Result{}
	}
	return Result{Name: "container", Why: "there is a " + containers[i], File: containers[i],
		Missing: "NexusHub runs no containers: write the command that it starts into a " + procfile + " (web: COMMAND), " +
			"or as exec into " + manifest.FileName}
}

// Short is what it is and why.
func (r Result) Short() string {
	if r.Name == "" {
		return ""
	}
	return fmt.Sprintf("%s (%s)", r.Name, r.Why)
}

// Line is a result in one line, with its reason.
func (r Result) Line() string {
	if r.Name == "" {
		return ""
	}
	line := r.Short()
	if r.Build != nil {
		return line + ": is built by " + r.Build.Command
	}
	if r.Missing != "" {
		return line + ": " + r.Missing
	}
	m := r.Manifest
	parts := []string{"serves the files of " + m.Static.Folder}
	if m.Static.Folder == "." {
		parts[0] = "serves its files"
	}
	if len(m.Exec) > 0 {
		words := make([]string, len(m.Exec))
		for i, w := range m.Exec {
			words[i] = shell.Quote(w)
		}
		parts[0] = "starts " + strings.Join(words, " ")
	}
	if len(m.Release) > 0 {
		parts = append(parts, "before it the release command")
	}
	if others := m.ProcessNames()[1:]; len(others) > 0 {
		parts = append(parts, "beside it "+strings.Join(others, ", "))
	}
	parts = append(parts, "access "+m.Access)
	if len(m.Exec) > 0 {
		parts = append(parts, "health by "+strings.ToUpper(cmp.Or(m.Health.Type, "http")))
	}
	for _, name := range m.Sandbox.Loosenings() {
		parts = append(parts, "sandbox."+name)
	}
	if m.Limits.Memory != 0 {
		parts = append(parts, "memory "+m.Limits.Memory.String())
	}
	return line + ": " + strings.Join(parts, ", ")
}

// application is a result that runs: open to everybody, healthy when it accepts connections, and
// free to call public addresses, as mail, payment and sign-in need.
func application(name, file, why string, exec ...string) Result {
	return Result{Name: name, File: file, Why: why, Manifest: manifest.Manifest{
		Exec: exec, Access: manifest.AccessOpen,
		Health:  manifest.Health{Type: "tcp"},
		Sandbox: manifest.Sandbox{Internet: true},
	}}
}

// compiling is an application whose runtime makes machine code while it runs.
func (r Result) compiling() Result {
	r.Manifest.Sandbox.WritableCode = true
	return r
}

// with adds a variable, unless the application has set it itself.
func (r Result) with(name, value string) Result { return r.withAll(map[string]string{name: value}) }

func (r Result) withAll(env map[string]string) Result {
	for name, value := range env {
		if _, is := r.Manifest.Env[name]; is {
			continue
		}
		if r.Manifest.Env == nil {
			r.Manifest.Env = map[string]string{}
		}
		r.Manifest.Env[name] = value
	}
	return r
}

// missing is a result that needs a step first.
func missing(name, file, why, step string) (Result, bool) {
	return Result{Name: name, File: file, Why: why, Missing: step}, true
}

// instead ends every sentence about a missing step.
const instead = ", then deploy again (or name another command as exec in " + manifest.FileName + ")"

// toBuild says how a program is made of its source.
func toBuild(command string) string { return "it has to be built: run " + command + " first" + instead }
