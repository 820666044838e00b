package output

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/internal/problem"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newPrinter() (*Printer, *bytes.Buffer) {
	out := &bytes.Buffer{}
	return &Printer{Stdout: out, Stderr: out, Now: func() time.Time { return now }}, out
}

func at(d time.Duration) *time.Time {
	t := now.Add(d)
	return &t
}

var shop = api.App{
	ID: "3bf3e3c0-6e51-482a-b180-00f6aa568ee9", Name: "shop", DisplayName: "The Shop", HostName: "shop.example.org", Kind: "static",
	URL: "https://shop.example.org/", Route: "down", State: api.StateBackingOff, Since: now.Add(-90 * time.Second), Why: "it exited",
	Attempt:  2,
	NextTry:  at(5 * time.Second),
	LastExit: "exit code 1\nlast line",
	Unit:     "nexushub-app-shop-1.service",
	PID:      42,
	Port:     10001,
	Release:  "abcdef0123456789",
	Revision: "0123456789abcdef",
	Restarts: 3,
	Memory:   1536 << 10,
	CPUNSec:  2_340_000_000,
	Tasks:    7,
	Requests: 12, InFlight: 1, ExpiresAt: at(time.Hour), DropIns: []string{"/etc/x.conf"},
	Withheld:   []string{"variable API is not given to the application: it was set by token ci"},
	Unreadable: []string{"/srv/s: _nexushub-proxy may not enter it (mode 0700, owner root): chmod o+x /srv/s"},
	Exposure:   new(float64),
	Health: api.Health{
		Status:         api.Unhealthy,
		LastStatusCode: 500,
		Latency:        1234567,
		CheckedAt:      at(-time.Second),
		Error:          "boom",
	},
}

// many has processes, one of them with a replica of the revision before.
var many = api.App{
	ID: "3bf3e3c0-6e51-482a-b180-00f6aa568ee9", Name: "many", Kind: "deployed", URL: "https://many.example.org/",
	State: api.StateRunning, Since: now.Add(-time.Minute), Unit: "nexushub-app-many-1.service", PID: 42, Port: 10001,
	Settings: []string{"limits memory", "scale web"},
	Revision: "0123456789abcdef", Restarts: 4, Memory: 3 << 20, CPUNSec: 3e9, Tasks: 5,
	Processes: []api.Process{
		{Name: "web", Wanted: 2, Ready: 2, Replicas: []api.Replica{
			{Number: 1, State: api.StateRunning, Unit: "nexushub-app-many-1.service", Revision: "0123456789abcdef", PID: 42,
				Port: 10001, Memory: 1 << 20, CPUNSec: 1e9, Tasks: 2, Requests: 7, InFlight: 1},
			{Number: 2, State: api.StateRunning, Unit: "nexushub-app-many-web-2-1.service", Revision: "0123456789abcdef", PID: 43,
				Port: 10002, Memory: 1 << 20, CPUNSec: 1e9, Tasks: 2},
			{Number: 1, State: api.StateStopping, Unit: "nexushub-app-many-0.service", Revision: "fedcba9876543210"},
		}},
		{Name: "mailer"},
		{Name: "worker", Wanted: 2, Ready: 1, Replicas: []api.Replica{
			{Number: 1, State: api.StateRunning, Unit: "nexushub-app-many-worker-1-1.service", Revision: "0123456789abcdef",
				PID: 44, Restarts: 1, Memory: 1 << 20, CPUNSec: 1e9, Tasks: 1},
			{Number: 2, State: api.StateBackingOff, Why: "exit status 1\x1b[2J", NextTry: at(5 * time.Second), Restarts: 3,
				Unit: "nexushub-app-many-worker-2-1.service", Revision: "0123456789abcdef"},
		}},
	},
}

