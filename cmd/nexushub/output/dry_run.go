package output

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/shell"
)

// DryRun is what deploy would do.
type DryRun struct {
	Name       string            `json:"name"`
	HostName   string            `json:"host_name"`
	Recognised *detect.Result    `json:"recognised,omitempty"`
	Manifest   manifest.Manifest `json:"manifest"`        // what the package asks for
	Build      *detect.Build     `json:"build,omitempty"` // what is run on the host first
	Release    string            `json:"release"`         // empty where it is built
	Files      int               `json:"files,omitempty"` // of a folder
	Size       int64             `json:"size"`            // of the zip, in bytes
	Changes    []string          `json:"changes"`         // against what runs, in words
}

// isFiles says that nothing is started.
func (d DryRun) isFiles() bool {
	return len(d.Manifest.Exec) == 0 && d.Recognised != nil && d.Recognised.IsReady()
}

// DryRun shows it.
func (p *Printer) DryRun(d DryRun) error {
	if done, err := p.json(d); done {
		return err
	}
	asks := d.Manifest
	m := asks.Over(manifest.Default())
	rows := p.pairs()
	rows.row("name", d.Name)
	rows.row("host", d.HostName)
	if d.Recognised != nil {
		rows.row("recognised", d.Recognised.Short())
	}
	if d.Build != nil {
		rows.row("built by", d.Build.Command)
	}
	if d.Build != nil && len(asks.Exec) == 0 {
		rows.row("starts", "what is recognised in the output of the build")
	} else if d.isFiles() {
		rows.row("serves", cmp.Or(asks.Static.Folder, manifest.StaticFolder))
	} else {
		rows.row("starts", words(m.Exec)+times(m, manifest.Web))
		for _, process := range m.ProcessNames()[1:] {
			rows.row("process "+process, words(m.For(process).Exec)+times(m, process))
		}
		rows.row("health", strings.TrimSpace(m.Health.Type+" "+map[bool]string{true: m.Health.Path}[m.Health.Type == "http"]))
		rows.row("limits", limits(asks, m))
		rows.row("sandbox", cmp.Or(strings.Join(append(m.Sandbox.Loosenings(), m.Sandbox.Networks...), ", "), "closed"))
	}
	rows.row("database", map[bool]string{true: "PostgreSQL"}[m.Services.PostgreSQL])
	if d.Build == nil || asks.Access != "" {
		rows.row("access", m.Access)
		if m.IsPrivate() {
			rows.row("roles", manifest.RolesInWords(m.Roles))
		}
	}
	if d.Files > 0 {
		rows.row("files", fmt.Sprint(d.Files))
	}
	rows.row("size", size(uint64(d.Size)))
	if d.Build == nil {
		rows.row("release", shortHash(d.Release))
	}
	rows.row("changes", strings.Join(d.Changes, "; "))
	return rows.flush()
}

// times says how often a process runs, where that is not once.
func times(m manifest.Manifest, process string) string {
	if n := m.ReplicasOf(process); n != 1 {
		return fmt.Sprintf(" (%d times)", n)
	}
	return ""
}

func words(argv []string) string {
	quoted := make([]string, len(argv))
	for i, w := range argv {
		quoted[i] = shell.Quote(w)
	}
	return strings.Join(quoted, " ")
}

// limits says which are the host's to decide: a default may be another there.
func limits(asks, m manifest.Manifest) string {
	memory, tasks := m.Limits.Memory.String(), fmt.Sprint(m.Limits.Tasks)
	if asks.Limits.Memory == 0 {
		memory = "the host's default (" + memory + ")"
	}
	if asks.Limits.Tasks == 0 {
		tasks = "the host's default (" + tasks + ")"
	}
	return "memory " + memory + ", tasks " + tasks
}

// Init is what init has found, and written.
type Init struct {
	Recognised detect.Result `json:"recognised"`
	File       string        `json:"file,omitempty"` // that was written
}

// Manifest prints what init would write.
func (p *Printer) Manifest(found Init, text []byte) error {
	if done, err := p.json(found); done {
		return err
	}
	_, err := fmt.Fprint(p.Stdout, p.clean(string(text)))
	return err
}

// Initialised says what init has written.
func (p *Printer) Initialised(found Init) error {
	if done, err := p.json(found); done {
		return err
	}
	p.infof("%s", found.Recognised.Line())
	_, err := fmt.Fprintln(p.Stdout, p.clean(found.File))
	return err
}
