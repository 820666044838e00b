package main

import (
	"strings"
	"testing"
	"time"
)

const wrkSays = `Running 4s test @ https://localhost:44123/public/1k
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.10ms    1.20ms  30.10ms   90.00%
  Latency Distribution
     50%  950.00us
     75%    2.10ms
     90%    3.00ms
     99%    6.57ms
  160052 requests in 4.00s, 190.00MB read
  Socket errors: connect 1, read 7, write 0, timeout 2
  Non-2xx or 3xx responses: 3
Requests/sec:  40013.10
Transfer/sec:     47.50MB
`

func TestParseWrk(t *testing.T) {
	got, err := parseWrk(wrkSays)
	want := load{40013.10, 950 * time.Microsecond, 6570 * time.Microsecond, 160052, 6}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := parseWrk("unable to connect"); err == nil || !strings.Contains(err.Error(), "unable") {
		t.Errorf("got %v", err)
	}
}

const h2loadSays = `finished in 4.00s, 19156.25 req/s, 21.00MB/s
requests: 76625 total, 76625 started, 76625 done, 76620 succeeded, 2 failed, 2 errored, 1 timeout
status codes: 76610 2xx, 0 3xx, 10 4xx, 0 5xx
`

func TestParseH2load(t *testing.T) {
	got, err := parseH2load(h2loadSays)
	if err != nil || got.rps != 19156.25 || got.requests != 76620 || got.failed != 15 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestPercentiles(t *testing.T) {
	var log strings.Builder
	for i := range 101 {
		log.WriteString("1700000000000000\t200\t" + strings.Repeat("1", 1+i/100) + "0\n")
	}
	p50, p99, err := percentiles(log.String())
	if err != nil || p50 != 10*time.Microsecond || p99 != 10*time.Microsecond {
		t.Errorf("got %v %v %v", p50, p99, err)
	}
	if _, _, err := percentiles(""); err == nil {
		t.Error("no error for an empty log")
	}
}

func TestRatioIsTheMedianOverRounds(t *testing.T) {
	r := results{}
	for _, cpu := range [][2]float64{{10, 20}, {30, 20}, {12, 20}} {
		r.add("h1", "nexushub", figure{cpu: cpu[0]})
		r.add("h1", "nginx", figure{cpu: cpu[1]})
	}
	if got := r.ratio("h1", "nginx", cpuOf); got != 0.6 {
		t.Errorf("got %v", got)
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("got %v", got)
	}
}
