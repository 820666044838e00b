package proxy

import (
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/nexushub/nexushub/test/need"
)

// tolerated are the cases of h2spec that x/net's server sees otherwise, and why that does
// no harm.
var tolerated = map[string]string{
	"Sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE":                                          "x/net hangs up on a SETTINGS frame that says one thing twice: no client does",
	"Sends a HEADERS frame that contains the connection-specific header field":                       "answered with status 400 and not passed on, as RFC 9113 section 8.1.1 allows",
	"Sends a HEADERS frame that contains the TE header field with any value other than \"trailers\"": "answered with status 400 and not passed on, as RFC 9113 section 8.1.1 allows",
}

// TestHTTP2Conformance runs the cases of h2spec, 145 in all.
func TestHTTP2Conformance(t *testing.T) {
	if testing.Short() {
		t.Skip("builds h2spec")
	}
	t.Parallel() // it waits most of its time
	program, err := need.Tool(t.Context(), need.H2spec)
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, func(o *Options) { o.AccessLog = false })
	f.apply(table(routeTo(t, appID, "localhost", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "hello")
	}))))
	_, port, _ := net.SplitHostPort(f.addr)
	report := filepath.Join(t.TempDir(), "report.xml")
	// It exits with 1 when a case fails; the report says which.
	out, runErr := exec.CommandContext(t.Context(), program, "-t", "-k", "-h", "localhost", "-p", port, "-o", "3", "-j",
		report).CombinedOutput()
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatalf("%v, %v\n%s", runErr, err, out)
	}
	var result struct {
		Suites []struct {
			ID    string `xml:"id,attr"`
			Cases []struct {
				Name    string    `xml:"classname,attr"`
				Failure *struct{} `xml:"failure"`
				Error   *struct{} `xml:"error"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(text, &result); err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, s := range result.Suites {
		for _, c := range s.Cases {
			count++
			if failed := c.Failure != nil || c.Error != nil; failed != (tolerated[c.Name] != "") {
				t.Errorf("%s: %s: failed %v", s.ID, c.Name, failed)
			}
		}
	}
	if count < 140 {
		t.Errorf("only %d cases ran:\n%s", count, out)
	}
}
