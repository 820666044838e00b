package vm

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nexushub/nexushub/test/lab"
)

// reached are addresses that the machine has itself, and what may be reached of them: by an application with
// sandbox.internet, and by one with a named network.
var reached = []struct {
	addr            string
	internet, named bool
}{
	{"93.184.215.14", true, false},
	{"2606:2800:21f::14", true, false},
	{"64:ff9b::808:808", true, false}, // 8.8.8.8, translated
	{"127.0.0.1", true, true},
	{"::1", true, true},
	{nameServer, true, true},
	{"192.168.77.2", false, false},
	{"10.1.2.3", false, true}, // named
	{"10.1.3.3", false, false},
	{"172.20.0.1", false, false},
	{"100.64.0.1", false, false},
	{"169.254.169.254", false, false},
	{"::ffff:169.254.169.254", false, false},
	{"64:ff9b::a9fe:a9fe", false, false},
	{"2002:a01:203::1", false, false},
	{"fd00:ec2::254", false, false},
}

const nameServer = "192.168.77.1"

// askNames has the host ask a name server.
func (v *VM) askNames(t *testing.T, server string) {
	t.Helper()
	v.Must(t, "sh", "-c", "rm -f /etc/resolv.conf; echo nameserver "+server+" >/etc/resolv.conf")
}

// In a container the filter has no effect: here it has.
func TestApplicationsReachWhatIsOpenToThem(t *testing.T) {
	deb := lab.MustDeb(t)
	v := Boot(t, lab.Bookworm)
	v.MustInstall(t, deb)
	v.askNames(t, nameServer)
	for _, r := range reached {
		if !strings.HasPrefix(r.addr, "::") && r.addr != "127.0.0.1" {
			v.Must(t, "ip", "address", "add", r.addr, "dev", "lo")
		}
	}
	for i, sandbox := range []string{"", "internet = true", `networks = ["10.1.2.0/24"]`, "network = true"} {
		text := fmt.Sprintf("instance_id = \"7d9dd7f6-6d3f-4b64-9a27-0f0c9b4f7d0%d\"\nhost_name = \"n%d.yesterday.localhost\"\n"+
			"exec = [\"/bin/sleep\", \"infinity\"]\nhealth.type = \"none\"\npackage = \"/srv\"\n[sandbox]\n%s\n", i, i, sandbox)
		if err := v.WriteFile(t.Context(), fmt.Sprintf("/etc/nexushub/apps.d/n%d.toml", i), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	v.Must(t, "systemctl", "reload", "nexushubd")
	for i, want := range []func(int) bool{
		func(n int) bool { return reached[n].addr == "127.0.0.1" || reached[n].addr == "::1" },
		func(n int) bool { return reached[n].internet },
		func(n int) bool { return reached[n].named },
		func(int) bool { return true },
	} {
		got := v.reaches(t, fmt.Sprintf("n%d", i))
		for n, r := range reached {
			if got[r.addr] != want(n) {
				t.Errorf("application %d: %s is open: %v, want %v", i, r.addr, got[r.addr], want(n))
			}
		}
	}
	t.Run("builds", v.buildsReach) // at last, as it changes the name server
}

// reaches asks from the sandbox of an application, by a shell that connects to the proxy, which listens everywhere.
func (v *VM) reaches(t *testing.T, app string) map[string]bool {
	t.Helper()
	// The kernel says nothing to who connects where the filter drops: it tries on.
	const connect = `for a; do timeout 20 bash -c "exec 3<>/dev/tcp/$a/8443" 2>/dev/null && echo $a & done; wait; echo end`
	argv := []string{"nexushub", "exec", app, "--", "bash", "-c", connect, "connect"}
	for _, r := range reached {
		argv = append(argv, r.addr)
	}
	lab.Eventually(t, app+" runs", func() error {
		state := v.Must(t, "sh", "-c", "nexushub status "+app+" || true")
		return lab.Unless(strings.Contains(state, "running"), "%s", state)
	})
	out := v.Must(t, argv...)
	if !strings.HasSuffix(strings.TrimSpace(out), "end") {
		t.Fatalf("%s says %s", app, out)
	}
	open := map[string]bool{}
	for addr := range strings.FieldsSeq(out) {
		open[addr] = true
	}
	return open
}

// buildsReach: of the host itself a build reaches nothing, and its name server must not be there.
func (v *VM) buildsReach(t *testing.T) {
	var list []string
	for _, r := range reached {
		list = append(list, r.addr)
	}
	command := `for a in ` + strings.Join(list, " ") + `; do timeout 20 bash -c "exec 3<>/dev/tcp/$a/8443" 2>/dev/null ` +
		`&& echo open:$a & done; wait; echo open:end`
	for _, c := range []struct{ name, more, allowed string }{
		{"plain", "", ""}, {"named", `network.allow = ["10.1.2.0/24", "127.0.0.1/32"]`, "10.1.2.3 127.0.0.1"},
	} {
		v.Must(t, "mkdir", "-p", "/srv/"+c.name)
		text := "static.folder = \".\"\n[build]\ncommand = '''" + command + "'''\n" + c.more + "\n"
		for name, text := range map[string]string{"index.html": "x", "nexushub.toml": text} {
			if err := v.WriteFile(t.Context(), "/srv/"+c.name+"/"+name, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		v.askNames(t, nameServer)
		if out := v.Must(t, "sh", "-c", "nexushub deploy /srv/"+c.name+" 2>&1 || true"); !strings.Contains(out,
			"the name server of this host is this host itself") {
			t.Errorf("with a name server here: %s", out)
		}
		v.askNames(t, "192.168.77.9") // elsewhere
		v.Must(t, "nexushub", "deploy", "/srv/"+c.name)
		out := v.Must(t, "nexushub", "logs", "--build", "-n", "all", "-o", "cat", c.name)
		if !strings.Contains(out, "open:end") {
			t.Fatalf("the build says %s", out)
		}
		for _, r := range reached {
			here := strings.HasPrefix(r.addr, "127.") || r.addr == "::1" || r.addr == nameServer
			want := r.internet && !here || slices.Contains(strings.Fields(c.allowed), r.addr)
			if got := strings.Contains(out+"\n", "open:"+r.addr+"\n"); got != want {
				t.Errorf("%s: %s is open: %v, want %v", c.name, r.addr, got, want)
			}
		}
	}
}
