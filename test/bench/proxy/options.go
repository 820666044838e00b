package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
)

// options are the command line's flags.
type options struct {
	rounds  int
	seconds int
	idle    int
	big     int64 // GiB; 0: the benchmark
	quick   bool
	only    string
	parts   string
	proxy   string
	profile string
}

// usage comes before the list of flags.
const usage = `usage: go run ./test/bench/proxy [flags]

Measures nexushub-proxy beside nginx, HAProxy and Caddy; the result is dist/bench/proxy.json.
With -big it streams GiB up and down through nexushub-proxy instead and fails when its memory grows beyond 64 MiB.
To see where CPU time goes: -profile FILE runs perf(1) on nexushub-proxy during HTTP/1.1 load ("perf report -i FILE").

`

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	set := flag.NewFlagSet("bench/proxy", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.IntVar(&o.rounds, "rounds", 3, "measured rounds, after one for warming up")
	set.IntVar(&o.seconds, "seconds", 4, "duration of each load")
	set.IntVar(&o.idle, "idle", 10_000, "idle keep-alive connections; 0: leave out")
	set.Int64Var(&o.big, "big", 0, "GiB to stream up and down instead")
	set.BoolVar(&o.quick, "quick", false, "one round of one second, 500 idle connections: does it work at all?")
	set.StringVar(&o.only, "only", "nexushub,nginx,haproxy,caddy", "which proxies")
	set.StringVar(&o.parts, "parts", "compare,hosts,targets,idle,profile", "which parts of the benchmark")
	set.StringVar(&o.proxy, "proxy", "", "nexushub-proxy to measure (default: build ./cmd/nexushub-proxy)")
	set.StringVar(&o.profile, "profile", "",
		"perf record nexushub-proxy into this file (with debug symbols: go build ./cmd/nexushub-proxy and -proxy)")
	set.Usage = func() { fmt.Fprint(stderr, usage); set.PrintDefaults() }
	if err := set.Parse(args); err != nil {
		return o, err
	}
	if o.quick {
		o.rounds, o.seconds, o.idle = 1, 1, 500
	}
	if set.NArg() > 0 || o.rounds < 1 || o.seconds < 1 {
		return o, fmt.Errorf("unexpected arguments %q, or rounds or seconds below 1", set.Args())
	}
	return o, nil
}

func (o options) wants(name string) bool { return contains(o.only, name) }

// contains says that a name is one of a list with commas.
func contains(list, name string) bool { return strings.Contains(","+list+",", ","+name+",") }

func (o options) duration() time.Duration { return time.Duration(o.seconds) * time.Second }
