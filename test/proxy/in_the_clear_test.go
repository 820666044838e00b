package proxy_test

import (
	"strings"
	"testing"
)

// inTheClear: curl with http:// for https:// is told the URL, or led there.
func inTheClear(t *testing.T, h *host) {
	const path = "/public/x?y=z"
	web := "web." + domain + port
	curl := func(args ...string) string {
		args = append(args, "-sk", "--resolve", web+":127.0.0.1", "http://"+web+path)
		return h.Must(t, "curl", args...)
	}
	got := curl("-L", "-w", " %{num_redirects}")
	if !strings.Contains(got, `"uri":"`+path) || !strings.HasSuffix(got, " 1") {
		t.Errorf("led to %s", got)
	}
	for _, args := range [][]string{{"-d", "x=y"}, {"-X", "DELETE"}, {"-H", "Authorization: Bearer x"},
		{"-L", "-T", "/usr/bin/curl"}} {
		got := curl(append(args, "-w", " %{http_code}")...)
		if !strings.Contains(got, "https://"+web+path) || !strings.HasSuffix(got, " 400") {
			t.Errorf("%q: %s", args, got)
		}
	}
}
