package journal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nexushub/nexushub/internal/logentry"
)

var owners = map[string]string{unitA: idA, unitB: idB}

// start runs a hub until the test ends.
func start(t testing.TB, h *Hub) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// lines reads to the end and renders entries as messages, gaps as <reason>.
func lines(t *testing.T, h *Hub, q Query) []string {
	t.Helper()
	if q.Priority == 0 {
		q.Priority = 7
	}
	var out []string
	for items, err := range h.Items(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range items {
			out = append(out, render(i))
		}
	}
	return out
}

func render(i Item) string {
	if i.Gap != nil {
		return "<" + i.Gap.Reason + ">"
	}
	return i.Entry.Message
}

func want(t *testing.T, got []string, want string) {
	t.Helper()
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %q\nwant %q", s, want)
	}
}

func TestWhoseLineItIs(t *testing.T) {
	pid1 := kv{"_PID": "1", "UNIT": unitA, "MESSAGE": "Started", "_SYSTEMD_UNIT": "init.scope", "_TRANSPORT": "journal",
		"INVOCATION_ID": "inv1"}
	j := newFakeJournal(t)
	j.write(
		out(unitA, idA, "own"),
		out(unitB, idB, "other"),
		pid1,
		// forged: every one of these comes from B, or from nobody we know
		out(unitB, idB, "forged1").with("_TRANSPORT", "journal").with("UNIT", unitA).with("NEXUSHUB_INSTANCE", idA),
		out(unitB, idB, "forged2").with("_TRANSPORT", "journal").with("OBJECT_SYSTEMD_UNIT", unitA).
			with("MESSAGE_ID", suppressedID).with("N_DROPPED", "9"),
		out(unitB, idB, "forged3").with("MESSAGE_ID", coredumpID).with("COREDUMP_UNIT", unitA).with("_UID", "61234"),
		kv{"MESSAGE": "forged4", "NEXUSHUB_INSTANCE": idA, "_SYSTEMD_UNIT": "user@1000.service", "_TRANSPORT": "journal"},
		// about A, from those who may say so
		kv{"MESSAGE": "dumped", "MESSAGE_ID": coredumpID, "COREDUMP_UNIT": unitA, "_UID": "0", "_TRANSPORT": "journal"},
		kv{"MESSAGE": "agent", "NEXUSHUB_INSTANCE": idA, "_SYSTEMD_UNIT": agentUnit, "_TRANSPORT": "journal"},
		kv{"MESSAGE": "Suppressed", "MESSAGE_ID": suppressedID, "OBJECT_SYSTEMD_UNIT": unitA, "N_DROPPED": "12",
			"_TRANSPORT": "driver"},
		// a unit that nobody knows any more
		out("nexushub-app-a-99999999.service", idA, "old"),
	)
	h := j.hub(owners)
	want(t, lines(t, h, Query{Instance: idA, Lines: All}), "own Started dumped agent <suppressed> old")
	want(t, lines(t, h, Query{Instance: idB, Lines: All}), "other forged1 forged2 forged3")
	want(t, lines(t, h, Query{Unit: unitA, Lines: 50}), "own Started dumped")
}

func TestDisputedInstanceIsNobodys(t *testing.T) {
	r := &record{unit: "nexushub-app-x-1.service", transport: "journal", instance: idA, disputed: true}
	if item, ok := (attribution{}).item(r); ok {
		t.Errorf("given to %s", item.Entry.Instance)
	}
}

func TestSources(t *testing.T) {
	j := newFakeJournal(t)
	j.write(
		out(unitA, idA, "1"),
		out(unitA, idA, "2").with("PRIORITY", "4"),
		out(unitA, idA, "3").with("PRIORITY", "4").with("_TRANSPORT", "journal"),
		out(unitA, idA, "4").with("_EXE", "/usr/lib/systemd/systemd"),
	)
	var got []string
	entries, err := j.hub(owners).Tail(t.Context(), idA, 10)
	for _, e := range entries {
		got = append(got, e.Message+e.Source+"/"+e.Level)
	}
	if err != nil {
		t.Fatal(err)
	}
	want(t, got, "1stdout/info 2stderr/warn 3stdout/warn 4system/info")
}

