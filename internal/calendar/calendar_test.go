package calendar

import (
	"errors"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/internal/manifest"
)

func TestSystemdDecides(t *testing.T) {
	if _, err := Next("daily"); errors.Is(err, ErrAbsent) {
		t.Fatal("the tests need systemd-analyze (Debian package systemd): ", err)
	}
	for expression, fault := range map[string]string{
		"*-*-* 03:00": "", "Mon..Fri 08:00": "", "*:0/15": "", "hourly": "", "*-*-* 03:00 Europe/Berlin": "",
		"2001-01-01": "", "0 3 * * *": "no calendar expression", "every night": "no calendar expression",
		"25:00": "no calendar expression", "-h": "no calendar expression", "--help": "no calendar expression",
		"$(reboot)": "no calendar expression",
	} {
		for range 2 { // the second answer is remembered
			err := Check(expression)
			if (err == nil) != (fault == "") || err != nil && !strings.Contains(err.Error(), fault) {
				t.Errorf("%q: %v, want %q", expression, err, fault)
			}
		}
	}
	if next, err := Next("2001-01-01"); err != nil || next != Never {
		t.Errorf("what is over elapses %q, %v", next, err)
	}
	if next, err := Next("*-*-* 03:00"); err != nil || !strings.Contains(next, "03:00:00") {
		t.Errorf("at three elapses %q, %v", next, err)
	}
}

func TestFaultsNameTheLine(t *testing.T) {
	const text = `exec = ["bin/app"]
[jobs.fine]
exec = ["bin/app"]
schedule = "daily"
[jobs.nightly]
exec = ["bin/app"]
schedule = "at three"
`
	m, err := manifest.Parse("nexushub.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	faults := Faults("nexushub.toml", []byte(text), m)
	if len(faults) != 1 {
		t.Fatal(faults)
	}
	for _, want := range []string{"nexushub.toml:7", "jobs.nightly.schedule", `"at three"`, "Failed to parse calendar"} {
		if !strings.Contains(faults.Error(), want) {
			t.Errorf("%q does not say %q", faults.Error(), want)
		}
	}
}
