package caller_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/agent/caller"
	"github.com/nexushub/nexushub/agent/caller/callertest"
)

// TestEachCallOfEachCaller: callertest/rights.txt says of every call who may; a call without a line there fails, and
// a line without a call, too. control and debug try the same through their servers.
func TestEachCallOfEachCaller(t *testing.T) {
	matrix := callertest.Rights()
	for _, route := range caller.Routes() {
		want, ok := matrix[route]
		var may []string
		for _, who := range callertest.Callers("shop") {
			method, path, _ := strings.Cut(route, " ")
			if _, err := who.Caller.May(method, path); err == nil {
				may = append(may, who.Name)
			}
		}
		if !ok || !slices.Equal(may, want) {
			t.Errorf("the rights are\n%s: %s\nand the file says %q", route, strings.Join(may, " "), want)
		}
		delete(matrix, route)
	}
	if len(matrix) > 0 {
		t.Errorf("there is no such call: %v", matrix)
	}
}