func TestHistory(t *testing.T) {
	j := newFakeJournal(t)
	for i := range 10 {
		j.write(out(unitA, idA, fmt.Sprint("a", i)).with("PRIORITY", fmt.Sprint(i%8)), out(unitB, idB, "b"))
	}
	h := j.hub(owners)
	want(t, lines(t, h, Query{Instance: idA, Lines: 3}), "a7 a8 a9")
	want(t, lines(t, h, Query{Instance: idA, Lines: 0}), "")
	want(t, lines(t, h, Query{Instance: idA, Lines: 99}), "a0 a1 a2 a3 a4 a5 a6 a7 a8 a9")
	want(t, lines(t, h, Query{Instance: idA, Lines: 2, Priority: 2}), "a8 a9")
	want(t, lines(t, h, Query{Instance: idA, Lines: 2, Grep: regexp.MustCompile("[13]")}), "a1 a3")
	since := time.UnixMicro(j.now - 5000).UTC()
	want(t, lines(t, h, Query{Instance: idA, Lines: All, Since: since}), "a7 a8 a9")
	want(t, lines(t, h, Query{Instance: idA, Lines: All, Until: since}), "a0 a1 a2 a3 a4 a5 a6 a7")
	want(t, lines(t, h, Query{Instance: "unknown", Lines: 5}), "")
}

func TestPreviousRun(t *testing.T) {
	j := newFakeJournal(t)
	for _, run := range []string{"x", "y", "z"} {
		for n := range 3 {
			j.write(out(unitA, idA, fmt.Sprint(run, n)).with("_SYSTEMD_INVOCATION_ID", run))
		}
	}
	h := j.hub(owners)
	want(t, lines(t, h, Query{Instance: idA, Lines: 50, Previous: true}), "y0 y1 y2")
	want(t, lines(t, h, Query{Instance: idA, Lines: 2, Previous: true}), "y1 y2")
}

func TestLongLinesAreJoined(t *testing.T) {
	piece := func(unit, id, text, stream string) kv {
		return out(unit, id, text).with("_LINE_BREAK", "line-max").with("_STREAM_ID", stream)
	}
	last := func(text, stream string) kv { return out(unitA, idA, text).with("_STREAM_ID", stream) }
	j := newFakeJournal(t)
	j.write(
		last("before", "s1"),
		piece(unitA, idA, "one", "s1"), last("err", "s2"), piece(unitA, idA, "two", "s1"), last("three", "s1"),
		piece(unitA, idA, "never-ended", "s3"),
		last("after", "s1").with("+", "6s"),
	)
	h := j.hub(owners)
	want(t, lines(t, h, Query{Instance: idA, Lines: All}), "before err onetwothree never-ended after")
	want(t, lines(t, h, Query{Instance: idA, Lines: 3}), "onetwothree never-ended after")
	want(t, lines(t, h, Query{Instance: idA, Lines: 4}), "err onetwothree never-ended after")
	want(t, lines(t, h, Query{Instance: idA, Lines: 50}), "before err onetwothree never-ended after")

	// From wherever one goes on, the rest is what a reader that stayed would get.
	all := collectAll(t, h, Query{Instance: idA, Lines: All})
	for i, e := range all {
		var rest []string
		for _, later := range all[i+1:] {
			rest = append(rest, later.Message)
		}
		want(t, lines(t, h, Query{Instance: idA, After: e.ID}), strings.Join(rest, " "))
	}
}

