package journal

import (
	"fmt"
	"testing"
)

// hubOf is a hub that knows the parts of instance A: web, a second replica of it, and two workers.
func hubOf(j *fakeJournal) *Hub {
	h := j.hub(map[string]string{unitA: idA, web2: idA, worker1: idA, worker2: idA})
	h.attr.part = func(unit string) (string, int) {
		switch unit {
		case web2:
			return "web", 2
		case worker1:
			return "worker", 1
		case worker2:
			return "worker", 2
		}
		return "web", 1
	}
	return h
}

const (
	web2    = unitPrefix + "a-web-2-00000000.service"
	worker1 = unitPrefix + "a-worker-1-00000000.service"
	worker2 = unitPrefix + "a-worker-2-00000000.service"
)

func TestLogOfAProcess(t *testing.T) {
	j := newFakeJournal(t)
	j.write(out(unitA, idA, "a"), out(worker1, idA, "b"), out(web2, idA, "c"), out(worker2, idA, "d"),
		kv{"_PID": "1", "UNIT": worker2, "MESSAGE": "e"}, // of PID 1, about it
		kv{"_SYSTEMD_UNIT": agentUnit, "NEXUSHUB_INSTANCE": idA, "MESSAGE": "f"}, out(worker1, idA, "g"))
	h := hubOf(j)
	start(t, h)
	for _, c := range []struct {
		process string
		replica int
		want    string
	}{
		{"", 0, "a b c d e f g"}, {"web", 0, "a c"}, {"web", 1, "a"}, {"web", 2, "c"},
		{"worker", 0, "b d e g"}, {"worker", 2, "d e"}, {"worker", 3, ""}, {"other", 0, ""},
	} {
		q := Query{Instance: idA, Lines: 50, Priority: 7, Process: c.process, Replica: c.replica}
		want(t, lines(t, h, q), c.want)
		q.Lines = All
		want(t, lines(t, h, q), c.want)
		q.Instance = ""
		want(t, lines(t, h, q), c.want)
	}
	want(t, lines(t, h, Query{Instance: idA, Lines: 1, Priority: 7, Process: "worker"}), "g")
	got, _ := follow(t, h, Query{Instance: idA, Lines: 50, Priority: 7, Process: "worker"}, 4)
	for i, part := range []string{"worker 1", "worker 2", "worker 2", "worker 1"} {
		if is := fmt.Sprint(got[i].Process, " ", got[i].Replica); is != part {
			t.Errorf("%s is a line of %s, want %s", got[i].Message, is, part)
		}
	}
	for _, e := range collectAll(t, h, Query{Instance: idA, Lines: All, Priority: 7}) {
		if e.Unit == unitA && (e.Process != "" || e.Replica != 0) {
			t.Errorf("the first of web says so: %+v", e.Entry)
		}
	}
}

// What other replicas did meanwhile is no run before this one.
func TestPreviousRunOfAReplica(t *testing.T) {
	j := newFakeJournal(t)
	for n, unit := range []string{unitA, worker1, worker2, worker1, unitA, worker2} {
		j.write(out(unit, idA, fmt.Sprint(n)).with("_SYSTEMD_INVOCATION_ID", fmt.Sprint("run", n)))
	}
	h := hubOf(j)
	for n, want1 := range map[string]string{"web": "0", "worker": "1"} {
		want(t, lines(t, h, Query{Instance: idA, Lines: 50, Previous: true, Process: n, Replica: 1}), want1)
	}
	want(t, lines(t, h, Query{Instance: idA, Lines: 50, Previous: true, Process: "worker", Replica: 2}), "2")
}
