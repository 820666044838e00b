package debug_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/test/lab"
)

// What install and status say is what systemd has: of an application that runs, of one
// that is killed, of a new package that does not start, and of installations that meet.
func TestInstallAndStatusTellTheTruth(t *testing.T) {
	good := newFile(hello(t), 2<<20)
	bad := newFile(script(t, "for i in $(seq 1 25); do echo words $i >&2; done; exit 7"), 2<<20)
	onSuites(t, func(t *testing.T, h *host) {
		id := h.install(t, "truth", good)
		before := h.status(t, id)
		h.checkStatus(t, before)
		h.Must(t, "systemctl", "kill", "--signal=KILL", before.Metadata.Unit)
		after := before
		lab.Eventually(t, "the application runs again", func() error {
			if after = h.status(t, id); after.Status != "running" || after.ProcessID == before.ProcessID {
				return fmt.Errorf("it is %s, with PID %d, which was %d", after.Status, after.ProcessID,
					before.ProcessID)
			}
			return nil
		})
		if after.Metadata.Restarts != before.Metadata.Restarts+1 {
			t.Errorf("%d restarts after the first crash", after.Metadata.Restarts)
		}

		h.upload(t, id, bad)
		var out api.InstallAnswer
		h.into(t, h.must(t, 200, http.MethodPost, "/"+id+"/install", ""), &out)
		if out.Status != "installed_not_started" || !saysWhy(out.Message) {
			t.Errorf("a package that does not start: %+v", out)
		}
		if st := h.status(t, id); st.Status != "running" || !saysWhy(st.Error) {
			t.Errorf("its status: %+v", st)
		}
		h.serves(t, "truth.debug.yesterday.localhost") // the old release keeps serving
		h.checkFirstRevision(t, bad)

		h.upload(t, id, good)
		h.installAtOnce(t, id, 4)
		h.checkStatus(t, h.status(t, id))
		h.serves(t, "truth.debug.yesterday.localhost")
	})
}

// saysWhy says whether a text has how bad ended and its last ten lines, and no line besides.
func saysWhy(text string) bool {
	var want strings.Builder
	for n := 16; n <= 25; n++ {
		fmt.Fprintf(&want, "\nwords %d", n)
	}
	return strings.Contains(text, "exit status 7") && strings.HasSuffix(text, want.String()) &&
		strings.Count(text, "\n") <= strings.Count(want.String(), "\n")+1
}

// checkFirstRevision: the same of an application that has never served. An operator's stop is no error.
func (h *host) checkFirstRevision(t *testing.T, bad *file) {
	t.Helper()
	id := h.create(t, "never")
	h.upload(t, id, bad)
	h.must(t, 200, http.MethodPost, "/"+id+"/install", "")
	lab.Eventually(t, "its status says why it fails, and counts its restarts", func() error {
		st := h.status(t, id)
		return lab.Unless(st.Status == "failed" && saysWhy(st.Error) && st.Metadata.Restarts > 0, "it is %+v", st)
	})
	if out, err := h.Try(t, "nexushub", "status", "never"); err == nil || !strings.Contains(out, "words 25") {
		t.Errorf("nexushub status: %s (%v)", out, err)
	}
	var st api.DebugStatus
	h.into(t, h.must(t, 200, http.MethodPost, "/"+id+"/stop", ""), &st)
	if st.Status != "stopped" || st.Error != "" {
		t.Errorf("stopped: %+v", st)
	}
}

// script is a package whose program is a few lines of shell.
func script(t *testing.T, lines string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	header := &zip.FileHeader{Name: "bin/app", Method: zip.Deflate}
	header.SetMode(0o755)
	f, err := w.CreateHeader(header)
	if err == nil {
		_, err = f.Write([]byte("#!/bin/sh\n" + lines + "\n"))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func (h *host) status(t *testing.T, id string) (st api.DebugStatus) {
	t.Helper()
	h.into(t, h.must(t, 200, http.MethodGet, "/"+id+"/status", ""), &st)
	return st
}

func (h *host) into(t *testing.T, data []byte, out any) {
	t.Helper()
	if err := json.Unmarshal(data, out); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
}

// checkStatus compares a running application with what systemd says.
func (h *host) checkStatus(t *testing.T, st api.DebugStatus) {
	t.Helper()
	m := st.Metadata
	pid := h.Must(t, "systemctl", "show", "-P", "MainPID", m.Unit)
	if st.Status != "running" || st.HealthCheck != "healthy" || strconv.Itoa(st.ProcessID) != pid || st.Port == 0 {
		t.Errorf("MainPID is %s, the status %+v", pid, st)
	}
	if m.Memory == 0 || m.ExpiresAt == nil || time.Until(*m.ExpiresAt) < 50*time.Minute {
		t.Errorf("got %+v", m)
	}
	lab.Eventually(t, "the exposure score is known", func() error { // computed when somebody first looks
		if now := h.status(t, st.ApplicationID); now.Metadata.Exposure == nil {
			return fmt.Errorf("the status has none: %+v", now)
		}
		return nil
	})
}

// installAtOnce lets installations of one package meet: the last one wins, which
// answers that the application runs, and one unit is left.
func (h *host) installAtOnce(t *testing.T, id string, n int) {
	t.Helper()
	answers := make([]api.InstallAnswer, n)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			status, body := h.call(t.Context(), h.HTTP, http.MethodPost, "/"+id+"/install", "application/json", nil)
			if err := json.Unmarshal(body, &answers[i]); err != nil || status != 200 {
				t.Errorf("install: %d %s", status, body)
			}
		})
	}
	wg.Wait()
	running := 0
	for _, a := range answers {
		switch {
		case a.Status == "running":
			running++
		case !strings.Contains(a.Message, "superseded"):
			t.Errorf("one of %d installations: %+v", n, a)
		}
	}
	if running == 0 {
		t.Errorf("none of %d installations ended well: %+v", n, answers)
	}
	h.AwaitUnit(t, "truth*")
}
