package main

import (
	"slices"
	"testing"
	"time"

	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
)

func TestAtStartOnly(t *testing.T) {
	if late := atStartOnly(config.Default(), config.Default()); len(late) != 0 {
		t.Errorf("nothing changed, but %v waits for a restart", late)
	}
	now := config.Default()
	now.Ports.Last++
	now.Admin.Enabled = true
	now.Metrics.Listen = "127.0.0.1:9100"
	now.Restart.Delay = manifest.Duration(time.Minute) // taken over at once
	now.Apps = []config.App{{HostName: "a"}}
	if late, want := atStartOnly(config.Default(), now), []string{"[ports]", "[admin]", "[metrics]"}; !slices.Equal(late, want) {
		t.Errorf("%v, want %v", late, want)
	}
}
