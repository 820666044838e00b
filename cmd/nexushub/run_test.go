package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	var out, err bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

func TestUsageErrors(t *testing.T) {
	for args, want := range map[string]string{
		"lsit":                           `unknown command "lsit", did you mean: init, list`,
		"access shop public":             `access is open (everybody, at every path), areas (that of the path decides) or private (whoever has signed in), not "public"`,
		"access shop open --role x":      "--role goes with private",
		"access shop private --role a,b": `"a,b" is no name of a role`,
		"config shop":                    `unknown command "shop": the application comes after what to do with it: nexushub config list shop`,
		"secret set shop A=b":            `the value is read from stdin, because other users can see arguments: nexushub secret set shop A`,
		"secret lst":                     `unknown command "lst", did you mean: list`,
		"list extra":                     "wrong number of arguments (1), usage: nexushub list",
		"start":                          "wrong number of arguments (0), usage: nexushub start APP",
		"status --frobnicat":             "unknown flag: --frobnicat",
		"stop":                           "name an application, or use --all",
		"login host":                     "--token is required",
		"top --every 1ms":                "--every must be at least 100ms",
	} {
		if code, _, stderr := call(t, strings.Fields(args)...); code != 2 || !strings.Contains(stderr, want) ||
			!strings.Contains(stderr, "--help") {
			t.Errorf("%s: code %d, says %s", args, code, stderr)
		}
	}
}

func TestNoAgent(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "none.sock")
	code, stdout, stderr := call(t, "list", "--json", "--socket", socket)
	if code != 1 || stdout != "" || !strings.Contains(stderr, socket) {
		t.Errorf("code %d, %q, %q", code, stdout, stderr)
	}
}

func TestVerifyAManifest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nexushub.toml")
	if err := os.WriteFile(path, []byte("exec = []\nbogus = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, stdout, _ := call(t, "verify", path); code != 1 || !strings.Contains(stdout, path+":2: bogus") {
		t.Errorf("code %d, %q", code, stdout)
	}
}

func TestVerifyAZip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.zip")
	if err := os.WriteFile(path, []byte("PK\x03\x04\x14"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "verify", path); code != 1 || !strings.Contains(stderr, path+": is a zip") {
		t.Errorf("code %d, %q", code, stderr)
	}
}

func testCLI() *cli { return newCLI(strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}) }

// Every command says what it does and shows how.
func TestEveryCommandHasAnExample(t *testing.T) {
	for _, cmd := range leaves(testCLI().root()) {
		if cmd.Short == "" || cmd.Example == "" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
	}
}

// A FIFO in a developer's folder must not make root wait.
func TestAFIFOIsNotWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nexushub.toml")
	if err := unix.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "verify", path); code != 1 || !strings.Contains(stderr, "not a regular file") {
		t.Errorf("code %d, says %s", code, stderr)
	}
	if code, _, stderr := call(t, "login", "host", "--token", "t", "--ca", path); code != 1 ||
		!strings.Contains(stderr, "not a regular file") {
		t.Errorf("code %d, says %s", code, stderr)
	}
}
