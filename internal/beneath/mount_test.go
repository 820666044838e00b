package beneath

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMountPointsAreSeen(t *testing.T) {
	d, err := Open("/")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for name, want := range map[string]bool{"proc": true, "etc": false} {
		if got, err := d.MountPoint(name); got != want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestALockIsHeldOnce(t *testing.T) {
	tr := plant(t)
	if err := errors.Join(tr.TryLock(), tr.SyncFilesystem()); err != nil {
		t.Fatal(err)
	}
	other, err := Open(tr.own)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.TryLock(); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("a second lock: %v", err)
	}
	if err := tr.Close(); err != nil {
		t.Fatal(err)
	}
	if err := other.TryLock(); err != nil {
		t.Error(err)
	}
}

func TestSpaceIsCounted(t *testing.T) {
	tr := plant(t)
	s, err := tr.Space()
	if err != nil || s.Free <= 0 || s.Free > s.Total || s.FreeInodes <= 0 {
		t.Errorf("got %+v, %v", s, err)
	}
}
