// Package man writes the manual page of the client from its commands: what a command
// says about itself is said once.
package man

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const tail = `.SH EXIT STATUS
.IP 0 4
success; for status: the application is up
.IP 1
an error
.IP 2
an error in the command line
.IP 3
the application is not running
.IP 4
no such application, or not permitted
.IP 5
backup: the archive is written, but content that was named is missing
.IP 130
interrupted
.PP
exec exits with the exit code of its command.
.SH ENVIRONMENT
.IP NEXUSHUB_HOST 4
the same as \-\-host: ssh://[USER@]HOST[:PORT] over ssh, or a host of nexushub login
.IP NO_COLOR
if set: no colours
.SH FILES
.IP /run/nexushub/api.sock 4
control socket; root and the group nexushub may use it
.IP ~/.config/nexushub/profile.json
hosts and tokens of nexushub login, mode 0600
.IP .nexushubignore
in a folder that is deployed: files to leave out of the package, in the form of .gitignore
.SH JSON
With \-\-json every command prints the answer of the API, in a stable form:
nexushub\-json(5) describes every member. Errors go to stderr as text.
.SH SEE ALSO
.BR nexushub (7),
.BR nexushub\-json (5),
.BR nexushub.toml (5),
.BR nexushub-manifest (5),
.BR nexushubd (8),
.BR nexushub-proxy (8),
.BR systemctl (1),
.BR journalctl (1)
`

// Write prints nexushub(1) in roff.
func Write(out io.Writer, root *cobra.Command) error {
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	p := &page{}
	p.line(`.TH NEXUSHUB 1 "" "nexushub" "User Commands"`)
	p.line(".SH NAME")
	p.line(`nexushub \- %s`, escape(root.Short))
	p.line(".SH SYNOPSIS")
	p.line(".B nexushub")
	p.line(`[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGUMENTS\fR]`)
	p.line(".SH DESCRIPTION")
	p.text(root.Long)
	p.line(".SH OPTIONS")
	p.flags(root.PersistentFlags())
	p.line(".SH COMMANDS")
	for _, cmd := range root.Commands() {
		p.command(cmd)
	}
	p.line(".SH EXAMPLES")
	p.example(root.Example)
	p.b.WriteString(tail)
	_, err := io.WriteString(out, p.b.String())
	return err
}

type page struct{ b strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

func (p *page) command(cmd *cobra.Command) {
	if cmd.Hidden || cmd.Name() == "help" {
		return
	}
	if cmd.HasSubCommands() && cmd.Name() != "completion" {
		for _, sub := range cmd.Commands() {
			p.command(sub)
		}
		return
	}
	_, use, _ := strings.Cut(cmd.CommandPath()+strings.TrimPrefix(cmd.Use, cmd.Name()), " ")
	p.line(`.SS \fB%s\fR`, escape(use))
	if cmd.Name() == "completion" {
		p.line(`Print the completion script for a shell: bash, zsh or fish. The package installs all three.`)
		return
	}
	text := cmd.Long
	if text == "" {
		text = strings.ToUpper(cmd.Short[:1]) + cmd.Short[1:] + "."
	}
	p.text(text)
	if len(cmd.Aliases) > 0 {
		p.line(".PP\nAlso: %s.", escape(strings.Join(cmd.Aliases, ", ")))
	}
	p.flags(cmd.LocalNonPersistentFlags())
	p.example(cmd.Example)
}

func (p *page) text(s string) {
	for _, paragraph := range strings.Split(strings.TrimSpace(s), "\n\n") {
		p.line(".PP")
		for _, l := range strings.Split(paragraph, "\n") {
			p.line("%s", escape(l))
		}
	}
}

func (p *page) flags(flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		name := `\-\-` + escape(f.Name)
		if f.Shorthand != "" {
			name = `\-` + f.Shorthand + ", " + name
		}
		if f.Value.Type() != "bool" {
			name += `=\fI` + strings.ToUpper(f.Value.Type()) + `\fR`
		}
		p.line(".TP\n.B %s", name)
		p.line("%s", escape(f.Usage))
	})
}

func (p *page) example(s string) {
	if s == "" {
		return
	}
	p.line(".PP\n.nf")
	for _, l := range strings.Split(s, "\n") {
		p.line("%s", escape(l))
	}
	p.line(".fi")
}

// escape keeps roff from reading text as requests.
func escape(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s
}
