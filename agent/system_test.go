package agent

import (
	"strings"
	"testing"
)

// Certificates of no use are named in the status of the system; a folder full of them does not
// push everything else off the screen.
func TestCertificateWarnings(t *testing.T) {
	if got := certificateWarnings(nil); got != nil {
		t.Errorf("%q", got)
	}
	got := certificateWarnings([]string{"/c/a.crt: is empty"})
	if len(got) != 1 || got[0] != "certificate /c/a.crt: is empty" {
		t.Errorf("%q", got)
	}
	got = certificateWarnings(strings.Split(strings.Repeat("x ", 99)+"x", " "))
	if len(got) != manyProblems+1 || got[manyProblems] != "and 95 more problems with certificates: nexushub cert" {
		t.Errorf("%q", got)
	}
}
