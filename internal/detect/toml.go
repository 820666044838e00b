package detect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nexushub/nexushub/internal/termtext"
)

// TOML is a result as a manifest for people, with comments: what nexushub init writes.
func TOML(r Result) []byte {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	m := r.Manifest
	line("# How NexusHub runs this: see man nexushub-manifest.")
	line("# Recognised as %s: %s.", r.Name, r.Why)
	line("")
	if r.Build != nil {
		line("# How a release is made of it, by /bin/sh in a sandbox on the host, when it is deployed. What is")
		line("# started is recognised in what that leaves.")
		line("[build]")
		line("command = %s", quote(r.Build.Command))
		return b.Bytes()
	}
	if len(m.Exec) > 0 {
		line("# The command. $PORT, $HOST (127.0.0.1) and variables of [env] stand for their values.")
		line("exec = %s", quoteAll(m.Exec))
		line("")
	}
	if len(m.Release) > 0 {
		line("# Runs once before anything of a new release starts; where it fails, the old release keeps serving.")
		line("release = %s", quoteAll(m.Release))
		line("")
	}
	line(`# Who may send requests: "open" is everybody, to every path.`)
	line("access = %s", quote(m.Access))
	if m.Health.Type != "" {
		line("\n[health]")
		line("# It is healthy when it accepts connections. A path says more: then it has to answer 200 there.")
		line("type = %s", quote(m.Health.Type))
		line(`# type = "http"`)
		line(`# path = "/healthz"`)
		if m.Health.Interval != 0 {
			line("interval = %s", quote(m.Health.Interval.Std().String()))
		}
	}
	if len(m.Env) > 0 {
		line("\n[env]")
		line("# Everybody on the host can read these: set secrets with nexushub secret.")
		for _, name := range slices.Sorted(maps.Keys(m.Env)) {
			line("%s = %s", name, quote(m.Env[name]))
		}
	}
	for _, name := range m.ProcessNames()[1:] {
		line("\n[processes.%s]", name)
		line("exec = %s", quoteAll(m.Processes[name].Exec))
		line("# replicas = 1")
	}
	if m.Limits.Memory != 0 {
		line("\n[limits]")
		line("memory = %s", quote(m.Limits.Memory.String()))
	}
	if m.Sandbox.WritableCode || m.Sandbox.Internet {
		line("\n[sandbox]")
	}
	if m.Sandbox.WritableCode {
		line("# Its runtime makes machine code while it runs.")
		line("writable_code = true")
	}
	if m.Sandbox.Internet {
		line("# It may connect to public addresses, as for mail, payment and sign-in; not to private networks.")
		line("internet = true")
	}
	if m.Static.Folder != "" {
		line("\n[static]")
		line("# The files that are served.")
		line("folder = %s", quote(m.Static.Folder))
		if m.Static.SPAFallback {
			line("# A path without a file is answered with /index.html, which draws all pages.")
			line("spa_fallback = true")
		}
	}
	return b.Bytes()
}

// quote writes a string as TOML reads it; JSON's form is one of those.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return `""` // never: a string can always be written
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// shown is what of a file's text stands in a sentence: one line that a terminal can show.
func shown(text string) string {
	const most = 120
	text = strings.Join(strings.Fields(termtext.Text(text)), " ")
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
