package figures

import (
	"testing"
	"time"
	"unsafe"

	"github.com/nexushub/nexushub/api"
)

func TestStore(t *testing.T) {
	began := time.Unix(1000, 0)
	s := New(began)
	at := func(i int) time.Time { return began.Add(time.Duration(i) * Step) }
	s.Add(at(1), map[string]Reading{"a": {Usage: Usage{1 << 20, 5e9}, Requests: 100, Errors: 1}})
	if got := s.Of("a"); len(got.Figures) != 0 || got.Step != 10 || got.Figures == nil {
		t.Errorf("of one reading: %+v", got)
	}
	s.Add(at(2), map[string]Reading{"a": {Usage: Usage{2 << 20, 15e9}, Requests: 107, Errors: 3}, "b": {}})
	s.Add(at(3), map[string]Reading{"a": {Usage: Usage{3 << 20, 1e9}, Requests: 4}, "b": {}}) // another unit
	want := []api.Figure{
		{Time: at(2).UTC(), Memory: 2 << 20, CPU: 100, Requests: 7, Errors: 2},
		{Time: at(3).UTC(), Memory: 3 << 20, CPU: 10, Requests: 4},
	}
	got := s.Of("a").Figures
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for i := 4; i < 4+2*size; i++ {
		s.Add(at(i), map[string]Reading{"a": {Requests: uint64(4 + i)}})
	}
	got = s.Of("a").Figures
	whole := len(got) == size && got[size-1].Time.Equal(at(3+2*size)) && got[0].Time.Equal(at(4+size))
	if !whole || got[0].Requests != 1 {
		t.Errorf("after long: %d from %+v to %+v", len(got), got[0], got[len(got)-1])
	}
	if len(s.rings) != 1 || len(s.Of("b").Figures) != 0 {
		t.Error("what is gone is kept")
	}
	if n := unsafe.Sizeof(figure{}); n > 20 {
		t.Errorf("a figure takes %d bytes", n)
	}
}

// What rests is not read for a minute, unless requests come; its figures go on as they were.
func TestRests(t *testing.T) {
	now := time.Unix(1000, 0)
	s := New(now)
	idle, busy := Usage{Memory: 1 << 20, CPUNSec: 1e6}, uint64(0)
	if s.Rests("idle", 0, now) {
		t.Error("what is not known rests")
	}
	reads := map[string]int{}
	for range 20 {
		now, busy = now.Add(Step), busy+5e9
		readings := map[string]Reading{"idle": {Usage: idle}, "busy": {Usage: Usage{CPUNSec: busy}}}
		for id, r := range readings {
			if r.Rests = s.Rests(id, 0, now); r.Rests {
				r.Usage = Usage{}
			} else {
				reads[id]++
			}
			readings[id] = r
		}
		s.Add(now, readings)
	}
	if reads["busy"] != 20 || reads["idle"] != 5 { // at first, for the first figure, and each minute
		t.Errorf("read %v", reads)
	}
	list := s.Of("idle").Figures
	if last := list[len(list)-1]; len(list) != 19 || last.Memory != 1<<20 || last.CPU != 0 {
		t.Errorf("%d figures, at last %+v", len(list), last)
	}
	if s.Rests("idle", 1, now) {
		t.Error("what has had a request rests")
	}
	s.Add(now.Add(Step), map[string]Reading{"idle": {Rests: true}})
	s.Add(now.Add(3*Step), map[string]Reading{"idle": {Usage: Usage{CPUNSec: 3e9 + 1e6}, Requests: 1}})
	list = s.Of("idle").Figures
	if last := list[len(list)-1]; last.CPU < 5 || last.CPU > 10 || last.Requests != 1 {
		t.Errorf("the time since the reading before counts: %+v", last)
	}
}

func TestHost(t *testing.T) {
	r, err := ReadHost()
	if err != nil || r.Memory == 0 || r.CPUNSec == 0 {
		t.Errorf("this host: %+v, %v", r, err)
	}
	if n, err := busy([]byte("cpu  1 2 3 400 500 6 7 8 9 10\ncpu0 1\n")); n != 27*tick || err != nil {
		t.Errorf("busy: %d, %v", n, err)
	}
	for _, bad := range []string{"", "cpu\n", "cpu 1 2 3 4 5 6 7 x\n", "intr 1 2 3 4 5 6 7 8 9\n"} {
		if _, err := busy([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if n, err := used([]byte("MemTotal: 100 kB\nMemFree: 1 kB\nMemAvailable: 40 kB\n")); n != 60<<10 || err != nil {
		t.Errorf("used: %d, %v", n, err)
	}
	for _, bad := range []string{"", "MemTotal: 1 kB\nMemAvailable: 2 kB\n", "MemTotal: x\n"} {
		if _, err := used([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
