package proxy

import (
	"math"
	"testing"
)

func TestFitDescriptors(t *testing.T) {
	for _, c := range []struct {
		connections, streams int
		most                 uint64
		want, wantStreams    int
	}{
		{20_000, 20_000, 65_536, 20_000, 20_000}, // the defaults, with the unit's LimitNOFILE=
		{20_000, 20_000, math.MaxUint64, 20_000, 20_000},
		{20_000, 20_000, 20_000, 6000, 6000},
		{500, 20_000, 20_000, 500, 17_000},
		{100_000, 20_000, 65_536, 21_768, 20_000},
		{1000, 1000, 1024, 171, 170},
		{2, 1000, 1024, 2, 508},
		{20_000, 20_000, 8, 1, 1},
	} {
		connections, streams := descriptorLimits(c.connections, c.streams, c.most)
		if connections != c.want || streams != c.wantStreams {
			t.Errorf("%d and %d with %d descriptors: %d and %d, want %d and %d", c.connections, c.streams, c.most,
				connections, streams, c.want, c.wantStreams)
		}
		if used := 2*connections + streams; uint64(used) > c.most {
			t.Errorf("%d descriptors of %d", used, c.most)
		}
	}
}
