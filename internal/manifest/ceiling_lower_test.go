package manifest

import (
	"reflect"
	"testing"
	"time"
)

// Who asks for nothing gets no more than who asks.
func TestDefaultsAreLoweredToTheCeiling(t *testing.T) {
	m := Default()
	if got := (Ceiling{}).Lower(m); !reflect.DeepEqual(got, m) {
		t.Errorf("without a ceiling: %+v", got)
	}
	c := Ceiling{Memory: 8 << 20, Tasks: 9, CPU: 50, StopTimeout: Duration(time.Second),
		StartPeriod: Duration(2 * time.Second), IdleTimeout: Duration(time.Minute)}
	got := c.Lower(m)
	if got.Limits.Memory != c.Memory || got.Limits.Tasks != 9 || got.Limits.CPU != 50 ||
		got.StopTimeout != c.StopTimeout || got.Health.StartPeriod != c.StartPeriod {
		t.Errorf("got %+v", got)
	}
	if got.IdleTimeout != m.IdleTimeout {
		t.Errorf("an idle timeout of the proxy's became %v", got.IdleTimeout)
	}
	m.Sandbox = Sandbox{Internet: true, Network: true, Networks: []string{"10.0.0.0/8"}, WritableCode: true}
	if got := (Ceiling{Offline: true}).Lower(m).Sandbox; !reflect.DeepEqual(got, Sandbox{WritableCode: true}) {
		t.Errorf("without connections: %+v", got)
	}
	if len(c.Excesses("", got)) > 0 {
		t.Error(c.Excesses("", got))
	}
}
