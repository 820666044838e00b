package main

import (
	"reflect"
	"regexp"
	"testing"
)

const listed = `?   	github.com/nexushub/nexushub/internal/hostile	[no test files]
ok  	github.com/nexushub/nexushub	0.006s
FuzzRequest
FuzzBody
ok  	github.com/nexushub/nexushub/proxy/h1	0.004s
FuzzParse
ok  	github.com/nexushub/nexushub/internal/hostname	(cached)
`

func TestParseList(t *testing.T) {
	all := parseList(listed)
	want := []target{
		{"github.com/nexushub/nexushub/proxy/h1", "FuzzRequest"},
		{"github.com/nexushub/nexushub/proxy/h1", "FuzzBody"},
		{"github.com/nexushub/nexushub/internal/hostname", "FuzzParse"},
	}
	if !reflect.DeepEqual(all, want) {
		t.Errorf("got %v", all)
	}
	if some := matching(all, regexp.MustCompile(`h1\.FuzzB`)); !reflect.DeepEqual(some, want[1:2]) {
		t.Errorf("got %v", some)
	}
	if all[0].time() != "1h" || all[1].time() != "10m" {
		t.Errorf("times %s, %s", all[0].time(), all[1].time())
	}
}

func TestParseResult(t *testing.T) {
	out := "fuzz: elapsed: 3s, execs: 576 (192/sec), new interesting: 1 (total: 91)\nfuzz: elapsed: 6s, execs: 1118 (180/sec), new interesting: 2 (total: 92)\nPASS\n"
	if got := parseResult(out); got != (result{1118, 2}) {
		t.Errorf("got %+v", got)
	}
	if got := parseResult("FAIL\n"); got != (result{}) {
		t.Errorf("got %+v", got)
	}
}
