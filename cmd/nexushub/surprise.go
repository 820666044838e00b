package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/agent/hint"
	"github.com/nexushub/nexushub/internal/calendar"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/startcmd"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// surprises are what would not keep a package from being installed, and its application from being
// what its author expects. Files of the package are looked for beside its manifest.
func surprises(path string, m manifest.Manifest) (notes []string) {
	dir := filepath.Dir(path)
	for _, c := range m.Commands() {
		for _, note := range startSurprises(dir, m, c) {
			notes = append(notes, c.Says(note))
		}
	}
	notes = append(notes, neverRun(m)...)
	runs := len(m.Exec) > 0 || exists(filepath.Join(dir, "bin/app"))
	files := !runs || exists(filepath.Join(dir, "static"))
	for _, h := range hint.Of(hint.Facts{Healthy: true, Manifest: m.Over(manifest.Default()), Files: files}) {
		notes = append(notes, h.Means+"; to change that: "+h.Write)
	}
	return notes
}

// neverRun are the jobs whose time is over.
func neverRun(m manifest.Manifest) (notes []string) {
	for _, name := range m.JobNames() {
		schedule := m.Jobs[name].Schedule
		if next, err := calendar.Next(schedule); schedule != "" && err == nil && next == calendar.Never {
			notes = append(notes, fmt.Sprintf("jobs.%s.schedule: %q is over, the job never runs by itself", name, schedule))
		}
	}
	return notes
}

// startSurprises are those about one command.
func startSurprises(dir string, m manifest.Manifest, c manifest.Command) (notes []string) {
	m.Exec = c.Exec
	known := variables(m)
	if c.Ends {
		known = slices.DeleteFunc(known, func(name string) bool { return name == "PORT" })
	}
	if err := startcmd.Check(m.Exec, known, nil); err != nil {
		notes = append(notes, err.Error())
	}
	if name := program(m); name != "" && !exists(filepath.Join(dir, name)) {
		if search := cmp.Or(m.Env["PATH"], startcmd.SearchPath); startcmd.Look(name, search) == "" {
			notes = append(notes, fmt.Sprintf("exec: %q is neither a file of the package nor a program of this host, in %s",
				name, search))
		}
	}
	return notes
}

// program is the name in exec that is looked for; empty: there is none.
func program(m manifest.Manifest) string {
	if len(m.Exec) == 0 || strings.Contains(m.Exec[0], "/") || startcmd.Refers(m.Exec[:1]) {
		return ""
	}
	return m.Exec[0]
}

// variables are what exec can name, as far as the manifest tells.
func variables(m manifest.Manifest) []string {
	known := slices.AppendSeq([]string{"HOST", "DB_NAME"}, maps.Keys(m.Env))
	if !m.HasAreas() {
		known = append(known, "NEXUSHUB_HOST")
	}
	if m.Network != "socket" {
		known = append(known, "PORT")
	}
	if m.StateDir == nil || *m.StateDir {
		known = append(known, "STATE_DIRECTORY")
	}
	return known
}

// commandFaults are what no host would accept of the variables in exec.
func commandFaults(path string, m manifest.Manifest) (faults tomlfile.Faults) {
	for _, c := range m.Commands() {
		err := startcmd.Check(c.Exec, startcmd.Names(c.Exec), []string{"INTERNAL_SECRET"})
		if errors.Is(err, startcmd.ErrSyntax) || errors.Is(err, startcmd.ErrSecret) {
			faults = append(faults, tomlfile.Fault{File: path, Problem: c.Says(err.Error())})
		}
	}
	return faults
}
