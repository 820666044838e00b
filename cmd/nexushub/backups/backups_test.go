package backups

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSurplus(t *testing.T) {
	day := func(n int) string { return Name(time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC)) }
	for _, c := range []struct {
		what  string
		names []string
		keep  int
		whole string
		want  []string
	}{
		{"none", nil, 3, "", nil},
		{"few", []string{day(1), day(2)}, 2, "", nil},
		{"many", []string{day(3), day(1), day(2), day(10)}, 2, "", []string{day(1), day(2)}},
		{"foreign ones are left alone", []string{"a.tar.gz", day(1) + ".old", day(1), day(2), "nexushub-x.tar.gz"}, 1, "",
			[]string{day(1)}},
		{"the last whole one stays", []string{day(1), day(2), day(3), day(4)}, 1, day(2), []string{day(1), day(3)}},
	} {
		t.Run(c.what, func(t *testing.T) {
			if got := Surplus(Archives(c.names), c.keep, c.whole); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What is written is read again, and what cannot be is refused with the reason.
func TestSettings(t *testing.T) {
	dir := t.TempDir()
	if s, err := Load(dir); err != nil || s != Default() {
		t.Errorf("where nothing is set: %+v, %v", s, err)
	}
	for _, c := range []struct {
		s     Settings
		fault string
	}{
		{Settings{"Mon *-*-* 04:00", 3, true, "/mnt/backups"}, ""},
		{Settings{"daily", 0, false, "/mnt"}, "between 1 and"},
		{Settings{"daily", 1, false, "mnt"}, "absolute"},
		{Settings{"daily", 1, false, "/mnt/../etc/nexushub"}, "absolute"},
		{Settings{"daily", 1, false, "/mnt/a b"}, "for systemd"},
		{Settings{"daily", 1, false, "/mnt/%h"}, "for systemd"},
		{Settings{"daily", 1, false, "/var/lib/nexushub/backups"}, "a part of what is backed up"},
		{Settings{"daily", 1, false, "/var/lib/private"}, "a part of what is backed up"},
		{Settings{"daily", 1, false, "/var/lib/nexushub-backups"}, ""},
	} {
		if err := os.WriteFile(filepath.Join(dir, File), []byte(c.s.Text()), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Load(dir)
		good := err == nil && got == c.s
		if c.fault == "" && !good || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%+v: %+v, %v", c.s, got, err)
		}
	}
}
