package build

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/agent"
	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/units"
)

// version is raised when builds are run in another way, so that the same source is built again.
const version = 1

// keyOf names the release that a build would make. It is the application's own: what its cache holds,
// and another has put there, decides nothing about a release of the same source elsewhere. Nor is it that of
// somebody else who deploys the application.
func keyOf(o Order, source string, how detect.Build, tools []string) string {
	what := how
	what.Tools, what.Timeout, what.Limits = nil, 0, how.Limits // they change nothing about what comes out
	what.Limits.Memory, what.Limits.Tasks, what.Limits.CPU = 0, 0, 0
	text, err := json.Marshal(what)
	if err != nil { // strings and lists always encode
		text = []byte(err.Error())
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "build %d\n%s\n%q\n%s\n%s\n", version, o.Instance, o.By, source, text)
	for _, t := range slices.Sorted(slices.Values(tools)) {
		fmt.Fprintf(sum, "%q\n", t)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func refused(why string) error { return fmt.Errorf("%s: %w", why, api.Invalid) }

// excesses says what of a build this host does not give.
func (b *Builder) excesses(conf *config.Config, how detect.Build) string {
	var faults []string
	above := func(key string, asked, most uint64, a, m any) {
		if most != 0 && asked > most {
			faults = append(faults, fmt.Sprintf("%s asks for %v, and %v is the most that this host gives (nexushub.toml(5))", key, a, m))
		}
	}
	most := conf.Build
	above("build.timeout", uint64(how.Timeout), uint64(most.Timeout), how.Timeout.Std(), most.Timeout.Std())
	above("build.limits.memory", uint64(how.Limits.Memory), uint64(most.Memory), how.Limits.Memory, most.Memory)
	above("build.limits.tasks", uint64(how.Limits.Tasks), uint64(most.Tasks), how.Limits.Tasks, most.Tasks)
	above("build.limits.cpu", uint64(how.Limits.CPU), uint64(most.CPU), how.Limits.CPU, most.CPU)
	if !conf.Policy.Internet && len(how.Network.Allow) > 0 {
		faults = append(faults, "build.network.allow asks for connections beyond this host, which it forbids (policy.internet)")
	}
	if !b.o.Units.Capabilities().IPFilters && !conf.Build.Unfiltered {
		faults = append(faults, "this host cannot filter connections, so a build could reach what listens on it and around it: "+
			"build elsewhere and deploy the result, or set build.unfiltered = true in nexushub.toml; what needs no build says "+
			"build.enabled = false in its own")
	}
	return strings.Join(faults, "; ")
}

// network decides what a build reaches. Without policy.internet it is nothing.
func (b *Builder) network(conf *config.Config, how detect.Build) (n network, err error) {
	if !conf.Policy.Internet {
		return n, nil
	}
	n.internet = true
	for _, text := range how.Network.Allow {
		if p, err := netip.ParsePrefix(text); err == nil { // else refused before
			n.allowed = append(n.allowed, p)
		}
	}
	if conf.Build.ResolvConf != "" {
		n.resolvConf = conf.Build.ResolvConf
		n.resolvers, err = serversOf(conf.Build.ResolvConf, readFile(conf.Build.ResolvConf))
		return n, err
	}
	var ok bool
	if n.resolvers, ok = usable(readFile(resolvConf), isThisHost); ok || conf.Build.Unfiltered {
		return n, nil
	}
	if n.resolvers, ok = usable(readFile(behindTheOne), isThisHost); ok && len(n.resolvers) > 0 {
		n.resolvConf = behindTheOne
		return n, nil
	}
	return n, refused("the name server of this host is this host itself, which is closed to builds: write a file that " +
		"names another, and its path as build.resolv_conf into nexushub.toml")
}

// usable are the name servers that a build may ask: not this host itself, at whatever address, of
// which every other service would be open with it, because the filter knows no ports.
func usable(text string, isThisHost func(netip.Addr) bool) (servers []netip.Addr, ok bool) {
	servers, _ = agent.NameServers(text)
	return servers, !slices.ContainsFunc(servers, func(a netip.Addr) bool { return a.IsLoopback() || isThisHost(a) })
}

// isThisHost asks the kernel, which lets a socket have an address of the host alone.
func isThisHost(a netip.Addr) bool {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
	if err != nil {
		return false
	}
	c.Close()
	return true
}

func serversOf(path, text string) ([]netip.Addr, error) {
	servers, ok := usable(text, isThisHost)
	if !ok || len(servers) == 0 {
		return nil, refused(path + " (build.resolv_conf) names no name server, or this host itself, which is closed to builds")
	}
	return servers, nil
}

// Failure is a build that was run and has made no release.
type Failure struct {
	Why   string
	Cause error
}

func (f *Failure) Error() string { return f.Why }

// Unwrap gives what was wrong with the output.
func (f *Failure) Unwrap() error { return f.Cause }

// killed says that the command, or what a shell ran in it, got signal 9.
func killed(e units.Exit) bool {
	return e.Code == units.CodeExited && e.Status == 128+9 || e.Code == units.CodeKilled && e.Status == 9
}

// failed says in words why a build has ended otherwise than well; nil: it has not.
func failed(s units.Status, u units.Build, most config.Build) error {
	switch s.Result {
	case "success":
		return nil
	case "timeout":
		return &Failure{Why: fmt.Sprintf("the build took longer than %s (build.timeout; the host's most is %s) and was ended",
			u.Timeout, most.Timeout.Std())}
	case "oom-kill":
		return &Failure{Why: fmt.Sprintf("the build needed more memory than %d MiB (build.limits.memory; the host's most is %s)",
			u.Memory>>20, most.Memory)}
	}
	why := "the build failed: " + s.LastExit.String()
	if killed(s.LastExit) {
		why += fmt.Sprintf(", as the kernel does where memory runs out (build.limits.memory was %d MiB)", u.Memory>>20)
	}
	return &Failure{Why: why}
}
