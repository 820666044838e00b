package vm

import (
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

func TestBootsRebootsAndSurvivesAPowerCut(t *testing.T) {
	v := Boot(t, lab.Bookworm)
	if got := v.Must(t, "stat", "-fc", "%T", "/sys/fs/cgroup"); got != "cgroup2fs" {
		t.Errorf("cgroups are %s", got)
	}
	boot := v.Must(t, "cat", "/proc/sys/kernel/random/boot_id")
	v.Must(t, "sh", "-c", "echo kept >/var/lib/kept; sync")
	if err := v.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := v.PowerCut(); err != nil {
		t.Fatal(err)
	}
	if err := v.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := v.Must(t, "cat", "/proc/sys/kernel/random/boot_id"); again == boot {
		t.Error("it did not boot again")
	}
	if got := v.Must(t, "cat", "/var/lib/kept"); got != "kept" {
		t.Errorf("file after the power cut: %q", got)
	}
}
