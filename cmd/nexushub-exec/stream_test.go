package main

import (
	"math"
	"testing"
)

func TestNamed(t *testing.T) {
	for want, x := range map[string][2]uint64{
		"JOURNAL_STREAM=0:0": {}, "JOURNAL_STREAM=9:10": {9, 10}, "JOURNAL_STREAM=8:1234567890": {8, 1234567890},
		"JOURNAL_STREAM=18446744073709551615:18446744073709551615": {math.MaxUint64, math.MaxUint64},
	} {
		p := named(x[0], x[1])
		if got := string(variable[:length(p)]); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
