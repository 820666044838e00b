package main

import (
	"archive/zip"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/cmd/nexushub/pack"
	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/manifest"
)

// recognised is what the agent will take a package for: the same function decides on both sides.
type recognised struct {
	detect.Result
	own   manifest.Manifest
	names bool // there is something to start or to serve that needs no recognition, or a manifest
	empty bool
	noZip bool // a file of another kind
}

// build is how the host makes a release of it; not ok: it is one.
func (r recognised) build() (detect.Build, bool) { return detect.BuildOf(r.own, r.Result) }

// asks is how the package wants to run.
func (r recognised) asks() manifest.Manifest { return r.own.Over(r.Manifest) }

// recogniseFolder looks at what of a folder would be packed.
func recogniseFolder(dir string) (r recognised, err error) {
	fsys, closer, err := pack.Open(dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	return recognise(fsys)
}

// recogniseZip looks at a zip that is open. What is a broken one is nothing: the agent says what is wrong.
func recogniseZip(f *os.File) recognised {
	info, err := f.Stat()
	if err != nil {
		return recognised{names: true}
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return recognised{names: true, noZip: errors.Is(err, zip.ErrFormat)}
	}
	if r, err := recognise(z); err == nil {
		return r
	}
	return recognised{names: true}
}

func recognise(fsys fs.FS) (r recognised, err error) {
	text, err := fs.ReadFile(fsys, manifest.FileName)
	switch {
	case err == nil:
		r.names = true
		if r.own, err = manifest.Parse(manifest.FileName, text); err != nil {
			return r, err
		}
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, beneath.ErrLink):
		return r, err
	}
	entries, err := fs.ReadDir(fsys, ".")
	r.empty = err == nil && len(entries) == 0
	r.Result = detect.Of(fsys, r.own)
	for _, name := range []string{"bin/app", "static/index.html"} {
		if _, err := fs.Stat(fsys, name); err == nil || errors.Is(err, beneath.ErrLink) {
			r.names = true
		}
	}
	return r, nil
}

// fault says at once what the agent would say after the upload.
func (r recognised) fault(source string) error {
	_, isBuilt := r.build()
	switch {
	case isBuilt:
		return nil
	case r.Missing != "":
		return fmt.Errorf("%s: %s: %w", source, r.Line(), api.Invalid)
	case r.noZip && !strings.HasSuffix(source, ".zip"):
		return fmt.Errorf("%s is neither a folder nor a zip: name the folder that it is in: %w", source, api.Invalid)
	case r.empty:
		return fmt.Errorf("%s has nothing to deploy in it: %w", source, api.Invalid)
	case r.Name == "" && !r.names:
		return &output.Hint{
			Err: fmt.Errorf("%s has neither bin/app nor static/index.html nor nexushub.toml, and is not recognised: %w",
				source, api.Invalid),
			Text: "write what is started into a Procfile (web: COMMAND), put a program at bin/app or a web site into static/; " +
				"what is recognised: man nexushub-manifest",
		}
	}
	return nil
}

// tell says in one line what it is, and what is not used of it.
func (r recognised) tell(out *output.Printer) {
	b, isBuilt := r.build()
	switch {
	case isBuilt && (r.Build == nil || b.Command != r.Build.Command):
		out.Note("is built by " + firstLine(b.Command))
	case r.Name != "":
		out.Note(r.Line())
	}
	for _, note := range r.Notes {
		out.Note(note)
	}
}

// leftOut are folders that a site does not need on the host.
func (r recognised) leftOut() []string {
	if r.IsReady() && len(r.asks().Exec) == 0 {
		return []string{"node_modules/"}
	}
	return nil
}

// firstLine is a command in one line.
func firstLine(command string) string {
	first, rest, _ := strings.Cut(strings.TrimSpace(command), "\n")
	if rest != "" {
		first += " ..."
	}
	return first
}
