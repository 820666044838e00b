package control

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/api"
)

// What is built is told to whom the application is granted, and to nobody else; what runs keeps its state.
func TestBuildsAreTold(t *testing.T) {
	s := &stub{apps: []api.App{{ID: appID, Name: "hello", State: api.StateRunning}}}
	building := []api.App{
		{ID: appID, Name: "hello", State: api.StateBuilding, Building: &api.Building{Command: "make known"}},
		{ID: "4bf3e3c0-6e51-482a-b180-00f6aa568ee9", AppID: "New One", Name: "new-one", HostName: "new.example.org",
			State: api.StateBuilding, Building: &api.Building{Command: "make new"}},
	}
	server := NewServer(Deps{Applications: s, Operator: s, Releases: s, Settings: s, Jobs: s, Explainer: s, Secrets: s,
		Tokens: s, Proxy: s, Logs: s, Files: s, Hosts: s, Building: func() []api.App { return building },
		Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	get := func(who caller.Caller, path string) string { return ask(server, who, "GET", path).Body.String() }
	root := caller.Local(0)
	for path, want := range map[string]string{
		"/v1/apps/" + appID: `"command":"make known"`, "/v1/apps/new-one": `"command":"make new"`, "/v1/apps/new.example.org": "make new",
		"/v1/apps/new%20one": `"state":"building"`,
	} {
		if got := get(root, path); !strings.Contains(got, want) {
			t.Errorf("%s: %s", path, got)
		}
	}
	if got := get(root, "/v1/apps"); !strings.Contains(got, "make known") || !strings.Contains(got, "make new") {
		t.Errorf("list: %s", got)
	}
	if got := get(root, "/v1/apps/"+appID); strings.Contains(got, `"state":"building"`) {
		t.Errorf("what runs is not told as it is: %s", got)
	}
	for who, want := range map[string]bool{"New One": true, "other": false} {
		for _, path := range []string{"/v1/apps", "/v1/apps/new-one"} {
			if got := get(token(api.Viewer, who), path); strings.Contains(got, "make new") != want {
				t.Errorf("%s of a token for %s: %s", path, who, got)
			}
		}
	}
}
