package journal

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The test binary is its own journalctl: with FAKE_JOURNAL it reads that file of
// export records and understands the options that this package uses.
func TestMain(m *testing.M) {
	if path := os.Getenv("FAKE_JOURNAL"); path != "" {
		if err := fakeJournalctl(path, os.Args[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func fakeJournalctl(path string, args []string, out io.Writer) error {
	o := fakeOptions(args)
	records, err := fakeRecords(path)
	if err != nil {
		return err
	}
	read := len(records)
	records = o.apply(records)
	for _, r := range records {
		if _, err := io.WriteString(out, r); err != nil {
			return err
		}
	}
	for o.follow {
		time.Sleep(2 * time.Millisecond) // a process of its own, like the real one
		all, err := fakeRecords(path)
		if err != nil {
			return err
		}
		for _, r := range all[min(read, len(all)):] {
			if !o.matches(r) {
				continue
			}
			if _, err := io.WriteString(out, r); err != nil {
				return err
			}
		}
		read = len(all)
	}
	return nil
}

type fakeQuery struct {
	cursor          string
	lines           int
	follow, reverse bool
	terms           [][]string
}

func fakeOptions(args []string) *fakeQuery {
	o := &fakeQuery{lines: -1, terms: [][]string{{}}}
	for _, a := range args {
		name, value, _ := strings.Cut(a, "=")
		switch {
		case a == "--follow":
			o.follow = true
		case a == "--reverse":
			o.reverse = true
		case name == "--cursor":
			o.cursor = value
		case name == "--lines":
			o.lines, _ = strconv.Atoi(value)
		case a == "+":
			o.terms = append(o.terms, nil)
		case !strings.HasPrefix(a, "--"):
			o.terms[len(o.terms)-1] = append(o.terms[len(o.terms)-1], a)
		}
	}
	return o
}

// matches: within a term the same field is or-ed, different fields are and-ed.
func (o *fakeQuery) matches(record string) bool {
	for _, term := range o.terms {
		found := map[string]bool{}
		for _, m := range term {
			name, _, _ := strings.Cut(m, "=")
			found[name] = found[name] || strings.Contains("\n"+record, "\n"+m+"\n")
		}
		all := true
		for _, ok := range found {
			all = all && ok
		}
		if all {
			return true
		}
	}
	return false
}

func (o *fakeQuery) apply(records []string) []string {
	if o.cursor != "" {
		at, _ := parseCursor(o.cursor)
		first := slices.IndexFunc(records, func(r string) bool {
			c, err := parseCursor(fakeCursor(r))
			return err == nil && (c.sameEntry(at) || c.after(at))
		})
		if first < 0 {
			first = len(records)
		}
		records = records[first:]
	}
	records = slices.DeleteFunc(slices.Clone(records), func(r string) bool { return !o.matches(r) })
	switch {
	case o.cursor != "" && o.lines > 0:
		records = records[:min(o.lines, len(records))]
	case o.lines >= 0:
		records = records[max(0, len(records)-o.lines):]
	}
	if o.reverse {
		slices.Reverse(records)
	}
	return records
}

func fakeCursor(record string) string {
	_, rest, _ := strings.Cut(record, "__CURSOR=")
	c, _, _ := strings.Cut(rest, "\n")
	return c
}

func fakeRecords(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []string
	for {
		one, rest, ok := bytes.Cut(data, []byte("\n\n"))
		if !ok {
			return out, nil // an unfinished record is not there yet
		}
		out = append(out, string(one)+"\n\n")
		data = rest
	}
}

// fakeJournal is the writing side.
type fakeJournal struct {
	t    testing.TB
	path string
	mu   sync.Mutex
	n    int
	now  int64
}

func newFakeJournal(t testing.TB) *fakeJournal {
	j := &fakeJournal{t: t, path: filepath.Join(t.TempDir(), "journal"), now: 1_700_000_000_000_000}
	if err := os.WriteFile(j.path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FAKE_JOURNAL", j.path)
	t.Setenv("GORACE", "atexit_sleep_ms=0") // of the children, under -race
	return j
}

func (j *fakeJournal) hub(owner map[string]string) *Hub {
	exe, err := os.Executable()
	if err != nil {
		j.t.Fatal(err)
	}
	return New(Options{
		Command: []string{exe},
		Owner:   func(unit string) (string, bool) { i, ok := owner[unit]; return i, ok },
		Units: func(instance string) (units []string) {
			for u, i := range owner {
				if i == instance {
					units = append(units, u)
				}
			}
			return units
		},
		Log: slog.New(slog.NewTextHandler(j.t.Output(), nil)),
	})
}

type kv map[string]string

// write appends records with cursor and time; fields override the defaults.
func (j *fakeJournal) write(records ...kv) {
	j.t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	var b strings.Builder
	for _, r := range records {
		j.n++
		j.now += 1000
		if d, err := time.ParseDuration(r["+"]); err == nil {
			j.now += d.Microseconds()
		}
		fmt.Fprintf(&b, "__CURSOR=s=aa;i=%x;b=bb;m=%x;t=%x;x=%x\n__REALTIME_TIMESTAMP=%d\n", j.n, j.n, j.now, j.n, j.now)
		for _, k := range slices.SortedFunc(keys(r), cmp.Compare[string]) {
			if k != "+" {
				fmt.Fprintf(&b, "%s=%s\n", k, r[k])
			}
		}
		b.WriteString("\n")
	}
	f, err := os.OpenFile(j.path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		j.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(b.String()); err != nil {
		j.t.Fatal(err)
	}
}

func keys(r kv) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range r {
			if !yield(k) {
				return
			}
		}
	}
}

// vacuum removes the first n records.
func (j *fakeJournal) vacuum(n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	records, err := fakeRecords(j.path)
	if err != nil {
		j.t.Fatal(err)
	}
	if err := os.WriteFile(j.path, []byte(strings.Join(records[n:], "")), 0o600); err != nil {
		j.t.Fatal(err)
	}
}

const (
	unitA = "nexushub-app-a-11111111.service"
	unitB = "nexushub-app-b-22222222.service"
	idA   = "aaaaaaaa-0000-4000-8000-000000000000"
	idB   = "bbbbbbbb-0000-4000-8000-000000000000"
)

// out is a line that unit printed.
func out(unit, instance, message string) kv {
	return kv{
		"MESSAGE": message, "PRIORITY": "6", "_SYSTEMD_UNIT": unit, "_SYSTEMD_SLICE": appsSlice, "_TRANSPORT": "stdout",
		"_STREAM_ID": "stream-" + unit, "_PID": "42", "_SYSTEMD_INVOCATION_ID": "inv1",
		"NEXUSHUB_INSTANCE": instance, "NEXUSHUB_KIND": "debug",
	}
}

func (r kv) with(k, v string) kv {
	c := kv{k: v}
	for key, value := range r {
		if key != k {
			c[key] = value
		}
	}
	return c
}