// Everything that the command says, word by word.
func TestWords(t *testing.T) {
	cases := map[string]func(*Printer) error{
		"list":       func(p *Printer) error { return p.Apps([]api.App{shop, {Name: "x", State: api.StateRunning}}) },
		"list-empty": func(p *Printer) error { return p.Apps(nil) },
		"list-json":  func(p *Printer) error { p.AsJSON = true; return p.Apps([]api.App{shop}) },
		"status":     func(p *Printer) error { return p.Status(shop) },
		"building": func(p *Printer) error {
			first, next := many, many
			first.State, next.Processes, first.Processes = api.StateBuilding, nil, nil
			first.Building = &api.Building{Since: now.Add(-time.Minute), Command: "npm ci\x1b[2J ...", By: "token:t1"}
			next.Building = &api.Building{Since: now.Add(-time.Second), Command: "make", By: "root", Waiting: true}
			return errors.Join(p.Apps([]api.App{first, next}), p.Status(first), p.Status(next))
		},
		"status-hostile": func(p *Printer) error {
			return p.Status(api.App{Name: "x\x1b[2Jy", State: "z", Why: "a\x1b[31mb"})
		},
		"system": func(p *Printer) error {
			return p.System(api.System{
				Version: "1.0", Commit: "c", StartedAt: now.Add(-time.Hour), Systemd: "252", Connected: true,
				States:   map[api.State]int{api.StateRunning: 2, api.StateFailed: 1},
				DiskUsed: 5 << 30, DiskFree: 100 << 30, CannotEnforce: []string{"memory"},
				Providers: []api.Provider{{Name: "admin", State: "unavailable", Error: "refused"}},
			})
		},
		"certs": func(p *Printer) error {
			err := p.Certs(
				[]api.Cert{
					{Hosts: []string{"a", "b"}, Source: "file", NotAfter: now.Add(72 * time.Hour)},
					{Hosts: []string{"c"}, NotAfter: now.Add(-time.Hour), Error: "bad"},
				},
				"",
			)
			var exit *Exit
			if !errors.As(err, &exit) || exit.Code != api.ExitError {
				t.Errorf("certs: %v, want exit code 1", err)
			}
			return nil
		},
		"certs-none": func(p *Printer) error { return p.Certs(nil, "/ca/root.crt") },
		"routes": func(p *Printer) error {
			return p.Routes([]api.Route{{Host: "h", Name: "n", State: "ready", Address: "127.0.0.1:1"}})
		},
		"hosts": func(p *Printer) error {
			hosts := []api.AppHost{{Host: "shop.org"}, {Host: "*.shop.org"}, {Host: "www.shop.org", Redirect: true},
				{Host: "x.org/shop", Strip: true, Problem: "is taken"}, {Host: "y.org", Uncertified: "too many names"}}
			return errors.Join(p.Hosts(hosts), p.Status(api.App{Name: "shop", URL: "https://shop.org/", Hosts: hosts}),
				p.Apps([]api.App{{Name: "shop", URL: "https://shop.org/", Hosts: hosts}}))
		},
		"routes-replicas": func(p *Printer) error {
			return p.Routes([]api.Route{{Host: "h", Name: "n", State: "ready", Address: "127.0.0.1:1",
				Targets: []string{"a", "b", "c"}}})
		},
		"routes-sites": func(p *Printer) error {
			return p.Routes([]api.Route{{Host: "www.h", Name: "n", RedirectTo: "h"}, {Host: "h/docs", Strip: true}})
		},
		"top-none": func(p *Printer) error { return p.Top(nil) },
		"top": func(p *Printer) error {
			return p.Top([]Load{{App: api.App{Name: "idle", State: api.StateRunning}}, {App: shop, CPU: 12.34, Requests: 5}})
		},
		"processes": func(p *Printer) error {
			return errors.Join(p.Apps([]api.App{many, {Name: "x", State: api.StateRunning}}), p.Status(many),
				p.Top([]Load{{App: many, Replica: "worker.2", CPU: 1}, {App: many, Replica: "web.1", CPU: 2}}))
		},
		"plan": func(p *Printer) error {
			return p.Plan([]api.Task{{Action: "start", Name: "shop", Unit: "u", Reason: "wanted"}})
		},
		"releases": func(p *Printer) error {
			return p.Releases([]api.Release{{ID: "abc", Current: true, Size: 2048}, {ID: "def", Deployable: true}})
		},
		"releases-settings": func(p *Printer) error {
			set := []string{"config DEBUG"}
			return p.Releases([]api.Release{
				{ID: "abc", Edition: "abc+1b2c3d4e", Settings: set, Changed: set, Current: true},
				{ID: "abc", Edition: "abc+0", Changed: []string{"release"}, Deployable: true},
				{ID: "def", Edition: "def+0"},
			})
		},
		"tokens": func(p *Printer) error {
			return p.Tokens([]api.Token{{ID: "1", Name: "ci", CreatedAt: now, ExpiresAt: at(time.Hour)}})
		},
		"explain": func(p *Printer) error {
			return p.Explanation(
				api.Explanation{
					Command:  []string{"systemd-run", "--unit=x", "--setenv=A=it's", "--", "sh", "-c", "a b", ""},
					Withheld: []string{"secrets"},
				},
			)
		},
		"log": func(p *Printer) error {
			return errors.Join(p.Entry(api.LogEntry{Timestamp: now, Source: "stdout", PID: 3, Message: "hi\x1b[2J"}, Cat, false),
				p.Gap(api.LogGap{Message: "lines are missing"}, Short))
		},
	}
	for name, say := range cases {
		t.Run(name, func(t *testing.T) {
			p, out := newPrinter()
			if err := say(p); err != nil {
				t.Fatal(err)
			}
			golden(t, name, out.Bytes())
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v: got\n%s\nwant\n%s", err, got, want)
	}
}

func TestComplaints(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		text string
	}{
		{nil, 0, ""},
		{&Exit{Code: 7}, 7, ""},
		{context.Canceled, 130, ""},
		{&Usage{Err: errors.New("bad flag"), Command: "nexushub logs"}, 2, "nexushub: bad flag\ntry: nexushub logs --help\n"},
		{fmt.Errorf("application %q: %w", "x", api.NotFound), 4, "nexushub: application \"x\": not found\nto list the applications: nexushub list\n"},
		{&api.Fault{Code: api.NotFound, Detail: "token \"x\": not found"}, 4, "nexushub: token \"x\": not found\nto list the tokens: nexushub token list\n"},
		{&api.Fault{Code: api.NotFound, Detail: "shop has no host x: not found"}, 4, "nexushub: shop has no host x: not found\nto list its hosts: nexushub hosts list shop\n"},
		{&api.Fault{Code: api.Conflict, Detail: "host name a.b is taken by deployed application x: conflict"}, 1,
			"nexushub: host name a.b is taken by deployed application x: conflict\nnames that are in use: nexushub list; to deploy under another one: --host-name NAME\n"},
		{fmt.Errorf("x: %w", api.NotRunning), 3, "nexushub: x: not running\n"},
		{&api.Fault{Code: api.Invalid, Detail: "package", Faults: []problem.Fault{{Pointer: "bin/app", Detail: "missing"}, {Detail: "more"}}}, 1,
			"nexushub: package\n  bin/app: missing\n  more\n"},
		{&api.Fault{Code: api.Invalid, Detail: "package invalid: bin/app: missing; nexushub.toml:1: unknown; and 7 more",
			Faults: []problem.Fault{{Pointer: "bin/app", Detail: "missing"},
				{Pointer: "nexushub.toml", Detail: "nexushub.toml:1: unknown"}}}, 1,
			"nexushub: package invalid\n  bin/app: missing\n  nexushub.toml:1: unknown\n  and 7 more\n"},
		{&api.Fault{Code: api.Invalid, Detail: "package invalid: a: too long", Faults: []problem.Fault{{Pointer: "a", Detail: "too long"}, {Detail: "b"}}}, 1,
			"nexushub: package invalid\n  a: too long\n  b\n"},
		{&api.Fault{Code: api.Invalid, Detail: "appId: invalid", Faults: []problem.Fault{{Pointer: "/appId", Detail: "invalid"}}}, 1,
			"nexushub: appId: invalid\n"},
		{&api.Fault{Code: api.Invalid, Detail: "env.A: invalid", Faults: []problem.Fault{{Pointer: "/env/A", Detail: "invalid"}}}, 1,
			"nexushub: env.A: invalid\n"},
		{&api.Fault{Code: api.Invalid, Detail: "appId must be text", Faults: []problem.Fault{{Pointer: "/appId", Detail: "must be text"}}}, 1,
			"nexushub: appId must be text\n"},
		{&api.Fault{Code: api.Invalid, Detail: "appId: bad", Faults: []problem.Fault{{Pointer: "/appId", Detail: "bad"}, {Pointer: "/hostName", Detail: "worse"}}}, 1,
			"nexushub: invalid\n  /appId: bad\n  /hostName: worse\n"},
		{&api.Fault{Code: api.Invalid, Detail: "package invalid: b: x; a: y", Faults: []problem.Fault{{Pointer: "a", Detail: "y"}, {Pointer: "a", Detail: "y"}, {Pointer: "b", Detail: "x"}}}, 1,
			"nexushub: package invalid\n  a: y\n  b: x\n"},
		{fmt.Errorf("h: %w: %w", x509.UnknownAuthorityError{}, api.Unavailable), 1, "nexushub: h: x509: certificate signed by unknown authority: unavailable\n" +
			"its CA is not trusted here: copy root.crt from that host (nexushub cert shows where), then: nexushub login HOST --ca root.crt --token -\n"},
		{errors.New("evil\x1b[2J"), 1, "nexushub: evil\\x1b[2J\n"},
	} {
		p, out := newPrinter()
		if code := p.PrintError(c.err); code != c.code {
			t.Errorf("%v: exit code %d, want %d", c.err, code, c.code)
		}
		// an error without a code is ours: its hint leads to the journal
		if got := out.String(); got != c.text && got != c.text+"for details: journalctl -u nexushubd\n" {
			t.Errorf("%v: says %q, want %q", c.err, got, c.text)
		}
	}
}

func TestSuggestedCommandsCanBePasted(t *testing.T) {
	p, out := newPrinter()
	app := api.DebugApplication{AppID: "My App"}
	p.NotHealthy(app, "exit status 1", nil, false)
	if err := p.Deployed(app, api.InstallAnswer{}, "https://my-app/"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"nexushub status 'My App'", "nexushub logs 'My App'", "nexushub logs -f 'My App'"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got %s, want %s", out, want)
		}
	}
}

