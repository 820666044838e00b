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
	s.Add(at(1), map[string]Reading{"a": {Memory: 1 << 20, CPUNSec: 5e9, Requests: 100, Errors: 1}})
	if got := s.Of("a"); len(got.Figures) != 0 || got.Step != 10 || got.Figures == nil {
		t.Errorf("of one reading: %+v", got)
	}
	s.Add(at(2), map[string]Reading{"a": {Memory: 2 << 20, CPUNSec: 15e9, Requests: 107, Errors: 3}, "b": {}})
	s.Add(at(3), map[string]Reading{"a": {Memory: 3 << 20, CPUNSec: 1e9, Requests: 4}, "b": {}}) // another unit
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
