package lastbackup

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A run that failed or is incomplete does not make what was known of the good ones forgotten.
func TestSuccessesAreRemembered(t *testing.T) {
	dir := t.TempDir()
	if r, err := Read(dir); r != nil || err != nil {
		t.Fatalf("there was none: %+v, %v", r, err)
	}
	at := func(hour int) time.Time { return time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC) }
	for i, c := range []struct {
		run     Run
		success int
		whole   string
	}{
		{Run{EndedAt: at(1), File: "a"}, 1, "a"},
		{Run{EndedAt: at(2), Error: "disk full"}, 1, "a"},
		{Run{EndedAt: at(3), File: "b", Incomplete: true}, 3, "a"},
		{Run{EndedAt: at(4), File: "c"}, 4, "c"},
	} {
		if err := Write(dir, c.run); err != nil {
			t.Fatal(err)
		}
		r, err := Read(dir)
		if err != nil || r.LastSuccess == nil || !r.LastSuccess.Equal(at(c.success)) || r.LastWhole != c.whole ||
			r.Error != c.run.Error {
			t.Errorf("%d: %+v, %v", i, r, err)
		}
	}
}

// One that is damaged is told, and replaced by the next run.
func TestADamagedOneIsTold(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, file), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(dir); err == nil {
		t.Error("it is not told")
	}
	if err := Write(dir, Run{File: "a"}); err != nil {
		t.Fatal(err)
	}
	if r, err := Read(dir); err != nil || r.File != "a" {
		t.Errorf("%+v, %v", r, err)
	}
}
