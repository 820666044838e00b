package units

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/godbus/dbus/v5"
)

// GitPrefix begins the name of every unit that runs git for an application's repository.
const GitPrefix = "nexushub-git-"

// GitState is below /var/lib: the repositories, one folder for each instance.
const GitState = "nexushub-git"

// What git may use for one request. A repository is as large as what was pushed to it.
const (
	gitMemory  = 1 << 30
	gitTasks   = 64
	gitTimeout = time.Hour // a push waits for the application that it deploys
)

// Git is one run of git in the repository of an instance. It has a user, a state folder and a
// sandbox of its own, no network, and nothing of NexusHub but its three streams.
type Git struct {
	Name     string // slug of the application
	Instance string // UUID
	Run      string // tells the runs of an instance apart
	Script   string // for /bin/sh, in the state folder of the instance
	Config   [][2]string
	FileSize uint64 // of one file, in bytes
	Scratch  bool   // works in its /tmp, which ends with it, and leaves nothing

	Stdin, Stdout, Stderr *os.File // PID 1 gets copies
}

// UnitName is the name of the service that runs it.
func (g Git) UnitName() string { return GitPrefix + g.Name + "-" + g.Run + ".service" }

// user is another than that of the application, which must not read its source.
func (g Git) user() string { return "ng-" + Spec{Instance: g.Instance}.user()[len("nh-"):] }

// properties of the service. Source of names and types: see Properties.
func (g Git) properties(caps Capabilities) []Property {
	var p properties
	p.set("Description", "git for the application "+g.Name)
	p.set("Slice", Slice)
	p.set("CollectMode", "inactive-or-failed")
	p.set("Type", "exec")
	p.set("NotifyAccess", "none")
	p.set("RuntimeMaxUSec", uint64(gitTimeout.Microseconds()))
	p.set("TimeoutStopUSec", usec(5))
	if g.Scratch {
		p.set("WorkingDirectory", "/tmp")
	} else {
		p.set("StateDirectory", []string{GitState + "/" + g.Instance})
		p.set("StateDirectoryMode", uint32(0o700))
		p.set("WorkingDirectory", "/var/lib/"+GitState+"/"+g.Instance)
	}
	p.set("Environment", g.Environment())
	p.set("StandardInputFileDescriptor", dbus.UnixFD(g.Stdin.Fd()))
	p.set("StandardOutputFileDescriptor", dbus.UnixFD(g.Stdout.Fd()))
	p.set("StandardErrorFileDescriptor", dbus.UnixFD(g.Stderr.Fd()))
	p.set("ExecStart", []execCommand{literal([]string{"/bin/sh", "-c", g.Script})})
	p.set("CPUWeight", uint64(buildWeight))
	p.set("IOWeight", uint64(buildWeight))
	p.set("OOMScoreAdjust", int32(500)) // before any application
	p.set("MemoryMax", uint64(gitMemory))
	p.set("TasksMax", uint64(gitTasks))
	p.set("LimitFSIZE", g.FileSize)
	p.set("LimitCORE", uint64(0))
	g.sandbox(&p)
	return caps.supported(p)
}

// Environment has the configuration, so that no file of the host or of the repository says other.
func (g Git) Environment() []string {
	out := []string{"HOME=/tmp", "LANG=C.UTF-8", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(g.Config))}
	for i, pair := range g.Config {
		out = append(out, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, pair[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, pair[1]))
	}
	return out
}

func (g Git) sandbox(p *properties) {
	s := Spec{Network: NetworkSocket}
	p.set("DynamicUser", true)
	p.set("User", g.user())
	p.set("UMask", uint32(0o077))
	s.capabilities(p)
	s.kernel(p)
	s.systemCalls(p)
	p.set("ProtectHome", "yes")
	p.set("ProtectProc", "invisible")
	p.set("InaccessiblePaths", append(s.inaccessible(), servers...))
	p.set("PrivateNetwork", true)
	p.set("RestrictAddressFamilies", filter{Allow: true, Names: []string{"AF_UNIX"}})
}

// StartGit starts it. It ends by itself when its streams do; StopGit ends it before.
func (m *Manager) StartGit(ctx context.Context, g Git) error {
	s := Spec{Name: g.Name, Instance: g.Instance, Directory: "/", Exec: []string{"/bin/sh"}}
	if err := errors.Join(s.checkNames(), s.checkCommand()); err != nil {
		return fmt.Errorf("%w: %w", ErrSpec, err)
	}
	// Its streams tell what becomes of it, and may do so before its job has a result.
	var job dbus.ObjectPath
	args := []any{g.UnitName(), "replace", g.properties(m.Capabilities()), []unit{}}
	if err := m.callOnce(ctx, systemdPath, managerInterface+"StartTransientUnit", args, &job); err != nil {
		return fmt.Errorf("start %s: %w", g.UnitName(), err)
	}
	return nil
}

// StopGit ends it, if it still runs.
func (m *Manager) StopGit(ctx context.Context, g Git) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), margin)
	defer cancel()
	if err := m.Stop(ctx, g.UnitName()); err != nil && !errors.Is(err, ErrNoSuchUnit) {
		m.opts.log.WarnContext(ctx, "git could not be stopped", "unit", g.UnitName(), "error", err)
	}
}