func TestAFailureNamesItsApplicationOnce(t *testing.T) {
	p, out := newPrinter()
	p.NotHealthy(api.DebugApplication{AppID: "shop"}, "shop: given up", nil, false)
	if !strings.HasPrefix(out.String(), "nexushub: shop did not come up: given up\n") {
		t.Errorf("got %s", out)
	}
}

func TestColourOnlyWhereWanted(t *testing.T) {
	p, out := newPrinter()
	p.Colour = true
	if err := p.Apps([]api.App{{Name: "x", State: api.StateFailed}}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(out.Bytes(), []byte(redOn+"failed"+styleOff)) {
		t.Errorf("got %q", out)
	}
}

func TestQuietStillComplains(t *testing.T) {
	p, out := newPrinter()
	p.Quiet = true
	p.Removed("application", "x")
	p.PrintError(errors.New("boom"))
	if got := out.String(); !bytes.HasPrefix(out.Bytes(), []byte("nexushub: boom")) {
		t.Errorf("got %q", got)
	}
}

func TestCertsCheckedNamesWhatIsBad(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	p := &Printer{Stdout: &out, Stderr: &out, Now: func() time.Time { return now }}
	good := api.Cert{Hosts: []string{"a.example"}, Source: "file", NotAfter: now.AddDate(0, 1, 0)}
	soon := api.Cert{Hosts: []string{"b.example"}, Source: "ACME", NotAfter: now.AddDate(0, 0, 3)}
	local := api.Cert{Hosts: []string{"c.localhost"}, Source: "local CA", NotAfter: now.AddDate(0, 0, 1)}
	broken := api.Cert{Path: "/etc/nexushub/certs/d.crt", Source: "file", Error: "no key"}
	if err := p.CertsChecked([]api.Cert{good, local}, now.AddDate(0, 0, 14)); err != nil {
		t.Errorf("good ones: %v", err)
	}
	err := p.CertsChecked([]api.Cert{good, soon, local, broken}, now.AddDate(0, 0, 14))
	if err == nil || !strings.Contains(err.Error(), "b.example (ACME): expires 2026-01-04") ||
		!strings.Contains(err.Error(), "no key") ||
		strings.Contains(err.Error(), "a.example") {
		t.Errorf("got %v", err)
	}
}
