package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nexushub/nexushub/api"
	"github.com/nexushub/nexushub/cmd/nexushub/output"
	"github.com/nexushub/nexushub/internal/beneath"
	"github.com/nexushub/nexushub/internal/calendar"
	"github.com/nexushub/nexushub/internal/config"
	"github.com/nexushub/nexushub/internal/manifest"
	"github.com/nexushub/nexushub/internal/tomlfile"
)

func (c *cli) verify() *cobra.Command {
	var skip bool
	cmd := &cobra.Command{
		Use: "verify [FOLDER|MANIFEST...]", Short: "Check the configuration, or packages, and show every fault",
		Long: `verify reads a configuration folder (nexushub.toml, conf.d, apps.d; by default
/etc/nexushub) as the agent would, and the certificates as the proxy would, or the manifest
of a package (its folder, or a file nexushub.toml), and prints every fault with its file,
line, key and value. It changes nothing. The exit code is 1 if there is a fault. Certificates
are read by root alone. Of a manifest it also notes what is no fault but may surprise: a
program that this host does not have, paths that do not reach the application. Without
arguments it also notes which keys have changed on disk since the daemons read them, and
which command lets them be read again.`,
		Example: "  nexushub verify\n  nexushub verify ./etc ./myapp ./other/nexushub.toml",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return c.verifyAll(args, skip)
			}
			if err := c.here(cmd); err != nil {
				return err
			}
			err := c.verifyAll([]string{config.Dir}, skip)
			if err == nil && !c.out.Quiet {
				c.noteWaiting(cmd.Context())
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&skip, "skip-certificates", false, "leave out the certificates, which do not concern the agent")
	return cmd
}

func (c *cli) verifyAll(paths []string, skipCerts bool) error {
	var all tomlfile.Faults
	for _, path := range paths {
		faults, notes, err := faultsOf(path)
		if err != nil {
			return err
		}
		if !skipCerts {
			faults = append(faults, c.certFaults(path)...)
		}
		if len(faults) == 0 && !c.out.AsJSON {
			c.out.Verified(path)
		}
		for _, n := range notes {
			c.out.Note(path + ": " + n)
		}
		all = append(all, faults...)
	}
	if len(all) == 0 && !c.out.AsJSON {
		return nil
	}
	if err := c.out.Faults(append(tomlfile.Faults{}, all...), all.Error()); err != nil {
		return err
	}
	if len(all) > 0 {
		return &output.Exit{Code: api.ExitError}
	}
	return nil
}

// faultsOf also returns what is worth knowing of what has no fault.
func faultsOf(path string) (faults tomlfile.Faults, notes []string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case !info.IsDir():
		notes, err = checkManifest(path)
	case isPackage(path):
		notes, err = checkPackage(path)
	default:
		_, err = config.Load(path)
	}
	if errors.As(err, &faults) {
		return faults, nil, nil
	}
	return nil, notes, err
}

// isPackage says that a folder is a package rather than configuration, both of which have
// a nexushub.toml: by what else is in it, else by the keys that are known in it.
func isPackage(dir string) bool {
	has := func(name string) bool { return exists(filepath.Join(dir, name)) }
	switch {
	case has("apps.d"), has("conf.d"):
		return false
	case !has(manifest.FileName):
		is, err := recogniseFolder(dir)
		return err == nil && is.Name != ""
	case has("bin/app"), has("static"):
		return true
	}
	path := filepath.Join(dir, manifest.FileName)
	data, err := contentOf(path)
	if err != nil {
		return false
	}
	_, asManifest := manifest.Parse(path, data)
	_, asConfig := config.Load(dir)
	return unknownKeys(asManifest) < unknownKeys(asConfig)
}

// checkPackage also says what the package is recognised as.
func checkPackage(dir string) (notes []string, err error) {
	file := filepath.Join(dir, manifest.FileName)
	if exists(file) {
		if notes, err = checkManifest(file); err != nil {
			return nil, err
		}
	}
	is, err := recogniseFolder(dir)
	if err != nil {
		return nil, err
	}
	if b, isBuilt := is.build(); isBuilt { // what is made of it is checked when it is deployed
		return append([]string{"is built by " + firstLine(b.Command)}, is.Notes...), nil
	}
	if is.Missing != "" {
		return nil, tomlfile.Faults{{File: dir, Problem: is.Line()}}
	}
	if faults := is.asks().Incomplete(file); len(faults) > 0 {
		return nil, faults
	}
	if is.Name != "" {
		notes = append([]string{is.Line()}, surprises(file, is.asks())...)
	}
	return append(notes, is.Notes...), nil
}

func unknownKeys(err error) (n int) {
	var faults tomlfile.Faults
	errors.As(err, &faults)
	for _, f := range faults {
		if strings.HasPrefix(f.Problem, "unknown key") {
			n++
		}
	}
	return n
}

func checkManifest(path string) (notes []string, err error) {
	data, err := contentOf(path)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return nil, fmt.Errorf("%s: is a zip, and verify reads a package before it is packed: name its folder "+
			"(nexushub deploy checks a zip before it runs it)", path)
	}
	m, err := manifest.Parse(path, data)
	if err != nil {
		return nil, err
	}
	if faults := append(commandFaults(path, m), calendar.Faults(path, data, m)...); len(faults) > 0 {
		return nil, faults
	}
	return surprises(path, m), nil
}

// contentOf reads a file that somebody else may have put there.
func contentOf(path string) ([]byte, error) {
	f, _, err := beneath.Named(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 16<<20))
}