func collectAll(t *testing.T, h *Hub, q Query) []*Entry {
	t.Helper()
	q.Priority = 7
	entries, err := h.collect(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestVacuumedCursorIsAGap(t *testing.T) {
	j := newFakeJournal(t)
	for i := range 6 {
		j.write(out(unitA, idA, fmt.Sprint(i)))
	}
	h := j.hub(owners)
	all := collectAll(t, h, Query{Instance: idA, Lines: All})
	j.vacuum(3)
	want(t, lines(t, h, Query{Instance: idA, After: all[1].ID}), "<vacuumed> 3 4 5")
	want(t, lines(t, h, Query{Instance: idA, After: all[3].ID}), "4 5")
	j.vacuum(3)
	want(t, lines(t, h, Query{Instance: idA, After: all[5].ID}), "<vacuumed>")
}

// follower reads until it has seen n entries, then leaves.
func follow(t *testing.T, h *Hub, q Query, n int) (got []*Entry, gaps int) {
	t.Helper()
	q.Follow, q.Priority = true, 7
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for items, err := range h.Items(ctx, q) {
		if errors.Is(err, ErrSlow) {
			return got, gaps
		}
		if err != nil {
			t.Errorf("%v after %d of %d entries", err, len(got), n)
			return got, gaps
		}
		for _, i := range items {
			if i.Gap != nil {
				gaps++
			} else if len(got) < n {
				got = append(got, i.Entry)
			}
		}
		if len(got) >= n {
			return got, gaps
		}
	}
	return got, gaps
}

// A writer writes; readers come, leave in the middle, and come back. Each must end up
// with everything, once and in order.
func TestNothingLostNothingTwice(t *testing.T) {
	j := newFakeJournal(t)
	h := j.hub(owners)
	j.write(out(unitB, idB, "noise"))
	start(t, h)
	const total = 240
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range total {
			line := out(unitA, idA, fmt.Sprint(i))
			if i%7 == 3 && i < total-1 { // pieces, joined with what follows on the stream
				line = line.with("_LINE_BREAK", "line-max")
			}
			j.write(line, out(unitB, idB, "noise"))
			if i%20 == 0 {
				time.Sleep(2 * time.Millisecond) // the fake is a process of its own
			}
		}
	})
	for seed := range uint64(2) {
		wg.Go(func() { rejoin(t, h, rand.New(rand.NewPCG(seed, 1)), total) })
	}
	wg.Wait()
}

func rejoin(t *testing.T, h *Hub, rnd *rand.Rand, total int) {
	q := Query{Instance: idA, Lines: All}
	var text strings.Builder
	var expected strings.Builder
	for i := range total {
		fmt.Fprint(&expected, i)
	}
	for text.Len() < expected.Len() && !t.Failed() {
		entries, gaps := follow(t, h, q, min(1+rnd.IntN(90), remaining(text.String(), expected.String())))
		for _, e := range entries {
			text.WriteString(e.Message)
			q.After = e.ID
		}
		if gaps > 0 {
			t.Errorf("%d gaps", gaps)
		}
	}
	if text.String() != expected.String() {
		t.Errorf("a reader got\n%s", text.String())
	}
}

// remaining is a lower bound on the entries to come: joined lines are one entry.
func remaining(got, all string) int { return max(1, (len(all)-len(got))/8) }

func TestRestartedChildGoesOn(t *testing.T) {
	j := newFakeJournal(t)
	j.write(out(unitA, idA, "0"))
	l := &live{hub: j.hub(owners)}
	for i := range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		f, _ := l.hub.follow(Query{Instance: idA}, position{})
		go func() { _ = l.run(ctx) }()
		j.write(out(unitA, idA, fmt.Sprint(i+1)))
		var got []string
		for len(got) == 0 || got[len(got)-1] != fmt.Sprint(i+1) {
			<-f.wake
			for _, item := range taken(f) {
				got = append(got, render(item))
			}
		}
		if i > 0 {
			want(t, got, fmt.Sprint(i+1))
		}
		l.hub.leave(f)
		cancel()
	}
}

