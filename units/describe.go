package units

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/godbus/dbus/v5"
)

// TransientDir is where PID 1 keeps the files of the units that it was given.
const TransientDir = "/run/systemd/transient"

// condition keeps PID 1 from running what it is only to describe.
type condition struct { // (sbbs)
	Name             string
	Trigger, Negated bool
	Parameter        string
}

// Describe returns the unit's file that PID 1 would write for a Spec, also where nothing
// of it runs: PID 1 gets the unit under another name and with a condition that never
// holds, writes its file, and forgets it. Nothing of the unit's is executed or created.
// Errors wrap ErrSpec, ErrTimeout or ErrDisconnected.
func (m *Manager) Describe(ctx context.Context, s Spec, place Placement) (string, error) {
	app, err := Properties(s, place, m.Capabilities())
	if err != nil {
		return "", err
	}
	var text []byte
	err = m.retryLost(ctx, func() (err error) {
		text, err = m.describe(ctx, described(app))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("describe %s: %w", s.UnitName(), err)
	}
	return string(text), s.mayPrepareGuest()
}

// describe uses a name of its own each time, for a lost answer says nothing of the unit.
func (m *Manager) describe(ctx context.Context, app properties) ([]byte, error) {
	name := "nexushub-describe-" + rand.Text() + ".service"
	defer m.release(context.WithoutCancel(ctx), name)
	// The file is there with the answer; what becomes of the job does not matter.
	var job dbus.ObjectPath
	if err := m.callOnce(ctx, systemdPath, managerInterface+"StartTransientUnit", []any{name, "replace", app, []unit{}},
		&job); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(TransientDir, name))
}

// described leaves out what would tie the unit to the application in the journal.
func described(app []Property) properties {
	var p properties
	for _, property := range app {
		if property.Name != "LogExtraFields" {
			p = append(p, property)
		}
	}
	p.set("Conditions", []condition{{"ConditionPathExists", false, true, "/"}})
	return p
}

// mayPrepareGuest makes the root folder of a guest that does not run, so that a command
// can: the folder of one that runs must not be touched.
func (s Spec) mayPrepareGuest() error {
	if s.Network != NetworkGuest {
		return nil
	}
	if _, err := os.Stat(guestRoot(s.UnitName())); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return s.prepareGuest()
}
