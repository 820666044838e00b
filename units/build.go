package units

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/nexushub/nexushub/internal/publicnet"
)

// BuildPrefix begins the name of every unit that builds an application's release.
const BuildPrefix = "nexushub-build-"

// BuildSlice is the cgroup in which all builds live together, beside that of applications.
const BuildSlice = "nexushub-builds.slice"

// BuildRoot is below /var/cache where builds work and keep what they fetched. PID 1 gives each
// folder in it to the user of its unit.
const BuildRoot = "nexushub-builds"

// buildWeight is a fifth of an application's share of processors and disks, where those are scarce.
const buildWeight = 20

// Build is one run of a command that makes a release of source. It has a user, a network and a
// sandbox of its own, and nothing of NexusHub: no secret, no state, no socket.
type Build struct {
	Name     string // slug of the application
	Instance string // UUID
	Key      string // hash of what is built and how
	Command  string // for /bin/sh

	Work      string // folder of BuildRoot with tree and tmp, which PID 1 hands over
	Cache     string // folder of BuildRoot that stays; empty: home in Work
	Directory string // where the tree is seen: where the release will lie
	Hide      string // a folder around Directory of which nothing else is seen

	Env      map[string]string
	Timeout  time.Duration
	Memory   uint64
	Tasks    uint64
	CPU      int    // percent, 0: no limit
	FileSize uint64 // of one file

	Internet   bool // it may connect to public addresses
	Networks   []netip.Prefix
	Resolvers  []netip.Addr
	ResolvConf string // is seen as /etc/resolv.conf; empty: the host's
}

// UnitName is the name of the service that runs it.
func (b Build) UnitName() string { return BuildPrefix + b.Name + "-" + b.Key[:8] + ".service" }

// BuildLog is under which name an instance's builds are in the journal: their lines are none of the
// application's own log.
func BuildLog(instance string) string { return "build-" + instance }

// user is another than that of the application, whose state it would own otherwise.
func (b Build) user() string { return "nb-" + Spec{Instance: b.Instance}.user()[len("nh-"):] }

// properties of the service. Source of names and types: see Properties.
func (b Build) properties(caps Capabilities) []Property {
	var p properties
	b.identity(&p)
	b.command(&p)
	b.limits(&p, caps)
	b.sandbox(&p)
	b.files(&p)
	b.network(&p)
	return caps.supported(p)
}

func (b Build) identity(p *properties) {
	p.set("Description", "NexusHub build of "+b.Name)
	p.set("Slice", BuildSlice)
	p.set("CollectMode", "inactive")
	p.set("AddRef", true)
	p.set("LogExtraFields", [][]byte{
		[]byte("NEXUSHUB_APP=" + b.Name), []byte("NEXUSHUB_INSTANCE=" + BuildLog(b.Instance)),
		[]byte("NEXUSHUB_KIND=build"), []byte("NEXUSHUB_BUILD=" + b.Key),
	})
}

func (b Build) command(p *properties) {
	p.set("Type", "exec")
	p.set("NotifyAccess", "none")
	p.set("Restart", "no")
	p.set("RemainAfterExit", true) // to be read; what it has left running ends when it is stopped
	p.set("RuntimeMaxUSec", uint64(b.Timeout.Microseconds()))
	p.set("TimeoutStartUSec", usec(60))
	p.set("TimeoutStopUSec", usec(5))
	p.set("WorkingDirectory", b.Directory)
	env := []string{"HOME=" + b.home(), "LANG=C.UTF-8", "TMPDIR=/tmp", "CI=true"}
	p.set("Environment", append(env, sortedVariables(b.Env)...))
	p.set("SyslogIdentifier", "build")
	p.set("SyslogLevelPrefix", false)
	// What tells more in ten seconds tells nobody anything.
	p.set("LogRateLimitIntervalUSec", usec(10))
	p.set("LogRateLimitBurst", uint32(5000))
	p.set("ExecStart", []execCommand{literal([]string{"/bin/sh", "-ec", b.Command})})
}

// home has the caches of npm, pip, Maven and the like, which all keep them there.
func (b Build) home() string {
	if b.Cache != "" {
		return filepath.Join("/var/cache", BuildRoot, b.Cache)
	}
	return filepath.Join("/var/cache", BuildRoot, b.Work, "home")
}

func (b Build) limits(p *properties, caps Capabilities) {
	p.set("CPUAccounting", true)
	p.set("CPUWeight", uint64(buildWeight))
	p.set("IOWeight", uint64(buildWeight))
	p.set("OOMScoreAdjust", int32(500)) // before any application
	p.set("LimitNOFILE", uint64(65536))
	p.set("LimitNOFILESoft", uint64(65536))
	p.set("LimitCORE", uint64(0))
	p.set("LimitFSIZE", b.FileSize)
	p.set("MemoryMax", b.Memory)
	if caps.UnifiedCgroups {
		p.set("MemorySwapMax", uint64(0))
		p.set("OOMPolicy", "kill")
	}
	p.set("TasksMax", b.Tasks)
	if b.CPU > 0 {
		p.set("CPUQuotaPerSecUSec", uint64(b.CPU)*10_000)
	}
}

// sandbox is an application's with machine code that is made while it runs, as every tool for
// JavaScript and Java needs it.
func (b Build) sandbox(p *properties) {
	s := Spec{Network: NetworkPort, Loosen: []string{"writable_code"}}
	p.set("DynamicUser", true)
	p.set("User", b.user())
	p.set("UMask", uint32(0o022))
	s.capabilities(p)
	s.kernel(p)
	s.systemCalls(p)
	p.set("ProtectProc", "invisible")
}

