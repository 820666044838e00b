package agent

import (
	"slices"
	"strings"
	"testing"
)

func TestUnitSettings(t *testing.T) {
	file := "# This is a transient unit file\n[Unit]\nDescription=x\n\n[Service]\nEnvironment=\"A=50%%\"\nExecStart=\nExecStart=\":/bin/app\"\nUser=nh-1\n"
	want := []string{`--property=Environment="A=50%"`, "--property=User=nh-1"}
	if got := unitSettings(file, unitOnlySettings); !slices.Equal(got, want) {
		t.Errorf("settings = %q; want %q", got, want)
	}
}

// What does not run is explained all the same, by what PID 1 would make of it.
func TestExplainsWhatDoesNotRun(t *testing.T) {
	onHost(t, func(t *testing.T, h *host) {
		h.app(shop, "hello.example.org")
		h.start()
		if _, err := h.agent.StopApp(t.Context(), "hello.example.org"); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			e, err := h.agent.Explain(t.Context(), shop, "")
			if err != nil {
				t.Fatal(err)
			}
			line := strings.Join(e.Command, " ")
			if !strings.Contains(line, "--property=Environment=PORT=") || !strings.Contains(line, "-- ") {
				t.Errorf("explained as %q", line)
			}
		}
		if n := len(h.agent.ports.Units()); n != 0 {
			t.Errorf("%d ports are leased to what does not run", n)
		}
	})
}

func TestCommandsBeginAtTheRelease(t *testing.T) {
	for _, tt := range [][2]string{{"bin/app", "/srv/shop/bin/app"}, {"./app", "/srv/shop/app"}, {"/bin/sh", "/bin/sh"},
		{"sh", "sh"}} {
		if got := absolute("/srv/shop", []string{tt[0], "-x"}); !slices.Equal(got, []string{tt[1], "-x"}) {
			t.Errorf("%s: got %q, want %s", tt[0], got, tt[1])
		}
	}
}
