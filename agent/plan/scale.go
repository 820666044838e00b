package plan

import (
	"maps"
	"slices"

	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

// Replicas are how many an operator wants of each process that the application asks to run, as a
// manifest. Those of another process wait for a release that has it.
func (s Settings) Replicas(asks manifest.Manifest) manifest.Manifest {
	scale := maps.Clone(s.Scale)
	maps.DeleteFunc(scale, func(process string, _ int) bool { return !asks.HasProcess(process) })
	return manifest.Manifest{}.Scaled(scale)
}

// Unused are the processes with a number of replicas that the application does not have, sorted.
func (s Settings) Unused(asks manifest.Manifest) (processes []string) {
	for _, process := range slices.Sorted(maps.Keys(s.Scale)) {
		if !asks.HasProcess(process) {
			processes = append(processes, process)
		}
	}
	return processes
}

// Edition is what an edition keeps of the settings. How many replicas there are is about how much
// there is to do now, and not about what the application is: it stays over a rollback.
func (s Settings) Edition() Settings {
	s.Scale = nil
	return s
}

// OfEdition are the settings when an edition is gone back to.
func (s Settings) OfEdition(edition Settings) Settings {
	edition.Scale = s.Scale
	return edition
}

// OnlyScales says that nothing else differs from before, but something does.
func (s Settings) OnlyScales(before Settings) bool {
	return s.Edition().Is(before.Edition()) && !s.Is(before)
}

// checkScale adds a fault for every number of replicas that no application can have.
func checkScale(f *tomlfile.File, scale map[string]int) {
	for _, process := range slices.Sorted(maps.Keys(scale)) {
		key, n := "scale."+process, scale[process]
		least := 0
		if process == manifest.Web {
			least = 1
		}
		switch {
		case !manifest.IsProcessName(process):
			f.Fault(key, "cannot be the name of a process: it must be %s", manifest.ProcessNameForm)
		case n == 0 && least > 0:
			f.Fault(key, "must be at least 1: nexushub stop stops an application")
		case n < least || n > manifest.MaxReplicas:
			f.Fault(key, "must be from %d to %d", least, manifest.MaxReplicas)
		}
	}
}
