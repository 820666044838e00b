package agent

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/agent/faults"
	"github.com/nexushub/nexushub/test/lab"
)

// TestFilesBesideAFailedRelease: an application of files alone loses no request while a release with a
// process is tried in its place, and given up, whatever becomes of the agent.
func TestFilesBesideAFailedRelease(t *testing.T) {
	faults.OnEachSuite(t, func(t *testing.T, h *faults.Host) {
		h.Sh(t, "mkdir -p /srv/page/static; echo old >/srv/page/static/index.html")
		url := strings.TrimSpace(h.Must(t, "nexushub", "deploy", "/srv/page"))
		h.UnderLoad(t, url, 100, func() {
			h.Sh(t, `cd /srv/page; mv static gone; mkdir bin; printf '#!/bin/sh\nsleep 1; exit 7\n' >bin/app; chmod 755 bin/app`)
			out, err := h.Try(t, "nexushub", "deploy", "/srv/page")
			if err == nil || !strings.Contains(err.Error(), "exit status 7") {
				t.Errorf("deploy: %s (%v)", out, err)
			}
			checkOldFiles(t, h, url, "given up")
			h.Sh(t, "systemctl kill -s KILL nexushubd")
			checkOldFiles(t, h, url, "given up")
			h.Must(t, "nexushub", "rollback", "page")
			checkOldFiles(t, h, url, "")
		})
		h.Sh(t, "cd /srv/page; rm -r bin; mv gone static; echo new >static/index.html")
		h.Must(t, "nexushub", "deploy", "/srv/page")
		if got := pageOf(t, h, url); got != "new\n" {
			t.Errorf("the next release of files is not served: %s", got)
		}
	})
}

// checkOldFiles: the first release serves, and is said to.
func checkOldFiles(t *testing.T, h *faults.Host, url, why string) {
	t.Helper()
	if got := pageOf(t, h, url); got != "old\n" {
		t.Errorf("served is %s", got)
	}
	var list []api.Release
	lab.Within(t, faults.Patience, "the agent says so", func() error {
		apps, err := h.Apps(t)
		if err != nil {
			return err
		}
		out, err := h.Try(t, "nexushub", "releases", "page", "--json")
		if err == nil {
			err = json.Unmarshal([]byte(out), &list)
		}
		return lab.Unless(err == nil && len(apps) == 1 && len(list) == 1 && apps[0].State == api.StateRunning &&
			apps[0].Release == list[0].ID && strings.Contains(apps[0].Error, why) && (apps[0].Error == "") == (why == ""),
			"%+v, releases %s (%v)", apps, out, err)
	})
}

func pageOf(t *testing.T, h *faults.Host, url string) string {
	t.Helper()
	r, err := h.HTTP.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