// files: it sees the host's programs, and of its own the tree, at the place where the release will
// lie, so that paths which a tool writes down stay true. /tmp counts as work, too.
func (b Build) files(p *properties) {
	work := filepath.Join("/var/cache/private", BuildRoot, b.Work)
	folders := []string{filepath.Join(BuildRoot, b.Work)}
	if b.Cache != "" {
		folders = append(folders, filepath.Join(BuildRoot, b.Cache))
	}
	p.set("CacheDirectory", folders)
	p.set("CacheDirectoryMode", uint32(0o700))
	home := map[bool]string{true: "tmpfs", false: "yes"}[homeOf(b.Hide) != ""]
	p.set("ProtectHome", home)
	hidden := []tmpfs{{b.Hide, "ro,mode=0755"}}
	if at := homeOf(b.Hide); at != "" {
		hidden = append(hidden, tmpfs{at, "ro,mode=0755"})
	}
	p.set("TemporaryFileSystem", hidden)
	p.set("BindPaths", []bindMount{
		{Source: work + "/tree", Target: b.Directory},
		{Source: work + "/tmp", Target: "/tmp"},
		{Source: work + "/tmp", Target: "/var/tmp"},
	})
	if b.ResolvConf != "" {
		p.set("BindReadOnlyPaths", []bindMount{{Source: b.ResolvConf, Target: "/etc/resolv.conf"}})
	}
	s := Spec{Network: NetworkPort}
	p.set("InaccessiblePaths", append(s.inaccessible(), servers...))
}

// servers are what applications may use, and a build or git has no business with.
var servers = []string{"-/etc/nexushub", "-/var/lib/nexushub-proxy", "-" + databaseSocket, "-/run/mysqld", "-/run/redis",
	"-/run/memcached", "-/run/php", "-/run/docker.sock", "-/run/containerd"}

// network: what an application with sandbox.internet reaches, but the host itself: whatever
// listens on the loopback interface trusts who can reach it.
func (b Build) network(p *properties) {
	p.set("RestrictAddressFamilies", filter{Allow: true, Names: []string{"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK"}})
	denied := everywhere
	if b.Internet {
		denied = publicnet.Not
	}
	allowed := append([]netip.Prefix{}, b.Networks...)
	for _, server := range b.Resolvers {
		allowed = append(allowed, netip.PrefixFrom(server, server.BitLen()))
	}
	filterAddresses(p, denied, allowed)
}

// Building is how often a build that runs is looked at.
const Building = 500 * time.Millisecond

// RunBuild runs a build to its end, which the Status tells. What look says while it runs ends it,
// and so does ctx; either is the error then. Nothing of the unit is left in any case.
func (m *Manager) RunBuild(ctx context.Context, b Build, look func() error) (Status, error) {
	if err := b.check(); err != nil {
		return Status{}, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	st, err := m.runBuild(ctx, b, look)
	if err != nil && ctx.Err() != nil {
		return Status{}, context.Cause(ctx)
	}
	return st, err
}

func (m *Manager) runBuild(ctx context.Context, b Build, look func() error) (Status, error) {
	name := b.UnitName()
	defer m.clean(ctx, name)
	err := m.startTransient(ctx, unit{name, b.properties(m.Capabilities())}, nil)
	if err != nil && !errors.Is(err, ErrJob) { // else it has ended already, and says how
		return Status{}, fmt.Errorf("start %s: %w", name, err)
	}
	tick := time.NewTicker(Building)
	defer tick.Stop()
	for {
		rows, err := m.listUnits(ctx, name)
		switch {
		case err != nil && ctx.Err() == nil && !errors.Is(err, ErrDisconnected):
			return Status{}, err
		case err == nil && len(rows) == 0:
			return Status{}, fmt.Errorf("%w: %s is gone", ErrNoSuchUnit, name)
		case err == nil && over(rows[0]):
			return m.readStatus(ctx, rows[0])
		}
		if err := look(); err != nil {
			return Status{}, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return Status{}, context.Cause(ctx)
		}
	}
}

func over(r row) bool {
	ended := r.Active == "inactive" || r.Active == "failed" || r.Active == "active" && r.Sub == "exited"
	return ended && r.JobID == 0
}

// StopBuilds ends the builds of an agent that is gone: nobody waits for them.
func (m *Manager) StopBuilds(ctx context.Context) error {
	rows, err := m.listUnits(ctx, BuildPrefix+"*.service")
	if err != nil {
		return err
	}
	var faults []error
	for _, r := range rows {
		faults = append(faults, m.stopOne(ctx, r.Name))
	}
	return errors.Join(faults...)
}

func (b Build) check() error {
	s := Spec{Name: b.Name, Instance: b.Instance, Directory: b.Directory, Env: b.Env, Exec: []string{"/bin/sh", b.Command}}
	if err := errors.Join(s.checkNames(), s.checkCommand(), s.checkEnv()); err != nil {
		return err
	}
	if len(b.Key) < 8 || !idForm.MatchString(b.Key) || !idForm.MatchString(b.Work) || !under(b.Directory, b.Hide) {
		return fmt.Errorf("build %q in %q at %q: has no proper place", b.Key, b.Work, b.Directory)
	}
	return nil
}