// --merge brings the journals of other machines along; they are not ours.
func TestOtherMachinesAreLeftOut(t *testing.T) {
	h := New(Options{})
	h.machine = "here"
	items := make(chan Item, 2)
	read := (&live{hub: h}).reader(t.Context(), items)
	for _, machine := range []string{"there", "here"} {
		read(&record{machine: machine, unit: unitA, instance: idA, message: machine})
	}
	if len(items) != 1 || (<-items).Entry.Message != "here" {
		t.Error("not exactly what this machine wrote")
	}
}

// The stream looks back no further than lookBack when it begins: what was written between the end
// of history and that would be lost, and nobody told.
func TestHistoryWaitsForTheLiveStream(t *testing.T) {
	const later = 3000
	j := newFakeJournal(t)
	j.write(out(unitA, idA, "0"))
	h := j.hub(owners)
	got := make(chan string, later+1)
	var reader sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	reader.Go(func() {
		for items := range h.Items(ctx, Query{Instance: idA, Lines: All, Priority: 7, Follow: true}) {
			for _, i := range items {
				got <- render(i)
			}
		}
	})
	defer reader.Wait()
	defer cancel()
	select {
	case <-got:
		t.Fatal("history was read before the stream began")
	case <-time.After(200 * time.Millisecond): // as long as history would take
	}
	var records []kv
	for i := range later {
		records = append(records, out(unitA, idA, fmt.Sprint(i+1)))
	}
	j.write(records...)
	start(t, h)
	for i := range later + 1 {
		if line := <-got; line != fmt.Sprint(i) {
			t.Fatalf("got %s, want %d", line, i)
		}
	}
}

func TestSlowFollowerIsCutOff(t *testing.T) {
	h := New(Options{})
	fast, _ := h.follow(Query{Instance: idA}, position{})
	slowOne, _ := h.follow(Query{Instance: idA}, position{})
	for range maxQueue/100 + 1 {
		batch := make([]Item, 100)
		for i := range batch {
			batch[i] = Item{Entry: &Entry{Instance: idA}}
		}
		h.deliver(batch)
		fast.take()
	}
	if _, lost := fast.take(); lost {
		t.Error("the fast one lost something")
	}
	batches, lost := slowOne.take()
	if n := len(slices.Concat(batches...)); !lost || n > maxQueue || n < maxQueue-100 {
		t.Errorf("the slow one has %d items, lost %v", n, lost)
	}
}

func taken(f *follower) []Item {
	batches, _ := f.take()
	return slices.Concat(batches...)
}

func TestBrokenLiveStreamIsAGap(t *testing.T) {
	h := New(Options{})
	f, _ := h.follow(Query{Instance: idA}, position{})
	h.broken(vacuumed("c"))
	if items := taken(f); len(items) != 1 || items[0].Gap == nil {
		t.Errorf("got %v", items)
	}
}

func ringCursor(n int) cursor {
	return cursor{seqnumID: "s", boot: "b", seqnum: uint64(n), mono: uint64(n), real: uint64(n)}
}

func TestRing(t *testing.T) {
	var r ring
	for i := range 3 * maxRing {
		id := []string{idA, idB}[i%2]
		r.add(Item{Entry: &Entry{Entry: logentry.Entry{Message: fmt.Sprint(i)}, Instance: id, at: ringCursor(i + 1)}})
	}
	if len(r.items) != maxRing {
		t.Errorf("%d items", len(r.items))
	}
	after, ok := r.after(idA, ringCursor(3*maxRing-4))
	if !ok || len(after) != 2 {
		t.Errorf("after: %v, %d items", ok, len(after))
	}
	if _, ok := r.after(idA, ringCursor(5)); ok {
		t.Error("remembers what it dropped")
	}
	if tail, ok := r.tail(idB, 3); !ok || len(tail) != 3 || tail[2].Entry.Message != fmt.Sprint(3*maxRing-1) {
		t.Errorf("tail: %v, %d items", ok, len(tail))
	}
	if _, ok := r.tail(idB, maxRing); ok {
		t.Error("a tail longer than what is remembered")
	}
}
