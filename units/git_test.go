package units

import (
	"os"
	"slices"
	"testing"
)

// What reads a stranger's objects reaches none of the services that applications may use, and what it
// costs is nothing to them.
func TestGitReachesNoServices(t *testing.T) {
	g := Git{Name: "shop", Instance: "7d9dd7f6-6d3f-4b64-9a27-0f0c9b4f7d01", Run: "abc", Stdin: os.Stdin, Stdout: os.Stdout,
		Stderr: os.Stderr}
	all := map[string]any{}
	for _, p := range g.properties(Capabilities{Version: 252, UnifiedCgroups: true}) {
		all[p.Name] = p.Value.Value()
	}
	closed, _ := all["InaccessiblePaths"].([]string)
	for _, path := range []string{databaseSocket, "/run/mysqld", "/run/docker.sock", "/run/nexushub", "/etc/nexushub"} {
		if !slices.Contains(closed, "-"+path) {
			t.Errorf("%s is open: %q", path, closed)
		}
	}
	for name, want := range map[string]any{
		"PrivateNetwork": true, "DynamicUser": true, "CPUWeight": uint64(buildWeight), "MemoryMax": uint64(gitMemory),
		"TasksMax": uint64(gitTasks),
	} {
		if all[name] != want {
			t.Errorf("%s is %v, want %v", name, all[name], want)
		}
	}
}

// Who only asks what there is, before there is an application, leaves nothing.
func TestGitInAScratchFolderLeavesNothing(t *testing.T) {
	g := Git{Name: "shop", Instance: "7d9dd7f6-6d3f-4b64-9a27-0f0c9b4f7d01", Run: "abc", Scratch: true, Stdin: os.Stdin,
		Stdout: os.Stdout, Stderr: os.Stderr}
	for _, p := range g.properties(Capabilities{Version: 252, UnifiedCgroups: true}) {
		switch p.Name {
		case "StateDirectory", "StateDirectoryMode":
			t.Errorf("it has a %s", p.Name)
		case "WorkingDirectory":
			if dir := p.Value.Value(); dir != "/tmp" {
				t.Errorf("it works in %v", dir)
			}
		}
	}
}
