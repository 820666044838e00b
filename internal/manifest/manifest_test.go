package manifest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

const whole = `
exec = ["bin/app", "--verbose"]
network = "socket"
stop_timeout = "7s"
replace = "stop-first"
state_dir = false
proxy_all = true
idle_timeout = "1h"
env = { GREETING = "hello" }
health = { type = "tcp", interval = "5s", timeout = "1s", failures = 3, start_period = "2m" }
[limits]
memory = "64M"
tasks = 32
cpu = 150
[sandbox]
writable_code = true
network = true
[static]
spa_fallback = true
`

func TestParseWhole(t *testing.T) {
	m, err := Parse(FileName, []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	no := false
	want := Manifest{
		Exec: []string{"bin/app", "--verbose"}, Network: "socket", StopTimeout: Duration(7 * time.Second),
		Replace: "stop-first", StateDir: &no, ProxyAll: true, IdleTimeout: Duration(time.Hour),
		Env: map[string]string{"GREETING": "hello"},
		Health: Health{Type: "tcp", Interval: Duration(5 * time.Second), Timeout: Duration(time.Second), Failures: 3,
			StartPeriod: Duration(2 * time.Minute)},
		Limits:  Limits{Memory: 64 << 20, Tasks: 32, CPU: 150},
		Sandbox: Sandbox{WritableCode: true, Network: true}, Static: Static{SPAFallback: true},
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got  %+v\nwant %+v", m, want)
	}
	if got := m.Sandbox.Loosenings(); !reflect.DeepEqual(got, []string{"network", "writable_code"}) {
		t.Errorf("loosenings %v", got)
	}
}

func TestParseNamesTheFault(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"exec = \"bin/app\"", "nexushub.toml:1: exec = \"bin/app\": must be a list"},
		{"\nlimits.memory = \"2M\"", "nexushub.toml:2: limits.memory = \"2M\": must be at least 4M"},
		{"health = { path = \"x\" }", "nexushub.toml:1: health.path = \"x\": must begin with '/' and hold no space or '#'"},
		{"env = { INTERNAL_SECRET = \"x\" }", "nexushub.toml:1: env.INTERNAL_SECRET = \"x\": is set by NexusHub and cannot be changed"},
		{`sandbox.networks = ["10.1.2.3"]`, "nexushub.toml:1: sandbox.networks = [10.1.2.3]: " +
			`"10.1.2.3" must be an address with a length, such as "10.1.2.0/24" or "10.1.2.3/32"`},
		{`sandbox.networks = ["10.1.2.3/24"]`, "nexushub.toml:1: sandbox.networks = [10.1.2.3/24]: " +
			`"10.1.2.3/24" has bits behind its length: write "10.1.2.0/24" for the network, or a length of 32 for the address`},
		{`sandbox.networks = ["0.0.0.0/0"]`, "nexushub.toml:1: sandbox.networks = [0.0.0.0/0]: " +
			`"0.0.0.0/0" is larger than a /8 (IPv4) or /16 (IPv6): sandbox.internet opens public addresses, sandbox.network everything`},
		{`static.folder = "../x"`, "nexushub.toml:1: static.folder = \"../x\": " +
			`must be a folder of the package such as "dist", or "." for all of it`},
		{"helth = 1", "nexushub.toml:1: helth = 1: unknown key (did you mean \"health\"?)"},
		{`access = "public"`, "nexushub.toml:1: access = \"public\": must be one of areas, open, private"},
		{`roles = ["ops"]`, `nexushub.toml:1: roles = [ops]: needs access = "private" beside it`},
		{"access = \"private\"\nroles = [\"a,b\"]", "nexushub.toml:2: roles = [a,b]: a role is up to 64 letters, digits or ._:@/+-"},
		{"state_dir = \"yes\"", "nexushub.toml:1: state_dir = \"yes\": must be true or false, without quotes"},
	} {
		_, err := Parse(FileName, []byte(c.in))
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: %v\nwant %s", c.in, err, c.want)
		}
	}
}

// What the kernel or PID 1 would refuse only at the start is refused here.
func TestParseBoundsCommandAndEnvironment(t *testing.T) {
	long := strings.Repeat("x", maxWord+1)
	for in, want := range map[string]string{
		"exec = [\"bin/app\"" + strings.Repeat(", \"a\"", maxWords) + "]": "more than 1000 arguments",
		"exec = [\"bin/app\", \"" + long + "\"]":                          "longer than 131071 bytes",
		"env = { A = \"" + long + "\" }":                                  "longer than 131071 bytes",
		"[env]\n" + variables(maxWords+1):                                 "more than 1000 variables",
		`exec = ["bin/app", "\u0000"]`:                                    "NUL",
		`exec = ["bin/app", "\uFFFE"]`:                                    "must not hold U+FFFE",
		`env = { A = "x\uFDD0" }`:                                         "must not hold U+FDD0",
		`env = { A = "\U0001FFFF" }`:                                      "must not hold U+1FFFF",
		`env = { A = "\u001b[0m" }`:                                       "without control characters",
		`env = { A = "a\nb" }`:                                            "one line",
	} {
		if _, err := Parse(FileName, []byte(in)); err == nil || !strings.Contains(err.Error(), want) ||
			len(err.Error()) > 1000 {
			t.Errorf("%.40s: got %.1000v, want %q", in, err, want)
		}
	}
}

func variables(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "V%d = \"\"\n", i)
	}
	return b.String()
}

func TestOverKeepsWhatIsNotSaid(t *testing.T) {
	base := Default()
	base.Env = map[string]string{"A": "1", "B": "1"}
	m := Manifest{Env: map[string]string{"B": "2"}, Health: Health{Path: "/up"}}.Over(base)
	if m.Env["A"] != "1" || m.Env["B"] != "2" || m.Health.Path != "/up" || m.Health.Failures != 2 || m.Network != "port" {
		t.Errorf("merged: %+v", m)
	}
	if base.Env["B"] != "1" {
		t.Error("the base was changed")
	}
}

func TestBytes(t *testing.T) {
	for in, want := range map[string]Bytes{"64M": 64 << 20, "1GiB": 1 << 30, "10": 10, "3kb": 3 << 10} {
		var b Bytes
		if err := b.UnmarshalText([]byte(in)); err != nil || b != want {
			t.Errorf("%q = %d, %v; want %d", in, b, err, want)
		}
	}
	for _, in := range []string{"", "M", "-1M", "1.5G", "99999999999T"} {
		var b Bytes
		if err := b.UnmarshalText([]byte(in)); err == nil {
			t.Errorf("%q accepted as %d", in, b)
		}
	}
	if got := Bytes(1536 << 20).String(); got != "1536M" {
		t.Errorf("String() = %q", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("[health]\npath = 3"))
	f.Add([]byte("a.b.c = [1, {x = 2}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := Parse(FileName, data)
		if err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Error("an error without words")
		}
	})
}
