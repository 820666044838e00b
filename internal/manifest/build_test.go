package manifest

import (
	"strings"
	"testing"
)

func TestBuildKeys(t *testing.T) {
	for text, want := range map[string]string{
		`command = "make"`:                                  "",
		`command = " "`:                                     "must name a command for /bin/sh",
		`inputs = ["src"]`:                                  "needs build.output",
		"inputs = [\"src\"]\noutput = \"dist\"":             "",
		"inputs = [\"../x\"]\noutput = \"dist\"":            "must be a file or folder of the package",
		`output = "/etc"`:                                   "must be a folder of the package",
		`packages = ["build-essential", "libssl3t64"]`:      "",
		`packages = ["a b; rm -rf /"]`:                      "is no name of a Debian package",
		`timeout = "48h"`:                                   "must be from 1s to 24h0m0s",
		`network.allow = ["0.0.0.0/0"]`:                     "is larger than a /8",
		`limits.memory = "1K"`:                              "must be at least 4M",
		`env.INTERNAL_SECRET = "x"`:                         "is set by NexusHub",
		"enabled = false\ncommand = \"make\"":               "",
		`env.GOPROXY = "https://proxy.example.org"`:         "",
		"command = \"\"\"\nnpm ci\nnpm run build\n\"\"\"\n": "",
	} {
		_, err := Parse(FileName, []byte("[build]\n"+text+"\n"))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestInputsOfABuild(t *testing.T) {
	b := Build{Inputs: []string{"src", "web/package.json"}}
	for name, want := range map[string]bool{
		"src": true, "src/a": true, "srcs": false, "web": true, "web/package.json": true, "web/other": false, "x": false,
	} {
		if b.Has(name) != want {
			t.Errorf("%s is an input: %v", name, !want)
		}
	}
	if !(Build{}).Has("x") {
		t.Error("without inputs not everything is one")
	}
}

func TestBuildsOffline(t *testing.T) {
	m := Manifest{Build: Build{Network: BuildNetwork{Allow: []string{"10.0.0.0/8"}}}}
	faults := (Ceiling{Offline: true}).Excesses(FileName, m)
	if len(faults) != 1 || faults[0].Key != "build.network.allow" {
		t.Errorf("got %v", faults)
	}
}
