package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/detect"
	"github.com/nexushub/nexushub/internal/manifest"
)

func (c *cli) init() *cobra.Command {
	var force, show bool
	cmd := &cobra.Command{
		Use: "init [FOLDER]", Short: "Write nexushub.toml for what a folder is recognised as",
		Long: `init looks at a folder (by default the current one) as deploy does, and writes what it finds
into nexushub.toml, with comments: the command, who may send requests, how it is known to be
healthy, what its runtime needs. deploy needs no such file: write one to change something. One
that is there already stays, unless --force is given.`,
		Example: `  nexushub init
  nexushub init --print ./shop
  nexushub init --force ./shop`,
		Args: cobra.MaximumNArgs(1),
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace a nexushub.toml that is there")
	cmd.Flags().BoolVar(&show, "print", false, "print it and write nothing")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		folder := append(args, ".")[0]
		is, err := recogniseForInit(folder)
		if err != nil {
			return err
		}
		for _, note := range is.Notes {
			c.out.Note(note)
		}
		file := filepath.Join(folder, manifest.FileName)
		if show {
			return c.out.Manifest(output.Init{Recognised: is.Result}, detect.TOML(is.Result))
		}
		if err := writeManifest(folder, detect.TOML(is.Result), force); err != nil {
			return err
		}
		return c.out.Initialised(output.Init{Recognised: is.Result, File: file})
	}
	return cmd
}

// recogniseForInit leaves out a manifest that is there: another is to be written.
func recogniseForInit(folder string) (recognised, error) {
	is, err := recogniseFolder(folder)
	if err != nil {
		return is, err
	}
	if len(is.own.Exec) > 0 {
		fsys, err := beneath.Folder(folder)
		if err != nil {
			return is, err
		}
		is.Result = detect.Of(fsys.FS(), manifest.Manifest{})
		if err := fsys.Close(); err != nil {
			return is, err
		}
	}
	if is.Name == "" && is.names {
		text := "what says itself what is started is not recognised: bin/app and static/index.html need no manifest"
		return is, &output.Hint{Err: fmt.Errorf("%s: there is nothing to recognise: %w", folder, api.Invalid), Text: text}
	}
	return is, is.fault(folder)
}

func writeManifest(folder string, text []byte, force bool) (err error) {
	dir, err := beneath.Folder(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if force {
		return dir.Replace(manifest.FileName, bytes.NewReader(text), 0o644)
	}
	f, err := dir.Create(manifest.FileName, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return &output.Hint{
			Err:  fmt.Errorf("%s is there already: %w", filepath.Join(folder, manifest.FileName), api.Conflict),
			Text: "to see what it would be: nexushub init --print; to replace it: nexushub init --force",
		}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
