package journal

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestLastLines: the run that ended is asked for, and nothing of the one before or after it is told.
func TestLastLines(t *testing.T) {
	told := func(run, text string) kv {
		return kv{"_PID": "1", "UNIT": unitA, "INVOCATION_ID": run, "MESSAGE": text}
	}
	said := func(run, text string) kv { return out(unitA, idA, text).with("_SYSTEMD_INVOCATION_ID", run) }
	late := func(text string) kv { return said("", text) } // as a process that ends at once
	execed := said("2", "cannot execute").with("_EXE", "/usr/lib/systemd/systemd-executor")
	dump := kv{"_UID": "0", "MESSAGE_ID": coredumpID, "COREDUMP_UNIT": unitA, "MESSAGE": "Process 7 (app) dumped core"}
	before := []kv{told("1", "Starting"), said("1", "old"), late("old too"), told("1", "exited")}
	tests := map[string]struct {
		run     string
		written []kv
		want    string
	}{
		"nothing was said":            {"2", []kv{told("2", "Starting"), told("2", "exited")}, ""},
		"its lines, not PID 1's":      {"2", []kv{told("2", "Starting"), said("2", "a"), said("2", "b"), told("2", "exited")}, "a b"},
		"the last ones come late":     {"2", []kv{told("2", "Starting"), said("2", "a"), told("2", "exited"), late("b"), told("2", "failed")}, "a b"},
		"it said nothing in time":     {"2", []kv{told("2", "Starting"), late("a"), told("2", "exited")}, "a"},
		"there is a next run already": {"2", []kv{told("2", "Starting"), said("2", "a"), told("2", "exited"), told("3", "Starting"), said("3", "new"), late("new too")}, "a"},
		"no run is named":             {"", []kv{told("2", "Starting"), said("2", "a"), told("2", "exited")}, "a"},
		"no run is named, in doubt":   {"", []kv{told("2", "Starting"), late("a"), told("2", "exited")}, "a"},
		"it was never executed":       {"2", []kv{told("2", "Starting"), execed, told("2", "exited")}, "cannot execute"},
		"it is of another unit":       {"2", []kv{out(unitB, idB, "other").with("_SYSTEMD_INVOCATION_ID", "2")}, ""},
		"another claims to be PID 1":  {"2", []kv{said("2", "a"), out(unitB, idB, "x").with("UNIT", unitA).with("INVOCATION_ID", "2")}, "a"},
		"it dumped core":              {"2", []kv{told("2", "Starting"), said("2", "a"), dump, told("2", "exited")}, "a"},
		"it is vacuumed":              {"7", nil, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			j := newFakeJournal(t)
			j.write(append(before, tt.written...)...)
			got, err := UnitLog{Hub: j.hub(owners)}.LastLines(t.Context(), unitA, tt.run)
			if err != nil {
				t.Fatal(err)
			}
			want(t, got, tt.want)
		})
	}
}

// TestLastLinesAreFewAndHarmless: they are shown in one piece with the reason.
func TestLastLinesAreFewAndHarmless(t *testing.T) {
	read := func(written ...kv) []string {
		t.Helper()
		j := newFakeJournal(t)
		j.write(written...)
		got, err := UnitLog{Hub: j.hub(owners)}.LastLines(t.Context(), unitA, "")
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	said := func(text string) kv { return out(unitA, idA, text).with("_SYSTEMD_INVOCATION_ID", "1") }
	var many, long []kv
	for n := range 3 * maxLastLines {
		many = append(many, said(fmt.Sprint("line", n)))
		long = append(long, said(strings.Repeat("é", 5000)))
	}
	first, last := fmt.Sprint("line", 2*maxLastLines), fmt.Sprint("line", 3*maxLastLines-1)
	if got := read(many...); len(got) != maxLastLines || got[0] != first || got[maxLastLines-1] != last {
		t.Errorf("%q, want the last %d lines", got, maxLastLines)
	}
	got := strings.Join(read(long...), "")
	if len(got) == 0 || len(got) > maxLastBytes || !utf8.ValidString(got) {
		t.Errorf("%d bytes, valid %t", len(got), utf8.ValidString(got))
	}
	want(t, read(said("red \x1b[31m\x1b[2J\x07 \u202e")), `red \x1b[2J\x07 \u202e`)
}
